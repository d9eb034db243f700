"""The kinds of values that settings have; each checks a value from a file or a field."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gui.wording.text import Text


@dataclass(frozen=True)
class Toggle:
    """True or false."""

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        return "" if isinstance(value, bool) else "must be true or false"


@dataclass(frozen=True)
class Number:
    """A number in a range, or 0 if that has a meaning of its own.

    Attributes:
        minimum, maximum: the range, both included.
        unit: its unit; None for none.
        zero: the meaning of 0, if 0 is allowed outside of the range.
        step: the change for one press of a button.
        is_integer: whether fractions are invalid.
    """

    minimum: int
    maximum: int
    unit: Text | None = None
    zero: Text | None = None
    step: float = 1
    is_integer: bool = True

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        fits = isinstance(value, int) or (isinstance(value, float) and not self.is_integer)
        if not fits or isinstance(value, bool):
            return "must be a whole number" if self.is_integer else "must be a number"
        assert isinstance(value, int | float)
        if self.minimum <= value <= self.maximum or (value == 0 and self.zero):
            return ""
        return f"must be between {self.minimum} and {self.maximum}" + (", or 0" if self.zero else "")


@dataclass(frozen=True)
class Choice:
    """One of some words, each with the text that the window shows for it."""

    texts: Mapping[str, Text]

    @property
    def values(self) -> tuple[str, ...]:
        """The words."""
        return tuple(self.texts)

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        return "" if value in self.values else f"must be one of {', '.join(map(repr, self.values))}"


@dataclass(frozen=True)
class Line:
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
        """The problem of a value; "" for a valid one."""
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
class Named(Line):
    """The name of something that is installed: a theme, a font's family, or an agent."""

    of: Literal["theme", "font", "agent"] = "theme"


@dataclass(frozen=True)
class Names:
    """Several texts, a list in the file; a field has commas between them.

    Attributes:
        form: the pattern of each text, "" for any.
        meaning: what has that form, for the problem.
        of: what the texts name.
    """

    form: str = ""
    meaning: str = ""
    of: Literal["", "font"] = ""

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            return "must be a list of texts in quotes"
        if self.form and not all(re.fullmatch(self.form, each) for each in value):
            return f"must be a list of {self.meaning}"
        return ""


Kind = Toggle | Number | Choice | Line | Named | Names
