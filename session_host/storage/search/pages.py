"""Pages: some lines of one session, stored and found together. Pure."""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

import msgspec

from .query import folded

MAX_PAGE_LINES: Final = 32
MAX_PAGE_CHARACTERS: Final = 8192
"""A page with this many lines or characters is full."""

MAX_LINE_CHARACTERS: Final = 8192
"""Readers split longer lines."""

_ID_BITS: Final = 8
"""How many bits of a page id distinguish pages of the same time."""

_ID_TIME_NS: Final = 16_000_000_000
"""The unit of the time in a page id: with microseconds, the index's lists of ids would take three times the space."""

_MAX_TIME: Final = 1 << (62 - _ID_BITS)
_COMPRESSION_LEVEL: Final = 1

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[int, int, str]])


class Line(NamedTuple):
    """One line that was shown."""

    number: int
    """The line's number in its session, from 1."""
    offset: int
    """The offset of the output after which the line was on the screen."""
    time_ns: int
    text: str


class DamagedPage(ValueError):
    """A page's data cannot be decoded."""


class Page:
    """Lines with consecutive numbers.

    Attributes:
        first: the number of its first line.
        lines: at least one; only ``add_line`` and ``replace`` change them.
    """

    def __init__(self, first: int, lines: list[Line]) -> None:
        self.first = first
        self.lines = lines
        self._characters = sum(len(line.text) for line in lines)

    @classmethod
    def of(cls, first: int, data: bytes) -> Page:
        """Restore a page from its ``data``.

        Raises:
            DamagedPage: the data is not a page.
        """
        try:
            rows = _decoder.decode(zlib.decompress(data))
        except (zlib.error, msgspec.MsgspecError) as error:
            raise DamagedPage(str(error)) from error
        return cls(first, [Line(first + index, *row) for index, row in enumerate(rows)])

    @property
    def data(self) -> bytes:
        """The page as stored."""
        rows = [(line.offset, line.time_ns, line.text) for line in self.lines]
        return zlib.compress(_encoder.encode(rows), _COMPRESSION_LEVEL)

    @property
    def text(self) -> str:
        """The page's text as indexed for searching."""
        return folded("\n".join([line.text for line in self.lines]))

    @property
    def characters(self) -> int:
        """How many characters all its lines have."""
        return self._characters

    @property
    def is_full(self) -> bool:
        """Whether the next line begins another page."""
        return len(self.lines) >= MAX_PAGE_LINES or self._characters >= MAX_PAGE_CHARACTERS

    def add_line(self, line: Line) -> None:
        """Append a line."""
        self.lines.append(line)
        self._characters += len(line.text)

    def replace(self, line: Line) -> None:
        """Replace the line that has this line's number."""
        index = line.number - self.first
        self._characters += len(line.text) - len(self.lines[index].text)
        self.lines[index] = line

    def has(self, number: int) -> bool:
        """Whether the page has the line of this number."""
        return self.first <= number < self.first + len(self.lines)

    @property
    def least_id(self) -> int:
        """The lowest possible id of the page, made from the time of its newest line."""
        time = max(line.time_ns for line in self.lines) // _ID_TIME_NS
        return (min(max(time, 0), _MAX_TIME) << _ID_BITS) + 1


def newest_ns(page_id: int) -> int:
    """The time of the newest line that a page with this id can have."""
    return ((page_id >> _ID_BITS) + 1) * _ID_TIME_NS


def clean(text: str) -> str:
    """Replace characters that cannot be stored: lone surrogates, line ends and NUL."""
    if text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", " ").replace("\n", " ")
