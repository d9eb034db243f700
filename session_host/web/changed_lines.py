"""Lines of text for the page; those of changes without their signs, with their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from session_host.structured.text import TextLine, exact_lines, patch_lines

from .forms import ShownLine


def of_patch(patch: str) -> list[ShownLine]:
    """The lines of a patch."""
    return list(of_text(patch_lines(patch, exact_lines(patch))))


def of_text(lines: Iterable[TextLine]) -> Iterator[ShownLine]:
    """Lines with their styles; changes may be among them, each with its sign as the first character.

    The head of a further hunk becomes the count of the lines between, if there are any.
    """
    before = 0
    """The number of the last line, if that was one of a hunk and is known."""
    for text, style, changed in lines:
        if changed is None or changed.kind == "\\":
            yield text, style
        elif changed.kind == "@":
            if before and changed.old:
                yield f"{changed.old} unchanged line{'' if changed.old == 1 else 's'}", style
            elif not before:
                yield text, style
        else:
            before = changed.new or changed.old
            code = text[1:] if text[:1] in {"+", "-", " "} else text
            yield (code, style, before) if before else (code, style)
        if changed is None:
            before = 0
