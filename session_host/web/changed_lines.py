"""Lines of text for the page; those of changes without their signs, with their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from session_host.structured.text import exact_lines, patch_style

from .forms import Line

_HUNK = re.compile(r"@@ -(\d+)\S* \+(\d+)")
_SIGN = re.compile("\\A[-+− ]")


def of_patch(patch: str) -> list[Line]:
    """The lines of a patch."""
    return list(numbered((line, patch_style(line)) for line in exact_lines(patch)))


def of_text(lines: Iterable[tuple[str, str]]) -> list[Line]:
    """Lines with their styles; changes may be among them."""
    found = list(lines)
    return list(numbered(found)) if {style for _, style in found} & {"added", "removed"} else list(found)


def numbered(lines: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Lines of changes: numbered where hunk heads tell the numbers, as the old or the new file has them.

    The head of a further hunk becomes the count of the lines between, if there are any.
    """
    before = after = 0
    for text, style in lines:
        if style == "dim":
            hunk = _HUNK.match(text)
            skipped = int(hunk[2]) - after if hunk is not None and after else 0
            if hunk is not None and after and not skipped:
                before = int(hunk[1])
                continue
            if hunk is not None:
                before, after = int(hunk[1]), int(hunk[2])
            yield (f"{skipped} unchanged line{'' if skipped == 1 else 's'}" if skipped > 0 else text), style
            continue
        code = _SIGN.sub("", text, count=1)
        if not (before or after):
            yield code, style
            continue
        yield code, style, before if style == "removed" else after
        before += style != "added"
        after += style != "removed"
