"""Writes the man page and the shells' completions, from the same texts as ``outlive COMMAND --help``.

    python installers/command_line_files.py DIRECTORY

The files get their places as below ``share``. Runs when a package is built: shtab and argparse-manpage, which format
them, are no dependencies of the product.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import shtab
from argparse_manpage.manpage import Manpage

from session_host.agents.catalog import load_catalog
from session_host.cli.arguments import Parser
from session_host.cli.guide import pages
from session_host.cli.subcommands import SESSION_HELP, SUMMARY, USAGE, Subcommand
from session_host.commands import SUBCOMMANDS
from session_host.version import VERSION

MAN_PAGE = "man/man1/outlive.1"
PATHS = {
    "bash": "bash-completion/completions/outlive",
    "zsh": "zsh/site-functions/_outlive",
    "fish": "fish/vendor_completions.d/outlive.fish",
}

FURTHER_SECTIONS = r"""
.SH EXIT STATUS
.TP
0
done
.TP
1
failed
.TP
2
wrong arguments
.TP
3
no chat has this name or id; for approve and deny, the chat does not ask this question; for restore, it has no such
restore point
.TP
4
several chats have this name or id; for approve and deny, the chat asks several questions
.TP
5
the time of \-\-timeout has passed
.TP
6
the chat has ended; for approve and deny, the question was answered already
.TP
7
the chat's background process does not answer, or has another version (run `outlive upgrade`), or the chat's machine
is not reached
.TP
8
not allowed for an agent
.TP
9
the chat asks something; nothing was typed or answered
.TP
10
an error, a limit or the user stopped the turn
.TP
11
the events after the cursor are lost
.TP
12
the input line has a text, which send would join; nothing was typed
.SH ENVIRONMENT
.TP
OUTLIVE_SESSION
in a chat: the chat's own id
.TP
OUTLIVE_LOG_LEVEL
how much new chats log, such as debug
.TP
NO_COLOR
no colours are printed
.TP
OUTLIVE_ATTACH_BACK_DETACH=0
Left does not detach `outlive attach`
.TP
OUTLIVE_ATTACH_SIGNALS=0
`outlive attach` passes no bells, notifications, titles and copied texts on to its terminal
.TP
OUTLIVE_SHELL_INTEGRATION=0
the shell of a new chat does not mark its prompts
.SH FILES
.TP
~/.config/outlive
settings: window.toml, keys.toml, chats.toml, endpoint.toml, agents, prompts and themes (OUTLIVE_CONFIG_DIR)
.TP
~/.local/state/outlive
chats, recordings, worktrees and logs (OUTLIVE_STATE_DIR)
.TP
/tmp/outlive\-UID
sockets of running chats (OUTLIVE_RUNTIME_DIR)
""".lstrip()
"""Sections of the man page that are not in the parsers; each variable names another directory."""

RUNNING_ONLY = {"attach", "send", "approve", "deny", "wait", "stop", "kill", "upgrade"}
"""The subcommands that need a running chat."""
ENDED_ONLY = {"resume", "rm"}
"""The subcommands that need an ended chat; the others take both."""

# Names are on lines of their own. A name with a quote or a backslash is escaped in JSON, and left out.
_READ_NAMES = r"""2>/dev/null | sed -nE '/[\]/d; s/^    "name": "(.*)",$/\1/p'"""
_READ_ENDED = (
    r"""2>/dev/null | sed '/[\]/d' | awk -F '"' '/^    "id": /{n = ""} /^    "name": /{n = $4} """
    r"""/^    "state": / && n && $4 != "running" && $4 != "starting" {print n}'"""
)
# `outlive machines` would connect to each.
_MACHINES = (
    r"""sh -c 'sed -nE "s/^\"?([[:alnum:]][[:alnum:]._-]*)\"? *=.*/\1/p" """
    r""""${OUTLIVE_CONFIG_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/outlive}/machines.toml" 2>/dev/null'"""
)
_LIST = rf"""
_outlive_list() {{
  local kind=$1
  shift
  case $kind in
    running) outlive ls --json "$@" {_READ_NAMES} ;;
    ended) outlive ls --all --json "$@" {_READ_ENDED} ;;
    *) outlive ls --all --json "$@" {_READ_NAMES} ;;
  esac
}}
_outlive_device_names() {{ outlive web devices --json {_READ_NAMES}; }}
_outlive_machine_names() {{ {_MACHINES}; }}
"""
PREAMBLES = {
    # In bash, a colon ends a word, so that no chat of another machine can be offered.
    "bash": rf"""{_LIST}
_outlive_matching() {{
  local name
  while IFS= read -r name; do
    case "$name" in "$1"*) printf '%q\n' "$name" ;; esac
  done
}}
_outlive_running() {{ _outlive_list running | _outlive_matching "$1"; }}
_outlive_ended() {{ _outlive_list ended | _outlive_matching "$1"; }}
_outlive_all() {{ _outlive_list all | _outlive_matching "$1"; }}
_outlive_machines() {{ _outlive_machine_names | _outlive_matching "$1"; }}
_outlive_devices() {{ _outlive_device_names | _outlive_matching "$1"; }}
_outlive_agents() {{ compgen -W "AGENTS" -- "$1"; }}
_outlive_skilled() {{ compgen -W "SKILLED" -- "$1"; }}
_outlive_pages() {{ compgen -W "PAGES" -- "$1"; }}
""",
    "zsh": rf"""{_LIST}
_outlive_chats() {{
  local -a names
  if compset -P '*:'; then
    names=(${{(f)"$(_outlive_list $1 --on "${{IPREFIX%:}}")"}})
  else
    names=(${{(f)"$(_outlive_machine_names)"}})
    compadd -S : -- $names
    names=(${{(f)"$(_outlive_list $1)"}})
  fi
  compadd -- $names
}}
_outlive_running() {{ _outlive_chats running }}
_outlive_ended() {{ _outlive_chats ended }}
_outlive_all() {{ _outlive_chats all }}
_outlive_machines() {{ compadd -- ${{(f)"$(_outlive_machine_names)"}} }}
_outlive_devices() {{ compadd -- ${{(f)"$(_outlive_device_names)"}} }}
_outlive_agents() {{ compadd -- AGENTS }}
_outlive_skilled() {{ compadd -- SKILLED }}
_outlive_pages() {{ compadd -- PAGES }}
""",
    "fish": rf"""
function _outlive_list
  switch $argv[1]
    case running
      outlive ls --json $argv[2..] {_READ_NAMES}
    case ended
      outlive ls --all --json $argv[2..] {_READ_ENDED}
    case '*'
      outlive ls --all --json $argv[2..] {_READ_NAMES}
  end
end
function _outlive_chats
  set -l parts (string split -m 1 : -- (commandline -ct))
  if set -q parts[2]
    _outlive_list $argv[1] --on $parts[1] | string replace -r '^' "$parts[1]:"
  else
    _outlive_list $argv[1]
    _outlive_machines | string replace -r '$' ':'
  end
end
function _outlive_running
  _outlive_chats running
end
function _outlive_ended
  _outlive_chats ended
end
function _outlive_all
  _outlive_chats all
end
function _outlive_machines
  {_MACHINES}
end
function _outlive_devices
  outlive web devices --json {_READ_NAMES}
end
function _outlive_agents
  printf '%s\n' AGENTS
end
function _outlive_skilled
  printf '%s\n' SKILLED
end
function _outlive_pages
  printf '%s\n' PAGES
end
""",
}


