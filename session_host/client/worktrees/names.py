"""Branch and directory names derived from the user's names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

PREFIX = "outlive/"
"""Of the branches that are named after chats."""

_MAX_BYTES = 80
"""A directory's name may have 255, and a build below it needs some of its path's 4,096."""

_NOT_IN_NAMES = re.compile(r"[^\w.+=-]+")


def slug(text: str) -> str:
    """Letters, digits and ``._+=-`` of a text, what lies between as dashes; fit for a branch and a directory.

    Letters of every script stay. The rules of git-check-ref-format(1) are kept: no ``..``, no ``.lock`` at
    the end, no dot or dash at the ends.
    """
    text = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", text))
    text = re.sub(r"\.{2,}", ".", re.sub(r"-{2,}", "-", text)).strip("-.")
    text = text.encode()[:_MAX_BYTES].decode(errors="ignore").strip("-.")
    while text.endswith(".lock"):
        text = text.removesuffix(".lock").strip("-.")
    return text or "chat"


def numbered(name: str) -> Iterator[str]:
    """``name``, ``name-2``, ``name-3`` and so on."""
    yield name
    number = 1
    while True:
        number += 1
        yield f"{name}-{number}"


def free_branch(chat: str, taken: Collection[str]) -> str:
    """A new branch's name for a chat: ``outlive/<chat>``, with a number if there is such a branch.

    A branch is a file or, as ``a`` of ``a/b``, a directory; one cannot be both. Where somebody has a
    branch ``outlive``, ours are ``outlive-<chat>``.
    """
    prefix = PREFIX if not _clashes(PREFIX.rstrip("/"), taken, below=False) else PREFIX.replace("/", "-")
    return next(name for name in numbered(f"{prefix}{slug(chat)}") if not _clashes(name, taken, below=True))


def _clashes(name: str, taken: Collection[str], *, below: bool) -> bool:
    """Whether a branch is there already; on some disks ``A`` is ``a``. ``below``: or others are below it."""
    wanted = name.casefold()
    folded = [other.casefold() for other in taken]
    return wanted in folded or (below and any(other.startswith(f"{wanted}/") for other in folded))
