# Marks prompts and commands of an interactive fish for Outlive (OSC 133), and its directory (OSC 7).
#
# Outlive puts this file's directory before those in XDG_DATA_DIRS, where fish looks for configuration of programs. This
# file gives that variable back. fish 4 writes all these marks itself, but its directory only when it changes.

if set -q OUTLIVE_XDG_DATA_DIRS
    set -gx XDG_DATA_DIRS $OUTLIVE_XDG_DATA_DIRS
    set -e OUTLIVE_XDG_DATA_DIRS
else
    set -e XDG_DATA_DIRS
end

status is-interactive; or exit 0

# Each prompt tells it, too: a reset of the terminal, or a program that tells its own directory, may have changed what the
# terminal knows.
function __outlive_directory --on-event fish_prompt --on-event fish_cancel --on-event fish_posterror \
    --on-variable PWD
    status is-command-substitution; and return
    printf '\e]7;file://%s%s\a' $hostname (string escape --style=url -- $PWD)
end
__outlive_directory

# A command that a signal ended may have left an unfinished sequence, which would swallow the mark of its end (CAN and ST
# end it), attributes of text and an open link. fish 4 has written its mark by now, so it is written again.
function __outlive_mark_end --argument-names code
    test $code -gt 128; and printf '\x18\e\\\\\e[0m\e]8;;\e\\\\'
    printf '\e]133;D;%s;aid=%s\a' $code $fish_pid
end

if not string match -qr '^[0-3]\.' -- $version
    function __outlive_ended --on-event fish_postexec
        set -l code $status
        test $code -gt 128; and __outlive_mark_end $code
    end
    exit 0
end

function __outlive_prompt --on-event fish_prompt --on-event fish_cancel --on-event fish_posterror
    printf '\e]133;A;redraws=all;aid=%s\a' $fish_pid
end

# A longer command line is left out: a part of it would be another command.
function __outlive_run --on-event fish_preexec
    set -l line (string escape --style=url -- $argv[1])
    if test (string length -- "$line") -le 1500
        printf '\e]133;C;cmdline_url=%s\a' $line
    else
        printf '\e]133;C\a'
    end
end

function __outlive_ended --on-event fish_postexec
    __outlive_mark_end $status
end
