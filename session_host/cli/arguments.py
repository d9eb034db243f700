"""argparse, with errors as one line and exit code 2."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from session_host.errors import UsageError

AFTER_DASHES = "after_dashes"
"""The attribute with the words after ``--``, for verbs with ``takes_arguments``; None without a ``--``."""


class Parser(argparse.ArgumentParser):
    """The arguments of one verb.

    Attributes:
        takes_arguments: whether the words after ``--`` are left unparsed, as another program's arguments.
    """

    def __init__(self, verb: str, what: str) -> None:
        super().__init__(prog=f"outlive {verb}", description=f"{what[0].upper()}{what[1:]}.", allow_abbrev=False)
        self.takes_arguments = False

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse the verb's words; options may stand before, between and after the others.

        Raises:
            UsageError: the words are invalid.
        """
        if not self.takes_arguments:
            return self.parse_intermixed_args(words)
        ours, behind = list(words), None
        if "--" in words:
            place = list(words).index("--")
            ours, behind = list(words[:place]), list(words[place + 1 :])
        options = self.parse_intermixed_args(ours)
        setattr(options, AFTER_DASHES, behind)
        return options

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing the usage and exiting."""
        raise UsageError(f"{message}; see `{self.prog} --help`")
