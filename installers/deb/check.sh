# Sourced by build.sh: tries a Debian package in a clean system, in namespaces of its own.
# shellcheck shell=bash
#
#   can_check           whether this machine can; says in WHY_NOT why not
#   check_deb OLD NEW   installs the package OLD in a clean Debian, uses it, upgrades it to NEW, and removes it
#
# OUTLIVE_CLEAN_SYSTEM names a tar file with the clean system, which is used again; it is made if it is missing.

can_check() {
    WHY_NOT=
    if [ "$(id -u)" != 0 ]; then
        WHY_NOT="it needs root"
    elif ! command -v debootstrap >/dev/null; then
        WHY_NOT="debootstrap is not installed"
    elif ! unshare --mount --pid --fork --mount-proc true 2>/dev/null; then
        WHY_NOT="this system allows no namespaces"
    fi
    [ -z "$WHY_NOT" ]
}

# make_clean_system DIR: the same Debian or Ubuntu as here, from the same mirror. Fails without a network.
make_clean_system() {
    local mirror suite
    if [ -e "${OUTLIVE_CLEAN_SYSTEM:-}" ]; then
        tar -C "$1" -xf "$OUTLIVE_CLEAN_SYSTEM"
        return
    fi
    # shellcheck disable=SC1091
    suite="$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")"
    mirror="$(apt-get indextargets --format '$(REPO_URI) $(SUITE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n "s|^\(.*\) $suite main$|\1|p;s|^\(.*\) stable main$|\1|p" | head -n 1)"
    say "making a clean system ($suite)"
    debootstrap --variant=minbase ${mirror:+--include=ca-certificates} "$suite" "$1" ${mirror:+"$mirror"} >>"$LOG" 2>&1 </dev/null || return 1
    cp -- /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
    cp -r -- /etc/apt/apt.conf.d/. "$1/etc/apt/apt.conf.d/" 2>/dev/null || true
    chroot "$1" apt-get -q update >>"$LOG" 2>&1 </dev/null || return 1
    if [ -n "${OUTLIVE_CLEAN_SYSTEM:-}" ]; then tar -C "$1" -cf "$OUTLIVE_CLEAN_SYSTEM" .; fi
}

check_deb() {
    local system="$WORK/system" code=0
    mkdir -m 755 -- "$system"
    if ! make_clean_system "$system"; then
        say "NOT CHECKED: a clean system cannot be made ($(last_error)); is there a network? Details: $LOG"
        return 0
    fi
    mkdir -p -- "$system/packages/session_host"
    cp -- "$ROOT/session_host/version.py" "$system/packages/session_host/"
    cp -- "$1" "$2" "$ROOT/installers/setup.sh" "$ROOT/installers/check_installed.sh" \
        "$DEB_SOURCES/in_clean_system.sh" "$DEB_SOURCES/attach_once.py" "$DEB_SOURCES/every_sheet.py" "$system/packages/"
    # All that is started in there ends with the first process of its namespace.
    unshare --mount --pid --ipc --uts --fork --kill-child --mount-proc="$system/proc" -- \
        chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        bash /packages/in_clean_system.sh "/packages/${1##*/}" "/packages/${2##*/}" </dev/null || code=$?
    if [ -e "$system/packages/window.png" ]; then cp -- "$system/packages/window.png" "$DIST/deb-window.png"; fi
    [ $code = 0 ] || fail "the package does not work in a clean system (see above)"
}
