"""Which links of a program's output may be opened, and how they are shown before."""

from __future__ import annotations

from urllib.parse import urlsplit

ALLOWED_SCHEMES = frozenset({"http", "https", "mailto", "file"})
_LONGEST_SHOWN = 300


def may_open(uri: str) -> bool:
    """Whether a link is of a kind that may be handed to the desktop."""
    if not uri.isprintable():
        return False
    try:
        return urlsplit(uri).scheme.lower() in ALLOWED_SCHEMES
    except ValueError:
        return False


def shown(uri: str) -> str:
    """The target as a tooltip shows it: whole, but for overlong ones, and without anything unprintable."""
    text = "".join(character if character.isprintable() else "�" for character in uri)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
