"""argparse, with errors as one line and exit code 2."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from session_host.errors import UsageError

from .output import FALLBACK_COLUMNS, terminal_columns

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


def check_text(text: str) -> None:
    """Check that a message can carry an argument's text.

    Raises:
        UsageError: the text has NUL characters, or bytes that are not UTF-8 (lone surrogates in Python).
    """
    if "\0" in text:
        raise UsageError("arguments cannot contain NUL characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode(errors="replace").decode()
        raise UsageError(f"{shown!r} is not valid UTF-8; convert it") from error


def check_seconds(option: str, seconds: float | None) -> None:
    """Check the time that an option gives; None if it is not given.

    Raises:
        UsageError: it is no time.
    """
    if seconds is not None and not seconds >= 0:
        raise UsageError(f"{option} needs a number of seconds")


DIGITS_TO_END = 4
"""How many digits of an id a command that ends or removes a session needs, so that a typing error ends none."""


def add_session_argument(parser: argparse.ArgumentParser, *, to_end: bool = False, optional: bool = False) -> None:
    """Add the positional argument that most subcommands have; ``to_end``: for those that end or remove a chat.

    By its name, ``session``, the command is known to be about a chat, and runs on that chat's machine.
    """
    prefix = f"id prefix of {DIGITS_TO_END} or more digits" if to_end else "unique id prefix"
    parser.add_argument("session", metavar="CHAT", nargs="?" if optional else None, help=f"name, id or {prefix}")


def split_at_dashes(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments before the first ``--``, and the others; these begin with it."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:end]), list(arguments[end:])


AFTER_DASHES = "after_dashes"
"""The attribute with the arguments after ``--``, for subcommands with ``takes_arguments``; None without a ``--``."""


_AFTER_DASHES: Final = "\ud800"
"""Marks a word after ``--``, which argparse takes for no option then. No command line has this character."""

_EMPTY: Final = "\ud801"
"""Stands for an empty word, which argparse gives no other value than a default of ""."""

_MARGIN = 2
"""The columns that argparse leaves free at the right."""


def _unmarked(value: object) -> object:
    """An option's value without the marks."""
    if isinstance(value, str):
        return "" if value == _EMPTY else value.removeprefix(_AFTER_DASHES)
    return [_unmarked(each) for each in value] if isinstance(value, list) else value


_CHOICE: Final = re.compile(r": invalid choice: '(?P<given>.*)' \(choose from (?P<known>.*)\)$")
"""The end of argparse's own message."""


def _either(words: Sequence[str]) -> str:
    """Words as a choice: ``a, b or c``."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The beginning of the end of an error about a word: the known one that the user meant, if any."""
    import difflib  # only for an error

    close = difflib.get_close_matches(given, known, n=1)
    return f"did you mean {close[0]!r}? See" if close else "see"


class Parser(argparse.ArgumentParser):
    """The arguments of one subcommand.

    Attributes:
        takes_arguments: whether arguments after ``--`` are left unparsed, for another program.
        may_be_empty: the arguments (``dest``) for which "" says something. Any other one that is given but empty is an
            error: it comes from a variable that is not set, and must not mean what its absence means.
    """

    def __init__(self, subcommand: str, description: str) -> None:
        columns = terminal_columns() or FALLBACK_COLUMNS
        super().__init__(
            prog=f"outlive {subcommand}",
            description=f"{description[0].upper()}{description[1:]}.",
            # argparse makes one for each argument; without a width, it measures the terminal, with a slow import.
            formatter_class=lambda prog: argparse.HelpFormatter(prog, width=columns - _MARGIN),
            allow_abbrev=False,
        )
        self.takes_arguments = False
        self.may_be_empty: frozenset[str] = frozenset()

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse the subcommand's arguments; options may be before, between and after the positional ones.

        All words after ``--`` are positional. argparse reads intermixed arguments twice, and knows no ``--`` the second
        time.

        Raises:
            UsageError: the arguments are invalid.
        """
        own, rest = split_at_dashes(arguments)
        # Before argparse says what is missing.
        given = [word.partition("=")[0] for word in own if word.startswith("--") and " " not in word]
        if unknown := [each for each in given if each not in self._option_string_actions]:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        words = [f"{word}{_EMPTY}" if self._is_empty(word) else word for word in own]
        if not self.takes_arguments:
            words += [f"{_AFTER_DASHES}{word}" if word.startswith("-") else word or _EMPTY for word in rest[1:]]
        try:
            options = self.parse_intermixed_args(words)
        except UsageError as error:
            text = str(error)
            for mark in (_AFTER_DASHES, _EMPTY):
                text = text.replace(mark, "").replace(ascii(mark)[1:-1], "")
            raise UsageError(text) from None
        self._check_given(options)
        for name, value in vars(options).items():
            setattr(options, name, _unmarked(value))
        if self.takes_arguments:
            setattr(options, AFTER_DASHES, rest[1:] if rest else None)
        return options

    def _is_empty(self, word: str) -> bool:
        """Whether a word is "", or an option with "=" and no value."""
        return not word or (word.endswith("=") and word[:-1] in self._option_string_actions)

    def _check_given(self, options: argparse.Namespace) -> None:
        """Check that no argument is given but empty.

        Raises:
            UsageError: one is.
        """
        for action in self._actions:
            value = getattr(options, action.dest, None)
            if action.dest not in self.may_be_empty and _EMPTY in (value if isinstance(value, list) else [value]):
                name = "/".join(action.option_strings) or action.metavar
                raise UsageError(f"{name} is empty; give one{'' if action.required else ', or leave it out'}")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help; argparse's own function ignores an output that cannot be written.

        Raises:
            OSError: the output cannot be written.
        """
        (file or sys.stdout).write(self.format_help())
        sys.stdout.flush()

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing the usage and exiting; name values as users do, and what they meant."""
        message = message.replace("invalid int value:", "not a whole number:")
        message = message.replace("invalid float value:", "not a number:")
        known, given = list(self._option_string_actions), message.rpartition(": ")[2].split(" ")[0]
        if chosen := _CHOICE.search(message):
            known, given = [each.strip("'") for each in chosen["known"].split(", ")], chosen["given"]
            message = f"{message[: chosen.start()]}: invalid choice: '{given}', not {_either(known)}"
        raise UsageError(f"{message}; {did_you_mean(given, known)} `{self.prog} --help`")
