# Marks prompts and commands of an interactive bash for Outlive (OSC 133), and its directory (OSC 7). The title that a
# command sets ends with the command: the earlier one is saved and restored (CSI 22 t, CSI 23 t).
#
# Outlive starts bash with POSIXLY_CORRECT and ENV set to this file: a bash in POSIX mode reads it, and no other startup
# file. So this file leaves that mode, takes the variables back, and reads the files that bash would have read.
# Nothing here fails under `set -e` or `set -u`.

if [[ -z ${BASH_VERSION-} || $- != *i* ]]; then
    return 0
fi

set +o posix
shopt -u inherit_errexit 2>/dev/null  # POSIX mode has set it
unset POSIXLY_CORRECT
if [[ -n ${OUTLIVE_ENV+set} ]]; then
    export ENV=$OUTLIVE_ENV
else
    unset ENV
fi
if [[ ${HISTFILE-} == "$HOME/.sh_history" && -z ${OUTLIVE_HISTFILE+set} ]]; then
    HISTFILE=$HOME/.bash_history  # the name outside of POSIX mode
fi
unset OUTLIVE_ENV OUTLIVE_HISTFILE

# The functions come first: the user's aliases would change them.

__outlive_shell=$$
__outlive_counter='\#'
__outlive_count=
__outlive_directory=
__outlive_address=
__outlive_begin="\\[\\e]133;A;redraw=0;redraws=last;aid=$$\\a\\]"
__outlive_input='\[\e]133;B\a\]'
__outlive_run='\e]133;C$(__outlive_line)\a\e[22;2t'
__outlive_continued='\[\e]133;P;k=s\a\]'

# The directory's address; characters besides these are written as the bytes of UTF-8. Each prompt tells it: a reset of
# the terminal, or a program that tells its own directory, may have changed what the terminal knows.
__outlive_tell_directory() {
    if [[ $PWD != "$__outlive_directory" ]]; then
        __outlive_directory=$PWD
        __outlive_encode "$PWD"
        __outlive_address=$__outlive_encoded
    fi
    builtin printf '\e]7;file://%s%s\a' "${HOSTNAME-}" "$__outlive_address"
}

__outlive_encode() {
    local LC_ALL=C text=$1 safe code
    __outlive_encoded=
    while [[ $text == *[!a-zA-Z0-9/._~-]* ]]; do
        safe=${text%%[!a-zA-Z0-9/._~-]*}
        text=${text#"$safe"}
        builtin printf -v code '%d' "'${text:0:1}"
        builtin printf -v code '%%%02X' "$(( code & 255 ))"
        __outlive_encoded+=$safe$code
        text=${text:1}
    done
    __outlive_encoded+=$text
}

# The command line, for the mark of its output. Only the history has it as a whole, and not always: HISTCONTROL may leave
# it out. Then the newest line there has not the number that the prompt had. A line that is too long is left out, too: a
# part of it would be another command.
__outlive_line() {
    local HISTTIMEFORMAT= line number
    line=$(builtin history 1)
    line=${line#"${line%%[0-9]*}"}
    number=${line%%[!0-9]*}
    line=${line#"$number"? }
    if [[ -n $number && $number == "${__outlive_number-}" && ${#line} -le 1000 ]] && (( HISTCMD == number + 1 )); then
        __outlive_encode "$line"
        builtin printf ';cmdline_url=%s' "$__outlive_encoded"
    fi
}

# First of the commands before a prompt: it knows how the last command ended. One that a signal ended may have left an
# unfinished sequence, which would swallow the mark (CAN and ST end it), attributes of text and an open link. Ctrl+C at a
# prompt has such a code, too, and no command: "\#" counts the commands.
__outlive_ended() {
    local code=$?
    if [[ -n ${__outlive_marks-} ]]; then
        if (( code > 128 )) && [[ ${__outlive_counter@P} != "$__outlive_count" ]]; then
            builtin printf '\x18\e\\\e[0m\e]8;;\e\\'
        fi
        builtin printf '\e]133;D;%d;aid=%d\a\e[23;2t' "$code" "$__outlive_shell"
    fi
    if [[ $- == *e* ]]; then
        return 0
    fi
    return "$code"
}

# Last of them: the others may have set the prompt.
__outlive_prompt() {
    if [[ ${PS1-} != *"$__outlive_begin"* ]]; then
        if [[ "${PS1-}${PS0-}" == *'133;'[ACP]* && ${PS0-} != *"$__outlive_run"* ]]; then
            return 0  # the user's own marks
        fi
        PS1=$__outlive_begin${PS1-}$__outlive_input
    fi
    if [[ ${PS0-} != *"$__outlive_run"* ]]; then
        PS0=${PS0-}$__outlive_run
    fi
    if [[ -n ${PS2-} && $PS2 != *"$__outlive_continued"* ]]; then
        PS2=$__outlive_continued$PS2$__outlive_input
    fi
    __outlive_marks=1
    __outlive_number=${HISTCMD-}
    __outlive_count=${__outlive_counter@P}
    __outlive_tell_directory
}

if shopt -q login_shell; then
    if [[ -r /etc/profile ]]; then . /etc/profile; fi
    if [[ -r ~/.bash_profile ]]; then . ~/.bash_profile
    elif [[ -r ~/.bash_login ]]; then . ~/.bash_login
    elif [[ -r ~/.profile ]]; then . ~/.profile
    fi
else
    if [[ -r /etc/bash.bashrc ]]; then . /etc/bash.bashrc
    elif [[ -r /etc/bash/bashrc ]]; then . /etc/bash/bashrc
    fi
    if [[ -r ~/.bashrc ]]; then . ~/.bashrc; fi
fi

if ! shopt -q promptvars; then
    __outlive_run='\e]133;C\a\e[22;2t'  # no commands in prompts
fi

# PS0, which begins a command's output, exists since bash 4.4.
if (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404 )); then
    return 0
fi

if [[ "${PS1-}${PS0-}${PROMPT_COMMAND[*]-}" != *'133;'* ]]; then
    if (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501 )); then
        if [[ -n ${PROMPT_COMMAND[*]-} ]]; then
            PROMPT_COMMAND=(__outlive_ended "${PROMPT_COMMAND[@]}" __outlive_prompt)
        else
            PROMPT_COMMAND=(__outlive_ended __outlive_prompt)
        fi
    else
        PROMPT_COMMAND=__outlive_ended$'\n'${PROMPT_COMMAND-}$'\n'__outlive_prompt
    fi
fi
