# Marks prompts and commands of an interactive zsh for Outlive (OSC 133), and its directory (OSC 7). The title that a
# command sets ends with the command: the earlier one is saved and restored (CSI 22 t, CSI 23 t).
#
# Outlive starts zsh with ZDOTDIR set to this file's directory. This file gives ZDOTDIR back, and reads the user's own
# .zshenv; zsh reads the user's other files itself. The marks begin with the first prompt, after all of those files.

if [[ -n ${OUTLIVE_ZDOTDIR+set} ]]; then
    export ZDOTDIR=$OUTLIVE_ZDOTDIR
    unset OUTLIVE_ZDOTDIR
else
    unset ZDOTDIR
fi

if [[ -o interactive ]]; then
    __outlive_start() {
        emulate -L zsh
        precmd_functions=(${precmd_functions:#__outlive_start})
        unfunction __outlive_start
        # The user's own marks.
        [[ "${PS1-}${(j: :)precmd_functions}" == *133\;* ]] && return
        typeset -g __outlive_shell=$$ __outlive_running=
        typeset -g __outlive_begin=$'%{\e]133;A;redraws=all;aid='$$$'\a%}' __outlive_input=$'%{\e]133;B\a%}'
        typeset -g __outlive_continued=$'%{\e]133;P;k=s\a%}'
        local last=${precmd_functions[-1]-}
        precmd_functions=(__outlive_ended $precmd_functions __outlive_prompt)
        preexec_functions+=(__outlive_run)
        __outlive_prompt $last
    }

    # First before a prompt: it knows how the last command ended. One that a signal ended may have left an unfinished
    # sequence, which would swallow the mark (CAN and ST end it), attributes of text and an open link.
    __outlive_ended() {
        local code=$?
        emulate -L zsh
        if [[ -n $__outlive_running ]]; then
            __outlive_running=
            (( code > 128 )) && builtin printf '\x18\e\\\e[0m\e]8;;\e\\'
            builtin printf '\e]133;D;%d;aid=%d\a\e[23;2t' $code $__outlive_shell
        fi
    }

    # Last before a prompt: the others may have set it. powerlevel10k's function always makes itself the last one, and
    # sets the whole prompt: then the mark comes before it. The argument is the function that is the last this time.
    __outlive_prompt() {
        local expands before
        [[ -o prompt_percent ]] && expands=1
        emulate -L zsh
        [[ ${1-} == _p9k_precmd ]] && before=1
        if [[ $precmd_functions[-1] != __outlive_prompt ]]; then
            before=1
            precmd_functions=(${precmd_functions:#__outlive_prompt} __outlive_prompt)
            if [[ $precmd_functions[1] != __outlive_ended ]]; then
                precmd_functions=(__outlive_ended ${precmd_functions:#__outlive_ended})
            fi
        fi
        if [[ -z $expands || -n $before ]]; then
            builtin printf '\e]133;A;redraws=all;aid=%d\a' $__outlive_shell
        fi
        if [[ -n $expands ]]; then
            [[ ${PS1-} == *$__outlive_begin* ]] || PS1=$__outlive_begin${PS1-}$__outlive_input
            [[ ${PS2-} == *$__outlive_continued* ]] || PS2=$__outlive_continued${PS2-}
        fi
        __outlive_tell_directory
    }

    # A command runs: its output begins, and the prompt is again as the user set it.
    __outlive_run() {
        emulate -L zsh -o no_multibyte -o extended_glob
        local MATCH MBEGIN MEND line=
        PS1=${${PS1-}//$__outlive_begin}
        PS1=${PS1//$__outlive_input}
        PS2=${${PS2-}//$__outlive_continued}
        __outlive_running=1
        # A longer command line is left out: a part of it would be another command.
        if (( ${#1} <= 1000 )); then
            line=${1//(#m)[^a-zA-Z0-9\/._~-]/%${(l:2::0:)$(([##16]#MATCH))}}
        fi
        if [[ -n $line ]] && (( ${#line} <= 1500 )); then
            builtin printf '\e]133;C;cmdline_url=%s\a\e[22;2t' "$line"
        else
            builtin printf '\e]133;C\a\e[22;2t'
        fi
    }

    # The directory's address; characters besides these are written as the bytes of UTF-8. Each prompt tells it: a reset
    # of the terminal, or a program that tells its own directory, may have changed what the terminal knows.
    __outlive_tell_directory() {
        emulate -L zsh -o no_multibyte -o extended_glob
        local MATCH MBEGIN MEND text=${PWD//(#m)[^a-zA-Z0-9\/._~-]/%${(l:2::0:)$(([##16]#MATCH))}}
        builtin printf '\e]7;file://%s%s\a' "$HOST" "$text"
    }

    typeset -ga precmd_functions preexec_functions
    precmd_functions=(__outlive_start $precmd_functions)
fi

if [[ -r ${ZDOTDIR:-$HOME}/.zshenv ]]; then
    builtin source "${ZDOTDIR:-$HOME}/.zshenv"
fi
