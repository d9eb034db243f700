#!/usr/bin/env bash
# Tries the package in the clean system that check.sh has made: install, use, upgrade with chats running, remove.
#
#   in_clean_system.sh OLD.deb NEW.deb      as root, in a chroot; USER_STEP=… in_clean_system.sh as the user
set -euo pipefail
ROOT=/packages
OLD=$1
NEW=$2
version_of() { dpkg-deb -f "$1" Version | sed 's/+[a-z]*[0-9.]*$//'; } # without the release of Debian or Ubuntu
OLD_VERSION="$(version_of "$OLD")"
NEW_VERSION="$(version_of "$NEW")"
# shellcheck source=/dev/null
source <(sed -n '/^say()/p;/^fail()/,/^}/p' /packages/setup.sh)
# shellcheck source=/dev/null
source /packages/check_installed.sh

# ------------------------------------------------------------------------------- as the user

if [ -n "${USER_STEP:-}" ]; then
    export HOME=/home/tester SHELL=/bin/bash USER=tester
    export DBUS_SESSION_BUS_ADDRESS="unix:path=/home/tester/no-bus"
    cd /home/tester
    pid_of() { outlive ls --json | sed -n "/\"name\": \"$1\"/,/}/s/.*\"$2\": \([0-9]*\),.*/\1/p" | head -n 1; }
    place_of() { tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^PYTHONPATH=\(\/opt\/outlive\/[^/]*\)\/.*/\1/p'; }
    case "$USER_STEP" in
        use)
            use_private_directories /home/tester
            check_commands outlive
            check_window outlive
            end_processes
            ;;
        start)
            expect "" outlive new -d -n kept -- cat
            expect "" outlive new -d -n other -- cat
            expect "" outlive send kept "from the previous version" --enter
            expect "" python3 /packages/attach_once.py kept "from the previous version"
            for key in host_pid child_pid; do pid_of kept $key >"$key"; done
            [ "$(place_of "$(cat host_pid)")" = "/opt/outlive/$OLD_VERSION" ] || fail "the host does not run from its version"
            ;;
        after)
            expect "outlive $NEW_VERSION" outlive --version
            [ "$(pid_of kept child_pid)" = "$(cat child_pid)" ] || fail "the upgrade ended the chat's program"
            [ "$(pid_of kept host_pid)" = "$(cat host_pid)" ] || fail "the upgrade replaced the chat's host"
            expect "" outlive send kept "typed after the upgrade" --enter
            expect "" python3 /packages/attach_once.py kept "typed after the upgrade"
            # The previous version's keeper starts another host, from the previous version's files.
            kill -KILL "$(cat host_pid)"
            expect "" outlive send kept "a host of the previous version" --enter
            expect "" outlive wait kept --text "a host of the previous version" --timeout 30
            [ "$(place_of "$(pid_of kept host_pid)")" = "/opt/outlive/$OLD_VERSION" ] || fail "the other host is not of the previous version"
            expect "kept" outlive upgrade
            [ "$(pid_of kept child_pid)" = "$(cat child_pid)" ] || fail "outlive upgrade ended the chat's program"
            [ "$(readlink -f "/proc/$(pid_of kept host_pid)/exe")" = "$(readlink -f /usr/bin/python3)" ] || fail "not the system's Python"
            expect "from the previous version" outlive peek kept --scrollback
            ;;
        stop)
            expect "" outlive kill kept
            expect "" outlive kill other
            ;;
        picture)
            mkfifo display
            Xvfb -displayfd 5 -screen 0 1280x800x24 -nolisten tcp 5>display >/dev/null 2>&1 &
            DISPLAY=":$(head -n 1 display)"
            export DISPLAY
            outlive window new >window.log 2>&1 &
            until_true outlive window tabs || fail "the window does not open: $(tail -n 1 window.log)"
            sleep 1
            expect "" outlive window grab /home/tester/window.png
            expect "" outlive window close
            wait $! || fail "the window failed: $(tail -n 1 window.log)"
            expect "sheets: new_chat" /opt/outlive/current/bin/python -P /packages/every_sheet.py
            kill %1
            ;;
    esac
    exit 0
fi

# ------------------------------------------------------------------------------- as root

