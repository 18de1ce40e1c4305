<#
.SYNOPSIS
Shows on a real Windows what the tests of svcctl under Wine cannot.

.DESCRIPTION
Written from the documentation of Windows and of its tools.  Its authors had no Windows at hand: it has
not yet been run on a real machine by them.  A FAIL may be a fault of this script; please report it with
the whole output.

Installs one service, svcctl-verify, by the command line of svcctl, looks at it with the tools of Windows
alone, and removes it.  It also takes away what a run that was interrupted has left.
Needs PowerShell 5.1 or newer, as Administrator, and a Python for all users in which svcctl is installed.
The exit code is the number of failures, at most 100; 101 when it could not begin.

.PARAMETER Python
The interpreter that svcctl is installed in.

.PARAMETER Keep
Leave the service running, for a look at it or for a restart of the machine.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File tools\verify-windows.ps1 -Python C:\Python313\python.exe
#>
[CmdletBinding()]
param(
    [string] $Python = 'python',
    [switch] $Keep
)

Set-StrictMode -Version 2.0
# What a program writes to stderr would end a script of PowerShell 5.1 under 'Stop'.
$ErrorActionPreference = 'Continue'

$CannotBegin = 101
$Name = 'svcctl-verify'
$ServiceKey = "HKLM:\SYSTEM\CurrentControlSet\Services\$Name"
$Base = Join-Path $env:ProgramData 'svcctl'
$HadBase = Test-Path -LiteralPath $Base
# Services may read there and only administrators may write; and there is a blank in its name.
$Work = Join-Path $env:ProgramFiles 'svcctl-verify'
$Out = Join-Path $Work 'out'
$Mark = Join-Path $Out 'controlled'
$CallersHome = $env:SVCCTL_HOME
$Began = Get-Date
$script:Passed = 0
$script:Failed = 0

$Program = @'
import os, signal, subprocess, time

signal.signal(signal.SIGBREAK, lambda number, frame: os.write(1, b"break heard\n"))
os.write(1, subprocess.run(["whoami.exe", "/all"], capture_output=True).stdout)
try:
    room = bytearray(400 * 1024 * 1024)
    print("memory given", flush=True)
except MemoryError:
    print("memory refused", flush=True)
print("here", flush=True)
try:
    tick = 0
    while True:
        tick += 1
        print("tick", tick, flush=True)
        time.sleep(0.2)
except KeyboardInterrupt:
    print("asked to stop", flush=True)
'@

# Single quotes: a path of Windows as it stands, in TOML.
$Definition = @'
version = 1

[services.svcctl-verify]
description = "Shows what Windows does with a service of svcctl"
exec = ['@PYTHON@', '-u', '@WORK@\program.py']
manager = "scm"
ready = "log:here"
stop.timeout = "10s"
limits.memory = "200M"

[services.svcctl-verify.windows]
depends_on = ["EventLog"]
privileges = ["SeChangeNotifyPrivilege"]
sid_type = "unrestricted"
triggers = [{ on = "ip-available", do = "start" }]
controls.200 = ['@PYTHON@', '-c', 'open(r"@MARK@", "w").close()']

[services.svcctl-verify.windows.recovery]
steps = [{ do = "restart", delay = "2s" }, { do = "restart", delay = "2s" }, { do = "none", delay = "0s" }]
reset = "1d"
'@

function Write-Result([string] $What, [bool] $Holds, [string] $Seen) {
    if ($Holds) {
        $script:Passed += 1
        Write-Output "PASS  $What"
    }
    else {
        $script:Failed += 1
        Write-Output "FAIL  $What"
        if ($Seen) { Write-Output ($Seen -replace '(?m)^', '      ') }
    }
}

# An error while looking is a failure of that item, and no reason to leave out the others.
function Test-Item([string] $What, [scriptblock] $Check) {
    try {
        $seen = & $Check
        Write-Result $What ([bool] $seen[0]) ($seen[1] | Out-String)
    }
    catch {
        Write-Result $What $false ([string] $_)
    }
}

# sc.exe, never sc: in PowerShell 5.1 that is Set-Content.
function Read-Sc {
    $text = (& sc.exe @args 2>&1 | Out-String)
    return $text
}

function Invoke-Svcctl {
    $text = (& $Python -m svcctl @args 2>&1 | Out-String)
    $script:Status = $LASTEXITCODE
    return $text
}

