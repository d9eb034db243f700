# Sourced by build.sh: checks an installed Outlive, in directories of its own.
# shellcheck shell=bash
#
#   use_private_directories DIR   all that is started from now on keeps its files, and its chats, below DIR
#   check_…                       one check each; the first that fails ends the script
#   end_processes                 ends what the checks have started, and says what should not have been left

WAIT_S=60

# use_private_directories DIR: sockets need short paths, so DIR stays short, too.
use_private_directories() {
    PRIVATE="$1/o"
    mkdir -m 700 -- "$PRIVATE" "$PRIVATE/home"
    export HOME="$PRIVATE/home" SHELL=/bin/sh
    export OUTLIVE_RUNTIME_DIR="$PRIVATE/r" OUTLIVE_STATE_DIR="$PRIVATE/s" OUTLIVE_CONFIG_DIR="$PRIVATE/c"
    unset OUTLIVE_SESSION DISPLAY WAYLAND_DISPLAY QT_QPA_PLATFORM
    # Qt and the desktop's libraries must start no message bus, which would stay behind.
    export DBUS_SESSION_BUS_ADDRESS="unix:path=$PRIVATE/no-bus"
    cd -- "$PRIVATE/home"
}

# Prints the processes of these checks: all those with the private directory in their environment, but this shell.
our_processes() {
    local directory pid
    for directory in /proc/[0-9]*; do
        pid="${directory#/proc/}"
        [ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ] || continue
        if tr '\0' '\n' <"$directory/environ" 2>/dev/null | grep -q -x -F "OUTLIVE_RUNTIME_DIR=$PRIVATE/r"; then
            printf '%s\n' "$pid"
        fi
    done 2>/dev/null
}

# until_true COMMAND…: repeats it until it succeeds; fails after a while.
until_true() {
    local end=$((SECONDS + WAIT_S))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

none_left() { [ -z "$(our_processes)" ]; }

# Keepers wait for the next chat: they are ended here. Anything else that is left is a fault.
end_processes() {
    local pid left=()
    [ -n "${PRIVATE:-}" ] || return 0
    for pid in $(our_processes); do kill -TERM "$pid" 2>/dev/null || true; done
    if ! WAIT_S=15 until_true none_left; then
        mapfile -t left < <(our_processes)
        for pid in "${left[@]}"; do
            say "still runs, and is killed: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-160)"
            kill -KILL "$pid" 2>/dev/null || true
        done
        return 1
    fi
}

# expect TEXT COMMAND…: the command succeeds and prints the text.
expect() {
    local wanted=$1 said code=0
    shift
    said="$("$@" 2>&1)" || code=$?
    [ $code = 0 ] || fail "exit code $code from: $* ($said)"
    case "$said" in *"$wanted"*) ;; *) fail "no '$wanted' from: $* ($said)" ;; esac
}

# refuses CODE TEXT COMMAND…: the command ends with the code, and says one line with the text.
refuses() {
    local wanted_code=$1 wanted=$2 said code=0
    shift 2
    said="$("$@" 2>&1)" || code=$?
    [ $code = "$wanted_code" ] || fail "exit code $code, not $wanted_code, from: $* ($said)"
    [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || fail "more than a line from: $* ($said)"
    case "$said" in *"$wanted"*) ;; *) fail "no '$wanted' from: $* ($said)" ;; esac
}

check_has_no_qt() {
    local python=$1 module
    for module in PySide6 shiboken6 qasync qtawesome qtpy; do
        if "$python" -c "import $module" 2>/dev/null; then fail "the base installation brings $module"; fi
    done
}

# check_resources PYTHON DIRECTORY: each file of the clone's resources is installed, unchanged.
check_resources() {
    local installed file
    installed="$("$1" -P -c 'import os, session_host; print(os.path.dirname(os.path.dirname(session_host.__file__)))')/resources"
    (cd -- "$2" && find . -type f) | while read -r file; do
        cmp -s -- "$2/$file" "$installed/$file" || fail "not installed: resources/${file#./}"
    done || exit 1
}

# check_guide PYTHON: the window finds the guide, and each chapter of it.
check_guide() {
    local chapters
    chapters="$(find "$ROOT/resources/guide" -name '*.md' | wc -l)"
    expect "$chapters chapters" "$1" -P -c 'from gui.window.guide import read_chapters; print(len(read_chapters({})), "chapters")'
}

# check_command_line_files PREFIX: the man page and the completions are installed, and name the subcommands.
check_command_line_files() {
    local file
    for file in man/man1/outlive.1 bash-completion/completions/outlive zsh/site-functions/_outlive \
        fish/vendor_completions.d/outlive.fish; do
        grep -q 'attach' "$1/share/$file" || fail "not installed, or empty: share/$file"
    done
    bash -n "$1/share/bash-completion/completions/outlive" || fail "the completion for bash is no valid script"
    ! command -v zsh >/dev/null || zsh -n "$1/share/zsh/site-functions/_outlive" || fail "the completion for zsh is no valid script"
    ! command -v fish >/dev/null || fish -n "$1/share/fish/vendor_completions.d/outlive.fish" || fail "the completion for fish is no valid script"
}

# check_commands OUTLIVE: a chat is started, listed, read, typed into and stopped.
check_commands() {
    local outlive=$1 version
    version="$(sed -n 's/^VERSION = "\(.*\)"/\1/p' "$ROOT/session_host/version.py")"
    expect "outlive $version" "$outlive" --version
    expect "first " "$outlive" new -d -n first -- cat
    expect "first" "$outlive" ls
    expect "" "$outlive" send first "hello from a package" --enter
    expect "" "$outlive" wait first --text "hello from a package" --timeout "$WAIT_S"
    expect "hello from a package" "$outlive" peek first
    expect "chat database" "$outlive" doctor
    expect "first" "$outlive" stop first
    expect "" "$outlive" wait first --exited --timeout "$WAIT_S"
    expect "no running chats" "$outlive" ls
    expect "none missing" "$outlive" demo --output "$PRIVATE/pictures"
}

check_says_how_to_add_the_window() {
    local outlive=$1
    refuses 1 "the window is not installed; install it with: " "$outlive"
    refuses 1 "outlive[window]" "$outlive" window
    refuses 1 "outlive[window]" "$outlive" window tabs
    expect "not installed, and no command needs it" "$outlive" doctor
}

# check_window OUTLIVE: the window opens on a display off screen, draws, and closes.
check_window() {
    local outlive=$1 server window code=0
    mkfifo -- "$PRIVATE/display"
    Xvfb -displayfd 5 -screen 0 1280x800x24 -nolisten tcp -noreset 5>"$PRIVATE/display" >/dev/null 2>&1 &
    server=$!
    DISPLAY=":$(head -n 1 "$PRIVATE/display")"
    export DISPLAY
    "$outlive" >"$PRIVATE/window.log" 2>&1 &
    window=$!
    until_true "$outlive" window tabs || fail "the window does not open: $(tail -n 1 "$PRIVATE/window.log")"
    expect "" "$outlive" window grab "$PRIVATE/window.png"
    [ "$(head -c 4 "$PRIVATE/window.png" | tail -c 3)" = PNG ] || fail "the window draws no picture"
    expect "" "$outlive" window close
    wait $window || code=$?
    [ $code = 0 ] || fail "the window ended with exit code $code: $(tail -n 1 "$PRIVATE/window.log")"
    [ ! -s "$PRIVATE/window.log" ] || fail "the window complains: $(tail -n 1 "$PRIVATE/window.log")"
    kill -TERM $server
    wait $server 2>/dev/null || true
    unset DISPLAY
}