as_user() { USER_STEP=$1 setpriv --reuid tester --regid tester --init-groups bash "$0" "$OLD" "$NEW"; }
apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >>/packages/apt.log 2>&1 || {
    tail -n 20 /packages/apt.log >&2
    fail "apt-get $* failed"
}; }
# All files but the users', the package manager's own records, and what the kernel and these checks make.
files() {
    find / -xdev \( -path /home -o -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /packages -o -path /var/lib/dpkg \
        -o -path /var/lib/apt -o -path /var/cache -o -path /var/log -o -name __pycache__ \) -prune -o -print | LC_ALL=C sort
}

mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs tmpfs /dev/shm 2>/dev/null || true
[ -c /dev/ptmx ] && mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx 2>/dev/null ||
    ln -sf pts/ptmx /dev/ptmx
useradd --create-home --shell /bin/bash tester
say "clean system: installing what the checks need"
# What the package needs is installed with these checks' own tools, so that the list of files differs by the package alone.
mapfile -t needs < <(dpkg-deb -f "$OLD" Depends | tr ',' '\n' | sed 's/^ *//; s/ *(.*//; s/ | .*//')
for place in "${!needs[@]}"; do [ -n "$(apt-cache show "${needs[place]}" 2>/dev/null)" ] || needs[place]="$(dpkg-deb -f "$OLD" Depends | tr ',' '\n' | sed -n "s/^ *${needs[place]} | //p")"; done
apt install --no-install-recommends xvfb desktop-file-utils appstream man-db fish zsh "${needs[@]}"
files >/packages/before

say "clean system: installing the package $OLD_VERSION"
apt install --no-install-recommends "$OLD"
[ "$(readlink -f /usr/bin/outlive)" = "/opt/outlive/$OLD_VERSION/bin/outlive" ] || fail "/usr/bin/outlive does not lead to the package's version"
desktop-file-validate /usr/share/applications/outlive.desktop || fail "the desktop entry is not valid"
appstreamcli validate --no-net /usr/share/metainfo/io.outlive.outlive.metainfo.xml >/packages/appstream.log || fail "the metainfo is not valid: $(cat /packages/appstream.log)"
MANPAGER=cat man -P cat outlive 2>/dev/null | grep -q attach || fail "no man page"
bash -n /usr/share/bash-completion/completions/outlive || fail "the completion for bash is no valid script"
zsh -n /usr/share/zsh/vendor-completions/_outlive || fail "the completion for zsh is no valid script"
fish -n /usr/share/fish/vendor_completions.d/outlive.fish || fail "the completion for fish is no valid script"
[ "$(head -c 4 /usr/share/icons/hicolor/48x48/apps/outlive.png | tail -c 3)" = PNG ] || fail "no icon"

say "clean system: commands, a chat, the window"
as_user use
as_user start

say "clean system: upgrading to $NEW_VERSION with chats running"
apt install --no-install-recommends "$NEW"
[ -d "/opt/outlive/$OLD_VERSION" ] || fail "the previous version's files are gone while its chats run"
as_user after
python3 /usr/lib/outlive/versions.py clean
[ -d "/opt/outlive/$OLD_VERSION" ] || fail "the previous version's files are gone while its chats' agents run"
as_user picture
cp /home/tester/window.png /packages/window.png

say "clean system: removing it, with chats running"
DEBIAN_FRONTEND=noninteractive apt-get -q -y remove outlive >/packages/remove.log 2>&1 || fail "the package cannot be removed: $(tail -n 3 /packages/remove.log)"
grep -q '^outlive: 2 running chats will not be ended. Until `apt purge outlive`, the files stay in /opt/outlive/' /packages/remove.log || fail "nothing was said of the running chats: $(tail -n 3 /packages/remove.log)"
kill -0 "$(cat /home/tester/child_pid)" || fail "the removal ended a chat's program"
apt install --no-install-recommends "$NEW"
as_user stop
python3 /usr/lib/outlive/versions.py clean
[ "$(find /opt/outlive -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' ')" = "$NEW_VERSION current " ] ||
    fail "more than the current version is left: $(ls -A /opt/outlive)"
apt purge outlive
files >/packages/after
diff /packages/before /packages/after >/packages/difference || fail "files are left, or gone: $(head -n 10 /packages/difference)"
say "clean system: the package is sound"
