"""Events that an emulator finds in a program's output, such as a new title, a bell or a notification."""

from __future__ import annotations

from typing import Literal, NamedTuple


class TitleChanged(NamedTuple):
    """OSC 0/2. Control characters are stripped."""

    title: str


class Bell(NamedTuple):
    """BEL outside a sequence."""


class Notification(NamedTuple):
    """OSC 9, 99 or 777; it replaces an earlier one with the same ``identity`` (OSC 99; "" for none)."""

    title: str
    body: str
    identity: str = ""


class Progress(NamedTuple):
    """OSC 9;4. ``percent`` is None if not given."""

    state: Literal["none", "running", "error", "indeterminate", "paused"]
    percent: int | None


class AgentState(NamedTuple):
    """OSC 7501, the Program Status Protocol: a program's own report of its activity; the raw parameters.

    Source: https://www.superlogical.com/rex/docs/build/program-status, revision 0.4. Claude Code reports only to a
    terminal that answered its query before it answered DA1, the next query.
    """

    parameters: str


class ClipboardSet(NamedTuple):
    """OSC 52 write. Reads are never answered. ``targets``: "c" for the clipboard, "p" for the primary selection."""

    text: str
    targets: str = "c"


class CommandBegan(NamedTuple):
    """OSC 133;C: a shell runs a command."""


class CommandEnded(NamedTuple):
    """OSC 133;D: a shell's command ended. ``exit_code`` is None if not given."""

    exit_code: int | None


TerminalEvent = TitleChanged | Bell | Notification | Progress | AgentState | ClipboardSet | CommandBegan | CommandEnded
