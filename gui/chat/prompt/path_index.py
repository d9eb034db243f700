"""Finds paths by a few typed letters, the best first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import compress, islice
from typing import Final, NamedTuple

from gui.finding.fuzzy_match import Fit, fit

MAX_OFFERED: Final = 50
_MAX_SCORED: Final = 300
"""The maximum number of paths that are scored: first those with the typed text in the name, then in the path."""
_IN_NAME: Final = 8
"""The bonus for a match within the path's last part."""


class Match(NamedTuple):
    """A path that matches.

    Attributes:
        path: the path.
        positions: the matched characters.
    """

    path: str
    positions: tuple[int, ...]


class PathIndex:
    """Paths in an order that finds the best matches of some typed letters quickly."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._paths = sorted(paths)
        self._paths.sort(key=len)
        self._small = [path.lower() for path in self._paths]

    def matching(self, typed: str) -> list[Match]:
        """The paths that match, best first: as in fzf, and a match within the name counts more.

        After a folder with its "/", first all that is in the folder.
        """
        if not typed:
            return [Match(path, ()) for path in self._paths[:MAX_OFFERED]]
        found = [
            (_is_outside(typed, path), best.is_scattered, -best.score, Match(path, best.positions))
            for path in self._likeliest(typed.lower())
            if not (path == typed and path.endswith("/")) and (best := _best(typed, path)) is not None
        ]
        found.sort(key=lambda each: each[:3])  # Equal matches keep their order: shorter paths first.
        return [each[-1] for each in found[:MAX_OFFERED]]

    def _likeliest(self, typed: str) -> list[str]:
        """At most ``_MAX_SCORED`` paths that have the typed letters in their order."""
        has_text = [typed in small for small in self._small]
        likely = list(compress(zip(self._paths, self._small, strict=True), has_text))
        if len(likely) > _MAX_SCORED:
            likely.sort(key=lambda each: _is_outside(typed, each[1]) or each[1].find(typed, _name_start(each[1])) < 0)
        chosen = [path for path, _small in likely[:_MAX_SCORED]]
        if len(chosen) < _MAX_SCORED:
            in_order = _in_order(typed)
            others = (
                path
                for path, small, has in zip(self._paths, self._small, has_text, strict=True)
                if not has and in_order(small)
            )
            chosen += islice(others, _MAX_SCORED - len(chosen))
        return chosen


def _best(typed: str, path: str) -> Fit | None:
    """The match within the path's last part, unless that in the whole path is better."""
    whole = fit(typed, path)
    start = _name_start(path)
    if whole is None or (named := fit(typed, path[start:])) is None:
        return whole
    named = Fit(named.score + _IN_NAME, tuple(start + index for index in named.positions), named.is_scattered)
    return min(named, whole, key=lambda each: (each.is_scattered, -each.score))


def _is_outside(typed: str, path: str) -> bool:
    """Whether a folder is typed, and the path is not in it."""
    return typed.endswith("/") and not path.startswith(typed)


def _name_start(path: str) -> int:
    """The index at which the last part of a path begins."""
    return path.rfind("/", 0, len(path) - 1) + 1


def _in_order(typed: str) -> Callable[[str], object]:
    """Whether a text has these letters in their order, without backtracking."""
    letters = [re.escape(letter) for letter in typed]
    return re.compile("".join(f"[^{letter}]*+{letter}" for letter in letters)).match
