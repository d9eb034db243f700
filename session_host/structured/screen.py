"""The end of a transcript as a terminal's screen, for replies to Peek. Pure."""

from __future__ import annotations

from typing import Final

from session_host.protocol.messages import Peek, Screen

from .engine import SIZE
from .text import all_lines, end_of, ending_lines, item_lines, last_lines
from .text_line import LineStyle, TextLine
from .transcript import Transcript

SGR: Final[dict[LineStyle, str]] = {
    "": "", "prompt": "1;36", "heading": "1", "code": "", "dim": "2", "added": "32", "removed": "31", "failed": "31",
    "asking": "1;33",
}  # fmt: skip
"""The parameters of the escape sequence that shows a style."""


def screen_of(transcript: Transcript, request: Peek) -> Screen:
    """The reply to a Peek, in one piece.

    The screen is the end of the transcript: a terminal's height, or more if the last item or open requests need it. Of
    a very long item it has only the end; with ``scrollback``, all of it.
    """
    if request.scrollback and not request.lines:
        lines = all_lines(transcript)
    else:
        lines = last_lines(transcript, request.lines or _height(transcript))
    return Screen(
        request=request.request,
        lines=[ansi_line(line) if request.ansi else line.text for line in lines],
        cursor_column=0,
        cursor_row=min(len(lines), SIZE.rows) - 1 if lines else 0,
        cursor_visible=False,
        title=transcript.status.title,
        size=SIZE,
        alternate_screen=False,
        scrollback_lines=0,
    )


def ansi_line(line: TextLine) -> str:
    """A line with the escape sequences that show its style."""
    style = SGR[line.style]
    return f"\x1b[{style}m{line.text}\x1b[0m" if style and line.text else line.text


def _height(transcript: Transcript) -> int:
    if not len(transcript):
        return SIZE.rows
    last = item_lines(end_of(transcript[len(transcript) - 1]))
    return max(SIZE.rows, len(last) + len(ending_lines(transcript)))
