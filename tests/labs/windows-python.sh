#!/usr/bin/env bash
# Builds, once, what runs the tests for Windows on Linux: Windows' own CPython under Wine. Prints its folder.
#
#   FOLDER/python    CPython for Windows and the wheels that the tests need
#   FOLDER/prefix    a Windows 10 as Wine plays it: copied for every run, never used itself
#
# The folder stands below ${XDG_CACHE_HOME:-~/.cache}/svcctl-labs, under a name made of all that went into it.
# Exit status 77: this machine lacks something; the last line says what.
# Debian packages: wine wine64 gcc-mingw-w64-x86-64 unzip. PYTHON: the one whose version Windows gets too.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

python=${PYTHON:-python3}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/svcctl-labs
pins=$here/../../constraints.txt

# The deployment files in the Windows wheels of panda3d are the one copy of CPython's DLLs in the package index.
interpreter=panda3d==1.10.16
# colorama and tzdata are what some of the others need on Windows only.
wheels=(click colorama cronsim hypothesis jsonschema keyring opentelemetry-sdk prometheus-client pydantic
    pytest pytest-timeout pyyaml stamina structlog tzdata)

compiler=x86_64-w64-mingw32-gcc
resources=x86_64-w64-mingw32-windres

main() {
    local tool lab
    for tool in wine wineserver "$compiler" "$resources" unzip flock; do
        command -v "$tool" >/dev/null || lacks "$tool"
    done
    "$python" -m pip --version >/dev/null 2>&1 || lacks "pip for $python"
    lab=$cache/windows-$(key)
    mkdir -p "$cache"
    exec 9>"$lab.lock"
    flock 9
    [[ -d $lab ]] || build "$lab"
    echo "$lab"
}

lacks() {
    echo "needs $1" >&2
    exit 77
}

key() {
    {
        cat "${BASH_SOURCE[0]}" "$pins"
        "$python" -c 'import sys; print(sys.version)'
        WINEDEBUG=-all wine --version
    } | sha256sum | head -c 16
}

build() { # LAB; it appears whole or not at all
    work=$(mktemp -d "$1.XXXXXX")
    trap 'WINEPREFIX=$work/prefix wineserver -k || true; rm -rf "$work"' EXIT
    echo "building Windows' Python for Wine in $1 (a minute or two)" >&2
    mkdir "$work"/{parts,python}
    lay_out_python "$work/python" "$work/parts" >&2
    set_up_wine "$work/prefix" "$work/python/python.exe" >&2
    rm -r "$work/parts"
    mv -T "$work" "$1"
    trap - EXIT
}

lay_out_python() { # FOLDER PARTS
    local folder=$1 parts=$2 version target stdlib dll
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    stdlib=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
    target=(--only-binary=:all: --platform win_amd64 --python-version "$version")

    "$python" -m pip download --quiet --no-deps "${target[@]}" --dest "$parts" "$interpreter"
    mkdir -p "$folder"/{DLLs,Lib/site-packages}
    unzip -q -j "$parts"/panda3d*.whl 'deploy_libs/*.dll' -d "$folder"
    unzip -q -j "$parts"/panda3d*.whl 'deploy_libs/*.pyd' -d "$folder/DLLs"
    for dll in libffi-8 libssl-3 libcrypto-3 sqlite3; do
        mv "$folder/$dll.dll" "$folder/DLLs/"
    done
    rm -f "$folder/DLLs/_wmi.pyd" # Wine 8 dies of it; without, platform asks elsewhere
    tar -C "$stdlib" --exclude=./site-packages --exclude=./test --exclude=tests --exclude=./lib-dynload \
        --exclude=./ensurepip --exclude='./config-*' --exclude=__pycache__ -cf - . | tar -C "$folder/Lib" -xf -
    "$python" -m pip install --quiet "${target[@]}" --constraint "$pins" \
        --target "$folder/Lib/site-packages" "${wheels[@]}"
    "$python" -m compileall -q "$folder/Lib"
    compile_launcher "$folder" "$parts" "python${version/./}.dll"
    compile_random_numbers "$folder" "$parts"
}

compile_launcher() { # FOLDER PARTS DLL
    cat >"$2/python.c" <<'C'
#include <stdio.h>
#include <windows.h>

typedef int (*Main)(int, wchar_t **);

int wmain(int argc, wchar_t **argv) {
    HMODULE python = LoadLibraryW(PYTHON);
    if (!python) {
        fprintf(stderr, "cannot load %ls: error %lu\n", PYTHON, GetLastError());
        return 3;
    }
    return ((Main)GetProcAddress(python, "Py_Main"))(argc, argv);
}
C
    # Windows tells its true version only to programs whose manifest names it.
    cat >"$2/python.manifest" <<'XML'
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application><supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/></application>
  </compatibility>
</assembly>
XML
    echo "1 24 \"$2/python.manifest\"" >"$2/python.rc"
    "$resources" "$2/python.rc" "$2/manifest.o"
    "$compiler" -municode -O2 -DPYTHON="L\"$3\"" -o "$1/python.exe" "$2/python.c" "$2/manifest.o"
}

compile_random_numbers() { # FOLDER PARTS; what wheels written in Rust load, and Wine 8 does not have
    cat >"$2/random.c" <<'C'
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
    return SystemFunction036(buffer, (ULONG)length);
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved) { return TRUE; }
C
    "$compiler" -shared -O2 -o "$1/bcryptprimitives.dll" "$2/random.c" -ladvapi32
}

set_up_wine() { # PREFIX PROGRAM; the folders of its user are to be nobody's at home
    local -x WINEPREFIX=$1 HOME=$1 WINEDEBUG=-all DISPLAY='' WINEDLLOVERRIDES='mscoree,mshtml='
    {
        wineboot --init
        winecfg -v win10
        # A crash is to end the program, not to start a debugger.
        wine reg add 'HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug' /v Debugger /d '' /f
        # Milliseconds a service has to speak: 30 seconds with Windows, ten with Wine, too few where much else runs.
        wine reg add 'HKLM\System\CurrentControlSet\Control' /v ServicesPipeTimeout /d 150000 /f
    } </dev/null 2>&1 | cat
    wineserver -w
    wine "$2" -c 'import ctypes, pydantic, pytest, sqlite3, ssl' </dev/null 2>&1 | cat
    wineserver -w
}

main
