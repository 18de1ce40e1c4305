#!/usr/bin/env bash
# Builds, once, a Debian whose PID 1 is systemd, for a container of its own. Prints its folder.
#
#   FOLDER    the root of the system: copied for every run, never booted itself
#   FOLDER/opt/site    what svcctl and its tests need from the package index, for the Python in there
#
# The folder stands below ${XDG_CACHE_HOME:-~/.cache}/svcctl-labs, under a name made of all that went into it.
# Exit status 77: this machine lacks something; the last line says what.
# Debian packages: debootstrap systemd-container. Needs root. PYTHON: one that has pip.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

python=${PYTHON:-python3}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/svcctl-labs
pins=$here/../../constraints.txt
release=bookworm
# libpam-systemd and dbus-user-session: the manager and the bus of a user.
packages=systemd,dbus,libpam-systemd,dbus-user-session,procps,python3
version=3.11 # of Python in that release
wheels=(click cronsim cryptography http-message-signatures httptools jeepney joserfc pydantic pytest starlette uvicorn)

main() {
    local tool lab
    ((EUID == 0)) || lacks root
    for tool in debootstrap systemd-nspawn nsenter flock; do
        command -v "$tool" >/dev/null || lacks "$tool"
    done
    "$python" -m pip --version >/dev/null 2>&1 || lacks "pip for $python"
    lab=$cache/systemd-$(cat "${BASH_SOURCE[0]}" "$pins" | sha256sum | head -c 16)
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

build() { # LAB; it appears whole or not at all
    work=$(mktemp -d "$1.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    echo "building a Debian with systemd in $1 (a minute or two)" >&2
    debootstrap --variant=minbase --include="$packages" "$release" "$work" >"$1.log" 2>&1 ||
        { tail "$1.log" >&2; exit 1; }
    rm -rf "$work"/var/cache/apt/archives/*.deb "$work"/var/lib/apt/lists/*
    "$python" -m pip install -q --disable-pip-version-check --no-warn-conflicts --only-binary=:all: \
        --implementation cp --python-version "$version" -c "$pins" --target "$work/opt/site" "${wheels[@]}" >&2
    mv -T "$work" "$1"
}

main
