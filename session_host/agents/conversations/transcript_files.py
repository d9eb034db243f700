"""Finds the files of agents' conversations by the ends of their names, and texts in them."""

from __future__ import annotations

import glob
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

_PIECE_BYTES: Final = 1 << 16
_LONGEST_MATCH_BYTES: Final = 64
_KEY_CHARACTERS: Final = 8


class TranscriptFiles:
    """Lists of files, each read once.

    A pass over many chats has one, so that it reads each directory once, and not once for each chat.
    """

    def __init__(self) -> None:
        self._lists: dict[tuple[Path, str], dict[str, list[str]]] = {}

    def named(self, parent: Path, pattern: str, ending: str) -> list[Path]:
        """The files below ``parent`` with paths that match ``pattern`` (glob(7)), and names that end with ``ending``.

        Args:
            parent: the directory.
            pattern: the pattern of the relative paths; its names do not begin with a dot.
            ending: the whole name without its suffix, or all after a "-" in it.
        """
        files = self._lists.get((parent, pattern))
        if files is None:
            files = self._lists[parent, pattern] = defaultdict(list)
            for name in glob.iglob(pattern, root_dir=parent):  # noqa: PTH207 - names, without a path object for each
                files[_stem(name)[-_KEY_CHARACTERS:]].append(name)
        named = files.get(ending[-_KEY_CHARACTERS:], ())
        return [parent / name for name in named if f"-{_stem(name)}".endswith(f"-{ending}")]


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def has_text(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Whether a file has a match of at most 64 bytes; reads no further than that.

    Raises:
        OSError: the file cannot be read.
    """
    tail = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            if pattern.search(tail + piece):
                return True
            tail = piece[-_LONGEST_MATCH_BYTES:]
    return False
