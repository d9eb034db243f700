#!/usr/bin/env bash
# The steps of try_package.sh that a user does, inside of the clean system: as_user.sh STEP
set -euo pipefail
ROOT=/checks
# shellcheck source=/dev/null
source <(sed -n '/^say()/p;/^fail()/,/^}/p' /checks/setup.sh)
# shellcheck source=/dev/null
source /checks/check_installed.sh
export HOME=/home/tester SHELL=/bin/bash USER=tester
export DBUS_SESSION_BUS_ADDRESS="unix:path=/home/tester/no-bus"
cd /home/tester
pid_of() { outlive ls --json | sed -n "/\"name\": \"$1\"/,/}/s/.*\"$2\": \([0-9]*\),.*/\1/p" | head -n 1; }
place_of() { tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^PYTHONPATH=\(\/opt\/outlive\/[^/]*\)\/.*/\1/p'; }

start_display() {
    [ -p display ] || mkfifo display
    Xvfb -displayfd 5 -screen 0 1280x800x24 -nolisten tcp 5>display >/dev/null 2>&1 &
    SERVER=$!
    DISPLAY=":$(head -n 1 display)"
    export DISPLAY
}

# open_window: sets WINDOW.
open_window() {
    outlive >window.log 2>&1 &
    WINDOW=$!
    until_true outlive window tabs || fail "the window does not open: $(tail -n 1 window.log)"
}

close_window() {
    expect "" outlive window close
    wait "$WINDOW" || fail "the window failed: $(tail -n 1 window.log)"
    [ ! -s window.log ] || fail "the window complains: $(tail -n 1 window.log)"
}

case "$1" in
    use)
        use_private_directories /home/tester
        check_commands outlive
        check_window outlive
        end_processes
        rm -rf /home/tester/o
        ;;
    environment)
        # A user's own modules and plugins with the names of the package's, and settings of another Python: chats get them, Outlive does not.
        mkdir -p bad/PySide6 bad/session_host bad/platforms
        for name in msgspec enum typing queue qasync PySide6/__init__ session_host/__init__ gui; do
            echo "raise SystemExit('$name of the user was imported')" >"bad/$name.py"
        done
        echo broken >bad/platforms/libqxcb.so
        export PYTHONPATH=/home/tester/bad PYTHONHOME=/nowhere QT_PLUGIN_PATH=/home/tester/bad QT_QPA_PLATFORM_PLUGIN_PATH=/home/tester/bad/platforms
        export LD_LIBRARY_PATH=/home/tester/bad
        start_display
        open_window
        expect "" outlive new -d -n variables -- sh -c 'env | LC_ALL=C sort; exec cat'
        expect "" outlive wait variables --text QT_QPA --timeout 30
        for name in LD_LIBRARY_PATH PYTHONHOME PYTHONPATH QT_PLUGIN_PATH QT_QPA_PLATFORM_PLUGIN_PATH; do
            expect "$name=${!name}" outlive peek variables --scrollback
        done
        expect "" outlive window show variables
        until_true sh -c "outlive window tabs | grep -q variables" || fail "the window shows no chat"
        close_window
        expect "" outlive kill variables
        kill "$SERVER"
        ;;
    keys)
        start_display
        open_window
        xdotool search --sync --onlyvisible --class outlive windowfocus --sync
        xdotool key ctrl+shift+n
        until_true outlive window grab before.png
        xdotool key Return
        until_true sh -c 'outlive ls --json | grep -q "\"state\": \"running\""' || fail "Ctrl+Shift+N and Enter start no chat"
        expect "" outlive window grab /checks/window.png
        close_window
        expect "" outlive kill-all --yes
        kill "$SERVER"
        ;;
    wayland)
        export XDG_RUNTIME_DIR=/home/tester/wayland
        mkdir -m 700 -- "$XDG_RUNTIME_DIR"
        weston --backend=headless-backend.so --socket=wayland-1 --idle-time=0 >weston.log 2>&1 &
        SERVER=$!
        export WAYLAND_DISPLAY=wayland-1
        until_true test -S "$XDG_RUNTIME_DIR/wayland-1" || fail "weston does not start: $(tail -n 1 weston.log)"
        open_window
        grep -q libQt6WaylandClient "/proc/$WINDOW/maps" || fail "the window is not on Wayland"
        expect "" outlive window grab wayland.png
        close_window
        kill "$SERVER"
        ;;
    start)
        expect "" outlive new -d -n kept -- cat
        expect "" outlive new -d -n other -- cat
        expect "" outlive send kept "from the previous version" --enter
        expect "" python3 /checks/attach_once.py kept "from the previous version"
        for key in host_pid child_pid; do pid_of kept $key >"$key"; done
        [ "$(place_of "$(cat host_pid)")" = "/opt/outlive/$OLD_VERSION" ] || fail "the host does not run from its version"
        ;;
    after)
        expect "outlive $NEW_VERSION" outlive --version
        [ "$(pid_of kept child_pid)" = "$(cat child_pid)" ] || fail "the upgrade ended the chat's program"
        [ "$(pid_of kept host_pid)" = "$(cat host_pid)" ] || fail "the upgrade replaced the chat's host"
        expect "" outlive send kept "typed after the upgrade" --enter
        expect "" python3 /checks/attach_once.py kept "typed after the upgrade"
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
    sheets)
        start_display
        expect "sheets: new_chat" /opt/outlive/current/bin/python -P /checks/every_sheet.py
        kill "$SERVER"
        ;;
    stop_by_removed)
        # With the command that the removal printed.
        expect "" "/opt/outlive/$NEW_VERSION/bin/outlive" kill-all --yes
        for pid in $(pgrep -u tester -f session_host.keeper); do kill "$pid"; done
        ;;
esac
