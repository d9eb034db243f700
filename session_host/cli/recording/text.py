"""A recording as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from session_host.cli.recording.lines import texts_of
from session_host.cli.recording.recording import Gap, GapKind, Recording

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROLS_BUT_LINE_FEEDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def text_of(recording: Recording) -> Iterator[str]:
    """Yield the text in pieces of whole lines, without trailing blanks and without blank lines at the end."""
    unfinished: list[str] = []
    blank_lines = ""
    end = ""
    for part in texts_of(recording):
        if isinstance(part, Gap):
            piece = f"[{part}]\n"
            if part.kind is GapKind.END:
                blank_lines = end  # Without the blank lines of the last screen.
        elif not part.endswith("\n"):
            unfinished.append(part)
            continue
        else:
            unfinished.append(part)
            piece = _CONTROLS_BUT_LINE_FEEDS.sub(" ", "".join(unfinished))
            if " \n" in piece:
                piece = "\n".join([line.rstrip(" ") for line in piece.split("\n")])
            unfinished.clear()
        lines = piece.rstrip("\n")
        if lines:
            yield blank_lines
            yield lines
            blank_lines, end = "", "\n"
        blank_lines += piece[len(lines) :]
    rest = _CONTROLS_BUT_LINE_FEEDS.sub(" ", "".join(unfinished)).rstrip(" ")
    if rest:
        yield blank_lines + rest
        end = "\n"
    yield end
