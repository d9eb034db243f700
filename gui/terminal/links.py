"""Which links of a program's output may be opened, and how they are shown before."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

ALLOWED_SCHEMES = frozenset({"http", "https", "mailto", "file"})
_LONGEST_SHOWN = 300
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
"""RFC 3986, 3.1; nothing may stand before it."""


def may_open(uri: str) -> bool:
    """Whether a link is of a kind that may be handed to the desktop."""
    if not (_SCHEME.match(uri) and uri.isprintable()):
        return False
    try:
        return urlsplit(uri).scheme in ALLOWED_SCHEMES
    except ValueError:
        return False


def shown(uri: str) -> str:
    """The target as a tooltip shows it: whole, but for overlong ones, and without anything unprintable."""
    text = "".join(character if character.isprintable() else "�" for character in uri)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
