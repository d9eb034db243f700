"""One command of kitty's graphics protocol: ``key=value,…;payload``."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_PAIR: Final = re.compile(rb"([A-Za-z])=(?:([A-Za-z])|(-?[0-9]{1,10}))")
_LETTERS: Final = frozenset("atdo")
_MAX_NUMBER: Final = 2**32 - 1
_MAX_CONTROL_BYTES: Final = 1024
_CONTINUES: Final = frozenset("aiIpmq")
"""Keys of a later chunk: ``m`` and ``q``; some programs repeat the others."""


class Command(NamedTuple):
    """A command: its letters and numbers by key, and the payload as it was sent."""

    letters: dict[str, str]
    numbers: dict[str, int]
    payload: bytes

    @property
    def action(self) -> str:
        """What to do: transmit, by default."""
        return self.letters.get("a", "t")

    def number(self, key: str, default: int = 0) -> int:
        """A number; only z can be negative."""
        return self.numbers.get(key, default)

    @property
    def may_continue(self) -> bool:
        """Whether this can be a later chunk of a transmission: it describes no image."""
        return self.action in "tTqf" and not (self.numbers.keys() | self.letters.keys()) - _CONTINUES

    @property
    def expects_more(self) -> bool:
        """Whether further chunks follow."""
        return self.number("m") == 1


def parse(content: bytes) -> Command | None:
    """Parse what is between ``ESC _ G`` and ``ESC \\``; None if it is not a command."""
    control, _, payload = content.partition(b";")
    if len(control) > _MAX_CONTROL_BYTES:
        return None
    letters: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for pair in control.split(b",") if control else ():
        found = _PAIR.fullmatch(pair)
        if found is None:
            return None
        key = found[1].decode()
        if found[2] is not None:
            if key not in _LETTERS:
                return None
            letters[key] = found[2].decode()
        else:
            number = int(found[3])
            if key in _LETTERS or abs(number) > _MAX_NUMBER or (number < 0 and key not in "zHV"):
                return None
            numbers[key] = number
    return Command(letters, numbers, payload)
