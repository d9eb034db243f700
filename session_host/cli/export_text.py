"""A recording as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from session_host.cli.export_lines import lines_of, text_of_row
from session_host.cli.recording import Missing, Recording

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")


def text_of(recording: Recording) -> Iterator[str]:
    """The text, line by line, each with its line feed."""
    blank = 0
    """Lines of blanks in colour at the end show nothing here."""
    for line in lines_of(recording):
        text = (
            f"[{line}]" if isinstance(line, Missing) else CONTROLS.sub(" ", "".join(map(text_of_row, line))).rstrip(" ")
        )
        if text:
            yield "\n" * blank + text + "\n"
            blank = 0
        else:
            blank += 1
