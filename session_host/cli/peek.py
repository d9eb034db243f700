"""``outlive peek``: a chat's screen as text."""

from __future__ import annotations

import argparse

from session_host.cli.arguments import add_session_argument
from session_host.cli.output import print_json
from session_host.cli.session_argument import ask, find
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import HostUnavailable, SessionEnded, UsageError
from session_host.protocol.messages import Peek, Screen
from session_host.protocol.values import RUNNING_STATES
from session_host.standing.endings import how_ended
from session_host.standing.traits import traits_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("--lines", metavar="N", type=int, default=0, help="only the last N lines")
    parser.add_argument("--scrollback", action="store_true", help="include the scrollback")
    parser.add_argument("--ansi", action="store_true", help="keep colours and styles (escape sequences)")
    parser.add_argument("--json", action="store_true", help="print lines, cursor, title and size as JSON")


def run(options: argparse.Namespace) -> int:
    """Print the screen, or the last screen of an ended session."""
    if options.lines < 0:
        raise UsageError("--lines needs a number of lines; 0 for all")
    screen = read_screen(find(options.session), options.lines, scrollback=options.scrollback, ansi=options.ansi)
    if options.json:
        print_json(as_json(screen))
        return 0
    lines = list(screen.lines)
    while lines and not lines[-1]:
        lines.pop()
    for line in lines:
        print(line)
    return 0


def read_screen(
    info: SessionInfo, lines: int = 0, *, scrollback: bool = False, ansi: bool = False, command: int = 0
) -> Screen:
    """Read a session's screen from its host, or the saved one; see ``messages.Peek``.

    Raises:
        SessionEnded: the session has ended, and no screen was kept.
        HostUnavailable: the session's host does not answer.
    """
    request = Peek(0, lines, scrollback, ansi, command)
    if info.state in RUNNING_STATES or info.has_host:
        try:
            screen: Screen = ask(info.id, request)
            return screen
        except HostUnavailable:
            # The session may have ended since the lookup.
            info = find(info.id)
            if info.state in RUNNING_STATES:
                raise
    return _last_screen(info, request)


def _last_screen(info: SessionInfo, request: Peek) -> Screen:
    from session_host.client.chats.retention import note_viewed
    from session_host.client.sessions.last_screen import last_screen
    from session_host.storage.last_transcript import last_transcript
    from session_host.terminal.command_line import output_screen
    from session_host.terminal.text import screen_of

    note_viewed(info.id)
    if traits_of(info.facts).has_transcript:
        from session_host.structured.text import screen_of as screen_of_transcript

        if (transcript := last_transcript(info.id)) is None:
            raise SessionEnded(f"{info.name} {how_ended(info.facts).predicate}; nothing of it was saved")
        return screen_of_transcript(transcript, request)
    emulator = last_screen(info.id)
    if emulator is None:
        raise SessionEnded(f"{info.name} {how_ended(info.facts).predicate}; no screen was saved")
    try:
        return output_screen(emulator, request) if request.command else screen_of(emulator, request)
    finally:
        emulator.close()


def as_json(screen: Screen) -> dict[str, object]:
    """The screen as the documented JSON object."""
    return {
        "lines": screen.lines,
        "cursor": {
            "column": screen.cursor_column,
            "row": screen.cursor_row,
            "visible": screen.cursor_visible,
        },
        "title": screen.title,
        "cols": screen.size.columns,
        "rows": screen.size.rows,
        "alternate_screen": screen.alternate_screen,
        "scrollback_lines": screen.scrollback_lines,
    }