function Get-ServiceSid { [regex]::Match((Read-Sc showsid $Name), 'S-1-5-80(-\d+){5}').Value }

function Get-Wmi { Get-CimInstance Win32_Service -Filter "Name='$Name'" }

function Wait-For([scriptblock] $Condition, [int] $Seconds) {
    $deadline = (Get-Date).AddSeconds($Seconds)
    do {
        if (& $Condition) { return $true }
        Start-Sleep -Milliseconds 200
    } while ((Get-Date) -lt $deadline)
    return $false
}

function Read-Logs { Invoke-Svcctl logs $Name -n 100000 }

function Get-LastTick {
    $ticks = [regex]::Matches((Read-Logs), '(?m)^tick (\d+)')
    if ($ticks.Count -eq 0) { return 0 }
    return [int] $ticks[$ticks.Count - 1].Groups[1].Value
}

# All that came of the host.
function Get-ProgramIds([int] $HostId) {
    $all = @(Get-CimInstance Win32_Process)
    $found = @($HostId)
    do {
        $before = $found.Count
        $found += @($all | Where-Object { $found -contains [int] $_.ParentProcessId -and $found -notcontains [int] $_.ProcessId } |
                ForEach-Object { [int] $_.ProcessId })
    } while ($found.Count -gt $before)
    return @($found | Where-Object { $_ -ne $HostId })
}

