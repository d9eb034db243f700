"""Commands and rules in the form that people read, next to the exact one. Pure.

A short form never hides that there is more: a cut text has "…" in its middle and keeps both ends, and rules that are
left out are counted. An answer covers the exact text, which the user can always see.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from session_host.protocol.untrusted_text import escaped

TITLE_CHARACTERS: Final = 120
"""The most characters of a command in a title."""
RULE_CHARACTERS: Final = 60
"""The most characters of a rule on a button."""
NAME_CHARACTERS: Final = 100
"""The most characters of the agent's name for an answer on a button."""
WORK_CHARACTERS: Final = 80
"""The most characters of a command, or of a sub-agent's task, that runs in the background."""

_LINE_END: Final = " ⏎ "
_CUT: Final = " … "
_WORD_CHARACTERS: Final = 12
"""Fewer characters of a word that is cut are left out."""
_WORD: Final = r"""(?:'[^']*'|"(?:[^"\\$`]|\\.)*"|[\w@%+=:,./-])+"""
"""One word of a shell's line that the shell takes as it is: it has no expansion, operator or redirection."""
_WRAPPER: Final = re.compile(rf"(?:/bin/|/usr/bin/|/usr/local/bin/)?(?:ba|z)?sh -l?c ({_WORD})", re.ASCII | re.DOTALL)
"""A shell of the system that runs one script. A program of such a name elsewhere may do anything."""
_PARTS: Final = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|(.)""", re.DOTALL)
_IN_QUOTES: Final = re.compile(r'\\(?:([$`"\\])|\n)', re.DOTALL)
"""The escapes between double quotes, of which ``shlex`` gets some wrong."""


def shown_command(command: str) -> str:
    """A command without the shell that runs it: ``npm test`` for ``/bin/bash -lc 'npm test'``.

    Any other command is returned as it is, such as one with a second script, a variable or a redirection.
    """
    found = _WRAPPER.fullmatch(command)
    script = "".join(map(_unquoted, _PARTS.finditer(found[1]))) if found is not None else ""
    return script if script.strip() and not script.startswith("-") else command


def short_subject(command: str) -> str:
    """The command inside of a shell; "" if it has none."""
    return shown if (shown := shown_command(command)) != command else ""


def _unquoted(part: re.Match[str]) -> str:
    quoted, in_quotes, bare = part.groups()
    return quoted or (_IN_QUOTES.sub(lambda escape: escape[1] or "", in_quotes) if in_quotes else bare or "")


def cut(text: str, characters: int = TITLE_CHARACTERS) -> str:
    """A text in one line; a long one has "…" in its middle. Misleading characters become escapes."""
    lines = [line.replace("\t", " ").strip() for line in escaped(text).split("\n")]
    line = _LINE_END.join(filter(None, lines))
    if len(line) <= characters:
        return line
    line = " ".join(line.split())  # Blanks do not push the end away.
    if len(line) <= characters:
        return line
    room = characters - len(_CUT)
    begin, end = line[: room - room // 2], line[-(room // 2) :]
    first, _, part = begin.rpartition(" ")
    begin = first if len(part) < _WORD_CHARACTERS and first else begin
    part, _, last = end.partition(" ")
    end = last if len(part) < _WORD_CHARACTERS and last else end
    return f"{begin.rstrip()}{_CUT}{end.lstrip()}"


def short_rule(command: str, *, is_beginning: bool) -> str:
    """A rule about a command: "`npm test`", and "…" after it if it is about all commands that begin so."""
    return f"`{cut(shown_command(command), RULE_CHARACTERS)}`{'…' if is_beginning else ''}"


def sub_agents(count: int) -> list[str]:
    """Sub-agents without names, as an entry of a list of work; [] for none."""
    return [] if not count else ["a sub-agent"] if count == 1 else [f"{count} sub-agents"]


def counted(rules: Sequence[str]) -> str:
    """Rules in a line: those that have room, the first one in any case, and how many more there are."""
    shown = list(rules[:1])
    for rule in rules[1:]:
        if len(", ".join([*shown, rule])) > RULE_CHARACTERS:
            break
        shown.append(rule)
    more = len(rules) - len(shown)
    return ", ".join(shown) + (f" and {more} more {'rules' if more > 1 else 'rule'}" if more else "")


def short_name(name: str) -> str:
    """The agent's name for an answer, cut for a button; "" if it has room."""
    return cut(name, NAME_CHARACTERS) if len(name) > NAME_CHARACTERS else ""
