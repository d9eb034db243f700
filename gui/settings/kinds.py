"""The kinds of values that settings have; each checks a value from a file or a field."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal

Unit = Literal["", "px", "lines", "MiB", "s", "min"]
Zero = Literal["", "never", "no limit", "as the desktop"]
"""What the value 0 of a number means, where it is outside of the range or means more than nothing."""


@dataclass(frozen=True)
class Toggle:
    """True or false."""

    def problem(self, value: object) -> str:
        """What is wrong with a value; "" for nothing."""
        return "" if isinstance(value, bool) else "must be true or false"


@dataclass(frozen=True)
class Number:
    """A number in a range, or 0 if that has a meaning of its own.

    Attributes:
        least, most: the range, both included.
        unit: what it counts.
        zero: what 0 means, if it may be set besides the range.
        step: the difference that one press of a button makes.
        whole: whether the file may have no fraction.
    """

    least: int
    most: int
    unit: Unit = ""
    zero: Zero = ""
    step: int = 1
    whole: bool = True

    def problem(self, value: object) -> str:
        """What is wrong with a value; "" for nothing."""
        fits = isinstance(value, int) or (isinstance(value, float) and not self.whole)
        if not fits or isinstance(value, bool):
            return "must be a whole number" if self.whole else "must be a number"
        assert isinstance(value, int | float)
        if self.least <= value <= self.most or (value == 0 and self.zero):
            return ""
        return f"must be between {self.least} and {self.most}" + (", or 0" if self.zero else "")


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    values: tuple[str, ...]

    def problem(self, value: object) -> str:
        """What is wrong with a value; "" for nothing."""
        return "" if value in self.values else f"must be one of {', '.join(map(repr, self.values))}"


@dataclass(frozen=True)
class Text:
    """A text of one line; "" for none.

    Attributes:
        form: the pattern of the whole text, "" for any.
        meaning: what has that form, for the problem.
        is_command: whether it is split into words as a shell does.
    """

    form: str = ""
    meaning: str = ""
    is_command: bool = False

    def problem(self, value: object) -> str:
        """What is wrong with a value; "" for nothing."""
        if not isinstance(value, str):
            return "must be a text in quotes"
        if value and self.form and not re.fullmatch(self.form, value):
            return f"must be {self.meaning}"
        if self.is_command:
            try:
                shlex.split(value)
            except ValueError as error:
                return f"has {str(error).lower()}"
        return ""


@dataclass(frozen=True)
class Named(Text):
    """The name of something that is installed: a theme, or a font's family."""

    of: Literal["theme", "font"] = "theme"


Kind = Toggle | Number | Choice | Text | Named