function Test-Administrator {
    $me = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
    return $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

function Write-Files {
    New-Item -ItemType Directory -Force -Path $Out | Out-Null
    # S-1-5-6: whoever is logged on as a service, whatever Windows calls that in its language.
    & icacls.exe $Out /grant '*S-1-5-6:(OI)(CI)M' /q | Out-Null
    $executable = (& $Python -c 'import sys; print(sys.executable)') | Select-Object -Last 1
    $text = $Definition.Replace('@PYTHON@', $executable).Replace('@WORK@', $Work).Replace('@MARK@', $Mark)
    # No byte order mark: Set-Content of PowerShell 5.1 writes one.
    [IO.File]::WriteAllText((Join-Path $Work 'svcctl.toml'), $text)
    [IO.File]::WriteAllText((Join-Path $Work 'program.py'), $Program)
}

function Test-Install {
    $file = Join-Path $Work 'svcctl.toml'
    Test-Item 'a dry run creates nothing' {
        $told = Invoke-Svcctl install $Name --file $file --start delayed --dry-run
        (($script:Status -eq 0) -and -not (Test-Path $ServiceKey)), $told
    }
    Test-Item 'it is installed and started' {
        $told = Invoke-Svcctl install $Name --file $file --start delayed --now --yes
        ($script:Status -eq 0), $told
    }
    Test-Item 'installed again, nothing changes' {
        $told = Invoke-Svcctl install $Name --file $file --start delayed --yes
        (($script:Status -eq 0) -and $told -match ': unchanged'), $told
    }
    Test-Item 'Get-Service says Running' {
        $found = Get-Service $Name
        ($found.Status -eq 'Running'), $found.Status
    }
}

function Test-Configuration {
    Test-Item 'delayed automatic start' {
        $found = Get-Wmi
        ($found.StartMode -eq 'Auto' -and $found.DelayedAutoStart), $found
    }
    Test-Item 'every word of the command is quoted' {
        $found = Read-Sc qc $Name 8192
        ((Get-Wmi).PathName -match '^"[^"]*"( "[^"]*")*$'), $found
    }
    Test-Item 'the description' {
        $found = (Get-Wmi).Description
        ($found -eq 'Shows what Windows does with a service of svcctl'), $found
    }
    Test-Item 'what it needs' {
        $found = @((Get-Service $Name).ServicesDependedOn | ForEach-Object { $_.Name })
        ($found -contains 'EventLog'), $found
    }
    Test-Item 'failure actions: two restarts, then none' {
        $found = Read-Sc qfailure $Name
        # 86400 and 2000 stand there in every language; their words do not.
        ($found -match '86400' -and [regex]::Matches($found, '= 2000 ').Count -eq 2), $found
    }
    Test-Item 'failure actions when it ends with an error, too' {
        $found = (Get-ItemProperty $ServiceKey).FailureActionsOnNonCrashFailures
        ($found -eq 1), (Read-Sc qfailureflag $Name)
    }
    Test-Item 'SID type' {
        $found = Read-Sc qsidtype $Name
        ($found -match 'UNRESTRICTED'), $found
    }
    Test-Item 'privileges' {
        $found = Read-Sc qprivs $Name
        ([regex]::Matches($found, 'Se\w+Privilege').Count -eq 1 -and $found -match 'SeChangeNotifyPrivilege'), $found
    }
    Test-Item 'the trigger' {
        $found = Read-Sc qtriggerinfo $Name
        ($found -match '4f27f2de-14e2-430b-a549-7cd48cbc8245'), $found
    }
    Test-Item 'time to stop before a shutdown' {
        $found = (Get-ItemProperty $ServiceKey).PreshutdownTimeout
        ($found -gt 10000), $found
    }
}

function Test-Account {
    $hostId = [int] (Get-Wmi).ProcessId
    Test-Item 'an account of its own' {
        $found = (Get-Wmi).StartName
        ($found -eq "NT SERVICE\$Name"), $found
    }
    Test-Item 'its program runs as that account' {
        $wrong = @()
        $ids = @(Get-ProgramIds $hostId)
        foreach ($each in $ids) {
            $owner = Get-CimInstance Win32_Process -Filter "ProcessId=$each" | Invoke-CimMethod -MethodName GetOwner
            if ($owner.User -ne $Name) { $wrong += "$each is of $($owner.Domain)\$($owner.User)" }
        }
        ($ids.Count -gt 0 -and $wrong.Count -eq 0), "$($ids.Count) processes; $wrong"
    }
    Test-Item 'session 0' {
        $found = (Get-Process -Id $hostId).SessionId
        ($found -eq 0), $found
    }
    Test-Item 'the token of the program has one privilege' {
        $found = @([regex]::Matches((Read-Logs), 'Se\w+Privilege') | ForEach-Object { $_.Value } | Sort-Object -Unique)
        (($found -join ' ') -eq 'SeChangeNotifyPrivilege'), $found
    }
    Test-Item 'the token of the program has the SID of the service' {
        $sid = Get-ServiceSid
        ($sid -and (Read-Logs).Contains($sid)), $sid
    }
}

function Test-Access {
    $may = 'S-1-5-18', 'S-1-5-32-544', (Get-ServiceSid) # SYSTEM, Administrators, the service
    foreach ($folder in 'logs', 'state\hosts') {
        Test-Item "$folder\$Name is open to administrators and to the service alone" {
            $found = Get-Acl -LiteralPath (Join-Path $Base "$folder\$Name")
            $rules = $found.GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier])
            $others = @($rules | Where-Object { $may -notcontains $_.IdentityReference.Value })
            ($found.AreAccessRulesProtected -and $others.Count -eq 0), $found.Sddl
        }
    }
    Test-Item 'the registration cannot be written by users' {
        $found = Get-Acl -LiteralPath (Join-Path $Base "state\native\$Name.json")
        $write = [Security.AccessControl.FileSystemRights] 'WriteData, AppendData, Delete, ChangePermissions, TakeOwnership'
        $rules = $found.GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier])
        $writers = @($rules | Where-Object { $_.AccessControlType -eq 'Allow' -and ($_.FileSystemRights -band $write) })
        $others = @($writers | Where-Object { 'S-1-5-18', 'S-1-5-32-544' -notcontains $_.IdentityReference.Value })
        ($others.Count -eq 0), $found.Sddl
    }
    Test-Item 'the Event Log tells of it, in words' {
        $entries = { @(Get-WinEvent -ErrorAction SilentlyContinue -FilterHashtable @{
                    LogName = 'Application'; ProviderName = 'svcctl'; StartTime = $Began
                } | Where-Object { $_.Message -and $_.Message.Contains($Name) }) }
        $found = Wait-For { @(& $entries).Count -gt 0 } 20
        $found, 'no entry of svcctl in the log Application names it'
    }
    Test-Item 'a limit of memory holds' {
        $found = Read-Logs
        ($found -match 'memory refused' -and $found -notmatch 'memory given'), $found
    }
}

