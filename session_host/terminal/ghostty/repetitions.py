"""Limits the repetitions of REP (``CSI n b``): the library would do 65,535, each as slow as a character."""

from __future__ import annotations

import re
from typing import Any, Final

from session_host.terminal.engine_constants import MAX_REPEATED_ROWS

from .library.calls import allocated, lib

_CONTROLS: Final = rb"\x00-\x17\x19\x1c-\x1f"
"""Controls within a sequence: each is executed, and the sequence continues."""

_REPETITION: Final = re.compile(rb"\x1b[%s]*\[([0-9%s]+)b" % (_CONTROLS, _CONTROLS))
_REPETITION_CONTINUES: Final = re.compile(rb"[\[0-9%s]*b" % _CONTROLS)
_ALL_CONTROLS: Final = bytes(range(0x20))
_MAX_DIGITS: Final = 9
_EXACT_LENGTHS: Final = 8


def _repetition_over(maximum: int) -> re.Pattern[bytes]:
    """A pattern for the last byte of a possible REP of more than ``maximum``; it searches for "b", not for each ESC."""
    min_digits = len(str(maximum))
    number = rb"[0-9%s]" % _CONTROLS
    exact = b"|".join(
        rb"(?<=\[%s{%d}b)" % (number, length) for length in range(min_digits, min_digits + _EXACT_LENGTHS)
    )
    longer = rb"(?<=%s{%d}b)" % (number, min_digits + _EXACT_LENGTHS)
    # The cheapest check comes first: most letters follow another one.
    return re.compile(rb"b(?<=%sb)(?<=%sb)(?:%s|%s)" % (number, number * min_digits, exact, longer))


class Repetitions:
    """REP in one terminal's output."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal

    def set_columns(self, columns: int) -> None:
        """Set the grid's width, on which the limit depends."""
        self._max_repetitions = columns * MAX_REPEATED_ROWS
        self._repetition_over = _repetition_over(self._max_repetitions).search

    def limit(self, data: bytes, *, is_ground: bool) -> bytes:
        """Limit the repetitions of REP in output; ``is_ground``: whether no sequence is open before it."""
        if not is_ground and (rest := _REPETITION_CONTINUES.match(data)):
            before = allocated(lib.ghostty_terminal_continuation_alloc, self._terminal)
            found = _REPETITION.fullmatch(before + rest[0])
            if found and self._repeats_too_often(found[1]):
                # CAN makes the library forget the digits that it has already.
                data = b"\x18" + self._limited(rest[0]) + data[rest.end() :]
        if self._repetition_over(data):
            data = _REPETITION.sub(
                lambda found: self._limited(found[0]) if self._repeats_too_often(found[1]) else found[0], data
            )
        return data

    def _repeats_too_often(self, number: bytes) -> bool:
        """Whether REP with this number, perhaps with controls in it, repeats too much."""
        digits = number.translate(None, _ALL_CONTROLS).lstrip(b"0")
        return len(digits) > _MAX_DIGITS or int(digits or b"0") > self._max_repetitions

    def _limited(self, repetition: bytes) -> bytes:
        """REP with the maximum number; controls in it stay."""
        controls = repetition.translate(None, b"\x1b[0123456789b")
        return b"\x1b[%s%db" % (controls, self._max_repetitions)