def main() -> None:
    """Write all files below the directory named on the command line."""
    for path, text in files().items():
        file = Path(sys.argv[1], path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def files() -> dict[str, str]:
    """The text of each file, by its path below ``share``."""
    agents = load_catalog(Path("/nonexistent"))
    words = {
        "AGENTS": sorted(agents),
        "SKILLED": sorted(name for name, agent in agents.items() if agent.skills is not None),
        "PAGES": [*pages(), *SUBCOMMANDS],
    }
    completions = {
        path: shtab.complete(command_line(), shell, preamble=_filled(PREAMBLES[shell], words))
        for shell, path in PATHS.items()
    }
    return {MAN_PAGE: _man_page(), **completions}


def _filled(preamble: str, words: Mapping[str, Iterable[str]]) -> str:
    for name, each in words.items():
        preamble = preamble.replace(name, " ".join(each))
    return preamble


def command_line() -> argparse.ArgumentParser:
    """All subcommands as one parser; the command itself loads only the subcommand that it runs."""
    parser = argparse.ArgumentParser(prog="outlive", description=f"{SUMMARY}\n{SESSION_HELP}", allow_abbrev=False)
    parser.add_argument("-V", "--version", action="version", version=VERSION, help="print the version")
    subcommands = parser.add_subparsers(
        title="commands", metavar="COMMAND", parser_class=cast("type[Parser]", _subcommand_parser)
    )
    for subcommand, (_, what, _) in SUBCOMMANDS.items():
        added = subcommands.add_parser(subcommand, help=what)
        Subcommand.load(subcommand).configure(added)
        for action in added._actions:  # noqa: SLF001 - argparse lists them nowhere else
            _complete(action, subcommand)
    return parser


def _subcommand_parser(*, prog: str, **_: Any) -> Parser:
    subcommand = prog.rsplit(maxsplit=1)[-1]
    return Parser(subcommand, SUBCOMMANDS[subcommand][1])


def _complete(action: Any, subcommand: str) -> None:
    """Add to an argument what shtab looks for: how its values are completed."""
    chats = "running" if subcommand in RUNNING_ONLY else "ended" if subcommand in ENDED_ONLY else "all"
    by_metavar = {
        "CHAT": _function(f"_outlive_{chats}"),
        "CHAT|FILE": _function(f"_outlive_{chats}"),
        "AGENT": _function("_outlive_skilled" if subcommand == "skill" else "_outlive_agents"),
        "PAGE": _function("_outlive_pages"),
        "FILE": shtab.FILE,
        "DIR": shtab.DIRECTORY,
    }
    by_name = {
        "agent": _function("_outlive_agents"),
        "on": _function("_outlive_machines"),
        "revoke": _function("_outlive_devices"),
    }
    if subcommand == "machines":
        by_name["name"] = _function("_outlive_machines")
    if (found := by_metavar.get(action.metavar) or by_name.get(action.dest)) is not None:
        action.complete = found


def _function(name: str) -> dict[str, str]:
    return {"bash": name, "zsh": name, "fish": f"({name})"}


def _man_page() -> str:
    parser: Any = command_line()
    parser.usage = USAGE
    for subcommand in parser._subparsers._group_actions[0].choices.values():  # noqa: SLF001 - as above
        # argparse-manpage leaves out what `--help` prints below the options.
        subcommand.description = " ".join(filter(None, (subcommand.description, subcommand.epilog)))
    parser.man_short_description = "agent chats that outlive their window"
    page = Manpage(parser, _data={"project_name": "Outlive", "version": VERSION, "manual_title": "User Commands"})
    return f"{page}\n{FURTHER_SECTIONS}"


if __name__ == "__main__":
    main()
