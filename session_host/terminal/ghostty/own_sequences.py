"""Finds the control sequences that the library does not know, and RIS, which resets what they have set."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_OWN: Final = re.compile(
    rb"\x1b(?:(?P<reset>c)|\[(?:(?P<soft_reset>!p)|(?P<keys>>(?:4(?:;[0-9]*)?)?m|>4n)|\?(?P<keys_query>4)(?:;[0-9]*)?m"
    rb"|(?P<title>2[23])(?:;[02]?(?:;[0-9]*)?)?t|\?(?P<graphics>[12];[1-4])(?:;[0-9;]*)?S"
    rb"|\?(?P<status>6|15|25|26|53|55|56|75)n))"
)
"""RIS, DECSTR, XTMODKEYS for modifyOtherKeys and its query, XTWINOPS for the stack of titles, XTSMGRAPHICS, DECDSR."""

_continues: Final = re.compile(rb"[0-9;\[!>?]*[mnpctS]").match
_has_title_operation: Final = re.compile(rb"\x1b\[2[23](?:;[0-9;]*)?t").search
_has_graphics_query: Final = re.compile(rb"\x1b\[\?[12];[1-4][0-9;]*S").search
_has_private_query: Final = re.compile(rb"\?(?<=\x1b\[\?)[0-9;]+[nm]").search


class OwnSequence(NamedTuple):
    """A sequence: where it ends in the output, its kind (a group of ``_OWN``), and the part of it that matters."""

    end: int
    kind: str
    value: bytes


def may_begin(data: bytes) -> bool:
    """Whether ``find`` may find a sequence other than RIS that begins in this output."""
    return bool(
        b"\x1b[>" in data
        or b"\x1b[!p" in data
        or (b"t" in data and _has_title_operation(data))
        or (b"?" in data and ((b"S" in data and _has_graphics_query(data)) or _has_private_query(data)))
    )


def find(data: bytes, start: int = 0) -> list[OwnSequence]:
    """The sequences in output from a position on."""
    return [OwnSequence(one.end(), one.lastgroup or "", one[one.lastgroup or 0]) for one in _OWN.finditer(data, start)]


def length_of_rest(data: bytes) -> int:
    """How many bytes of this output may complete a sequence that the output before has begun; 0 if none do."""
    rest = _continues(data)
    return rest.end() if rest else 0
