"""The files that a prompt mentions: ``@path`` or ``@"path with spaces"``."""

from __future__ import annotations

import re

_MENTION = re.compile(r'(?<![^\s(\[])@(?:"([^"\n]+)"|([^\s"@()\[\]]+))')
_OPEN = re.compile(r'(?<![^\s(\[])@"[^"\n]*\Z')
_TRAILING = ".,;:!?"


def mentions(text: str) -> list[str]:
    """The paths that a text mentions, each once.

    A mention is a path if it has a slash or an extension, or if it is in quotation marks. An e-mail address and a
    name such as ``@alice`` are not paths.
    """
    paths: dict[str, None] = {}
    for match in _MENTION.finditer(text):
        quoted, plain = match.groups()
        path = quoted or plain.rstrip(_TRAILING)
        if path and (quoted or "/" in path or "." in path[1:]):
            paths[path] = None
    return list(paths)


def mention(path: str) -> str:
    """The text that mentions a path, so that ``mentions`` finds it: ``@src/a.py``, ``@./Makefile``, ``@"a b.txt"``."""
    for text, found in ((f"@{path}", path), (f"@./{path}", f"./{path}"), (f'@"{path}"', path)):
        if mentions(text) == [found]:
            return text
    return f"@{path}"


def open_mention(text: str) -> str:
    """The mention at the end of a text that still lacks its second quotation mark; "" for none."""
    match = _OPEN.search(text)
    return match.group() if match is not None else ""
