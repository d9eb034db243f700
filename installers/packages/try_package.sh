#!/usr/bin/env bash
# Tries a package in a clean system: install, use, upgrade with chats running, remove. Runs as root in namespaces of its
# own (check.sh), outside of the system.
#
#   try_package.sh apt|rpm|pacman SYSTEM OLD NEW      OLD and NEW are directories of releases
set -euo pipefail
KIND=$1 SYSTEM=$2 OLD=$3 NEW=$4
# shellcheck source=../setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../setup.sh"
version_of() { basename "$1"/outlive-*.whl | cut -d- -f2; }
OLD_VERSION="$(version_of "$OLD")"
NEW_VERSION="$(version_of "$NEW")"

inside() { chroot "$SYSTEM" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_user() { inside OLD_VERSION="$OLD_VERSION" NEW_VERSION="$NEW_VERSION" setpriv --reuid tester --regid tester --init-groups bash /checks/as_user.sh "$1"; }
# quietly COMMAND…: shows its end if it fails.
quietly() { "$@" >"$SYSTEM/checks/log" 2>&1 || {
    tail -n 20 "$SYSTEM/checks/log" >&2
    fail "failed: $*"
}; }

# put RELEASE: installs its package, or upgrades to it.
put() {
    case $KIND in
        apt)
            rm -rf -- "$SYSTEM/srv/apt"
            cp -r -- "$1/apt" "$SYSTEM/srv/apt"
            install -D -m 644 -- "$1/apt/outlive.gpg" "$SYSTEM/etc/apt/keyrings/outlive.gpg"
            sed 's|^URIs: .*|URIs: file:/srv/apt|' "$1"/apt/outlive-*.sources >"$SYSTEM/etc/apt/sources.list.d/outlive.sources"
            quietly inside apt-get -q update
            quietly inside apt-get -q -y install --no-install-recommends outlive
            ;;
        rpm) quietly rpm --root "$SYSTEM" --dbpath /var/lib/rpm -U --nodeps --oldpackage "$1"/outlive-*.rpm ;;
        pacman) quietly pacman_there --upgrade --nodeps --nodeps "$1"/outlive-*.pkg.tar* ;;
    esac
}

pacman_there() { pacman --root "$SYSTEM" --config "$SYSTEM/checks/pacman.conf" --noconfirm "$@"; }

# take_away: removes the package. What is said stays in $SYSTEM/checks/log.
take_away() {
    case $KIND in
        apt) quietly inside apt-get -q -y remove outlive ;;
        rpm) quietly rpm --root "$SYSTEM" --dbpath /var/lib/rpm -e outlive ;;
        pacman) quietly pacman_there --remove --nosave outlive ;;
    esac
}

# All files but the users', the package managers' own records, and what the kernel and these checks make.
files() {
    inside find / -xdev \( -path /home -o -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /checks -o -path /var/lib/dpkg \
        -o -path /var/lib/apt -o -path /var/lib/rpm -o -path /var/lib/pacman -o -path /var/cache -o -path /var/log -o -path /srv/apt \
        -o -path '/etc/apt/*' -o -name __pycache__ \) -prune -o -printf '%y %p\n' | LC_ALL=C sort
}

mount -t tmpfs -o mode=1777 tmpfs "$SYSTEM/tmp"
mount -t tmpfs tmpfs "$SYSTEM/dev/shm" 2>/dev/null || true
[ -c "$SYSTEM/dev/ptmx" ] && mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$SYSTEM/dev/pts" &&
    mount --bind "$SYSTEM/dev/pts/ptmx" "$SYSTEM/dev/ptmx" 2>/dev/null || ln -sf pts/ptmx "$SYSTEM/dev/ptmx"
printf '[options]\nArchitecture = auto\nSigLevel = Never\n' >"$SYSTEM/checks/pacman.conf"
mkdir -p -- "$SYSTEM/var/lib/pacman" "$SYSTEM/var/cache/pacman/pkg" "$SYSTEM/var/lib/rpm"
printf 'VERSION = "%s"\n' "$OLD_VERSION" >"$SYSTEM/checks/session_host/version.py"
files >"$SYSTEM/checks/before"

say "$KIND: installing $OLD_VERSION"
put "$OLD"
[ "$(inside readlink -f /usr/bin/outlive)" = "/opt/outlive/$OLD_VERSION/bin/outlive" ] || fail "/usr/bin/outlive does not lead to the package's version"
inside desktop-file-validate /usr/share/applications/outlive.desktop || fail "the desktop entry is not valid"
quietly inside appstreamcli validate --no-net /usr/share/metainfo/io.outlive.outlive.metainfo.xml
inside man -P cat outlive 2>/dev/null | grep -q attach || fail "no man page"
inside bash -n /usr/share/bash-completion/completions/outlive || fail "the completion for bash is no valid script"
inside zsh -n /usr/share/zsh/vendor-completions/_outlive || fail "the completion for zsh is no valid script"
inside fish -n /usr/share/fish/vendor_completions.d/outlive.fish || fail "the completion for fish is no valid script"
[ "$(head -c 4 "$SYSTEM/usr/share/icons/hicolor/48x48/apps/outlive.png" | tail -c 3)" = PNG ] || fail "no icon"

say "$KIND: commands, chats, the window on X11 by its keys, and on Wayland"
as_user use
as_user environment
as_user keys
as_user wayland
as_user start

say "$KIND: upgrading to $NEW_VERSION with chats running"
put "$NEW"
[ -d "$SYSTEM/opt/outlive/$OLD_VERSION" ] || fail "the previous version's files are gone while its chats run"
as_user after
inside python3 /usr/lib/outlive/versions.py clean
[ -d "$SYSTEM/opt/outlive/$OLD_VERSION" ] || fail "the previous version's files are gone while its chats' agents run"
as_user sheets

say "$KIND: removing it with chats running"
take_away
grep -q 'outlive: 2 running chats will not be ended. To end the chats, their users run: /opt/outlive/.*/bin/outlive kill-all' "$SYSTEM/checks/log" ||
    fail "nothing was said of the running chats: $(tail -n 3 "$SYSTEM/checks/log")"
sed -n 's/^ *\(outlive: 2 running .*\)/\1/p' "$SYSTEM/checks/log"
kill -0 "$(cat "$SYSTEM/home/tester/child_pid")" || fail "the removal ended a chat's program"
[ ! -e "$SYSTEM/usr/lib/outlive" ] || fail "the removal left /usr/lib/outlive"
as_user "stop_by_removed"
[ $KIND != apt ] || quietly inside apt-get -q -y purge outlive
rm -rf -- "$SYSTEM/opt/outlive"

say "$KIND: installing it again, and removing it with no chat running"
put "$NEW"
take_away
[ $KIND != apt ] || quietly inside apt-get -q -y purge outlive
files >"$SYSTEM/checks/after"
# pacman removes each empty directory: it does not know dpkg's.
different="$(LC_ALL=C comm -13 "$SYSTEM/checks/before" "$SYSTEM/checks/after")$(LC_ALL=C comm -23 "$SYSTEM/checks/before" "$SYSTEM/checks/after" | sed '/^d /d')"
[ -z "$different" ] || fail "files are left, or gone: $different"
say "$KIND: nothing is left in the system; of the user: $(cd -- "$SYSTEM/home/tester" && find . \( -name outlive -o -name '.outlive*' \) -printf '%P ')"
