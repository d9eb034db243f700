"""Writes the man page and the shells' completions, from the same texts as ``outlive COMMAND --help``.

    python installers/command_line_files.py DIRECTORY

The files get their places as below ``share``. Runs when a package is built: shtab and argparse-manpage, which format
them, are no dependencies of the product.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, cast

import shtab
from argparse_manpage.manpage import Manpage

from session_host.agents.catalog import BUILT_IN_DIRECTORY
from session_host.cli.arguments import Parser
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
.SH ENVIRONMENT
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
"""The subcommands that need a running chat; the others take ended ones as well."""

# Names are on lines of their own. A name with a quote or a backslash is escaped in JSON, and left out.
_READ_NAMES = r"""2>/dev/null | sed -nE '/[\]/d; s/^    "name": "(.*)",$/\1/p'"""
PREAMBLES = {
    "bash": rf"""
_outlive_names() {{
  local name word=$1
  shift
  outlive ls --json "$@" {_READ_NAMES} | while IFS= read -r name; do
    case "$name" in "$word"*) printf '%q\n' "$name" ;; esac
  done
}}
_outlive_running() {{ _outlive_names "$1"; }}
_outlive_all() {{ _outlive_names "$1" --all; }}
_outlive_agents() {{ compgen -W "AGENTS" -- "$1"; }}
""",
    "zsh": rf"""
_outlive_names() {{
  local -a names
  names=(${{(f)"$(outlive ls --json "$@" {_READ_NAMES})"}})
  compadd -- $names
}}
_outlive_running() {{ _outlive_names }}
_outlive_all() {{ _outlive_names --all }}
_outlive_agents() {{ compadd -- AGENTS }}
""",
    "fish": rf"""
function _outlive_names
  outlive ls --json $argv {_READ_NAMES}
end
function _outlive_running
  _outlive_names
end
function _outlive_all
  _outlive_names --all
end
function _outlive_agents
  printf '%s\n' AGENTS
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
    agents = " ".join(sorted(path.stem for path in BUILT_IN_DIRECTORY.glob("*.toml")))
    preambles = {shell: text.replace("AGENTS", agents) for shell, text in PREAMBLES.items()}
    completions = {
        path: shtab.complete(command_line(), shell, preamble=preambles[shell]) for shell, path in PATHS.items()
    }
    return {MAN_PAGE: _man_page(), **completions}


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
    chats = "_outlive_running" if subcommand in RUNNING_ONLY else "_outlive_all"
    by_metavar = {
        "CHAT": _function(chats),
        "CHAT|FILE": _function(chats),
        "AGENT": _function("_outlive_agents"),
        "FILE": shtab.FILE,
        "DIR": shtab.DIRECTORY,
    }
    if action.metavar in by_metavar:
        action.complete = by_metavar[action.metavar]


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
