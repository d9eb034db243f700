"""The standard error of a program without a terminal, which goes to a file."""

from __future__ import annotations

import os

from session_host.protocol.untrusted_text import without_escapes

SHOWN_BYTES = 2000
SHOWN_LINES = 8


def last_errors(path: str) -> str:
    """The last lines of the file without escape sequences; "" if there are none, or it cannot be read."""
    if not path:
        return ""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path's open is slower, and says the same
            length = os.fstat(file.fileno()).st_size
            file.seek(max(0, length - SHOWN_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(line for line in without_escapes(text).splitlines()[-SHOWN_LINES:] if line.strip())
