"""Branch and directory names derived from the user's names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

PREFIX = "outlive/"
"""The prefix of branches that are named after chats."""

_MAX_BYTES = 80
"""A directory's name may have 255 bytes; a build below the directory needs some of the 4,096 bytes of a path."""

_NOT_IN_NAMES = re.compile(r"[^\w.+=-]+")


def slug(text: str) -> str:
    """Turn a text into a name of a branch and a directory: letters, digits and ``._+=-``; all else becomes a dash.

    Letters of every script stay. The name keeps the rules of git-check-ref-format(1): no ``..``, no ``.lock`` at
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
    """A new branch's name for a chat: ``outlive/<chat>``, numbered if that branch exists.

    A branch is either a file or, as ``a`` of ``a/b``, a directory. Where a branch ``outlive`` exists, the chats'
    branches are ``outlive-<chat>``.
    """
    prefix = PREFIX if not _clashes(PREFIX.rstrip("/"), taken, below=False) else PREFIX.replace("/", "-")
    return next(name for name in numbered(f"{prefix}{slug(chat)}") if not _clashes(name, taken, below=True))


def _clashes(name: str, taken: Collection[str], *, below: bool) -> bool:
    """Whether a branch of this name exists, ignoring case as some disks do; with ``below``, also a branch below it."""
    wanted = name.casefold()
    folded = [other.casefold() for other in taken]
    return wanted in folded or (below and any(other.startswith(f"{wanted}/") for other in folded))