function Test-Controls {
    Test-Item 'paused by Windows, it writes nothing' {
        Suspend-Service $Name
        (Get-Service $Name).WaitForStatus('Paused', [TimeSpan]::FromSeconds(30))
        Start-Sleep 1 # what was written before is on its way
        $before = Get-LastTick
        Start-Sleep 2
        $after = Get-LastTick
        ($before -gt 0 -and $before -eq $after), "ticks: $before, then $after"
    }
    Test-Item 'continued by Windows, it goes on' {
        $before = Get-LastTick
        Resume-Service $Name
        (Get-Service $Name).WaitForStatus('Running', [TimeSpan]::FromSeconds(30))
        (Wait-For { (Get-LastTick) -gt $before } 20), "no tick after $before"
    }
    Test-Item 'a user control runs its command' {
        $told = Read-Sc control $Name 200
        (Wait-For { Test-Path -LiteralPath $Mark } 30), $told
    }
    Test-Item 'Ctrl-Break is heard' {
        $told = Invoke-Svcctl kill $Name --signal CTRL_BREAK
        (Wait-For { (Read-Logs) -match 'break heard' } 20), $told
    }
}

function Test-Crash {
    $hostId = [int] (Get-Wmi).ProcessId
    $ids = @(Get-ProgramIds $hostId)
    Stop-Process -Id $hostId -Force
    Test-Item 'with the host its whole tree ends' {
        $left = { @(Get-Process -Id $ids -ErrorAction SilentlyContinue) }
        ($ids.Count -gt 0 -and (Wait-For { @(& $left).Count -eq 0 } 20)), "of $($ids.Count): $ids"
    }
    Test-Item 'the SCM starts a host that was killed' {
        $again = { $found = Get-Wmi; $found.State -eq 'Running' -and $found.ProcessId -and $found.ProcessId -ne $hostId }
        (Wait-For $again 90), (Get-Wmi)
    }
}

function Test-End {
    Test-Item 'Stop-Service ends it without an error' {
        Stop-Service $Name
        (Get-Service $Name).WaitForStatus('Stopped', [TimeSpan]::FromSeconds(60))
        $found = Get-Wmi
        ($found.State -eq 'Stopped' -and $found.ExitCode -eq 0), $found
    }
    Test-Item 'Ctrl-C reached the program' {
        $found = Read-Logs
        ($found -match '(?m)^asked to stop'), $found
    }
    Test-Item 'it is uninstalled' {
        $told = Invoke-Svcctl uninstall $Name --logs --yes
        ($script:Status -eq 0), $told
    }
    Test-Item 'no trace of it is left' {
        $left = @($ServiceKey, (Join-Path $Base "state\native\$Name.json"), (Join-Path $Base "state\hosts\$Name"),
            (Join-Path $Base "logs\$Name") | Where-Object { Test-Path -LiteralPath $_ })
        ($left.Count -eq 0 -and -not (Get-Service $Name -ErrorAction SilentlyContinue)), $left
    }
}

function Remove-Everything {
    if (Test-Path $ServiceKey) { Invoke-Svcctl uninstall $Name --logs --yes | Out-Null }
    if (Test-Path $ServiceKey) {
        & sc.exe stop $Name | Out-Null
        & sc.exe delete $Name | Out-Null
    }
    Remove-Item -LiteralPath $Work -Recurse -Force -ErrorAction SilentlyContinue
    # Folders that were there before belong to somebody.
    if (-not $HadBase) { Remove-Item -LiteralPath $Base -Recurse -Force -ErrorAction SilentlyContinue }
}

if (-not (Test-Administrator)) {
    Write-Output 'this needs an elevated PowerShell: run it as Administrator'
    exit $CannotBegin
}
$env:SVCCTL_HOME = $null # the folders of the machine are what is looked at
$version = Invoke-Svcctl --version
if ($script:Status -ne 0) {
    Write-Output "there is no svcctl in '$Python': $version"
    $env:SVCCTL_HOME = $CallersHome
    exit $CannotBegin
}
Write-Output "$([Environment]::OSVersion.VersionString), PowerShell $($PSVersionTable.PSVersion), $version"

try {
    if (Test-Path $ServiceKey) { Invoke-Svcctl uninstall $Name --logs --yes | Out-Null }
    Write-Files
    Test-Install
    Test-Configuration
    Test-Account
    Test-Access
    Test-Controls
    Test-Crash
    if (-not $Keep) { Test-End }
}
catch {
    Write-Result 'every part ran to its end' $false ([string] $_)
}
finally {
    if (-not $Keep) { Remove-Everything }
    $env:SVCCTL_HOME = $CallersHome
    if ($Keep) { Write-Output "kept: the service '$Name' and the folder '$Work'; run this without -Keep to remove them" }
    Write-Output "$script:Passed passed, $script:Failed failed"
}
exit [Math]::Min($script:Failed, 100)
