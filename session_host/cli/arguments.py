"""argparse, with errors as one line and exit code 2."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from session_host.errors import UsageError

AFTER_DASHES = "after_dashes"
"""Where a verb that ``takes_arguments`` finds what stood behind ``--``; None if there was no ``--``."""


class Parser(argparse.ArgumentParser):
    """The arguments of one verb.

    Attributes:
        takes_arguments: what stands behind ``--`` is not ours to read.
    """

    def __init__(self, verb: str, what: str) -> None:
        super().__init__(prog=f"outlive {verb}", description=f"{what[0].upper()}{what[1:]}.", allow_abbrev=False)
        self.takes_arguments = False

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Read the verb's words; options may stand before, between and behind the others.

        Raises:
            UsageError: they make no sense.
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
        """Raise instead of printing the usage and leaving."""
        raise UsageError(f"{message}; see `{self.prog} --help`")
