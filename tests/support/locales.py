"""Locales of the C library, made from its sources into a test's own directory: the machine need not have them."""

from __future__ import annotations

import locale
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make(directory: Path, *names: str) -> dict[str, str]:
    """Make UTF-8 locales, such as "tr_TR".

    Returns:
        The environment in which programs find them, as "tr_TR.UTF-8".
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        subprocess.run(
            ["localedef", "--no-archive", "-i", name, "-f", "UTF-8", directory / f"{name}.UTF-8"],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            capture_output=True,
            check=True,
        )
    return {"LOCPATH": str(directory)}


@contextmanager
def letters_of(name: str, directory: Path) -> Iterator[None]:
    """Let C's functions in this process change letters as in this locale, which Python and Qt take from the user."""
    previous, path = locale.setlocale(locale.LC_CTYPE), os.environ.get("LOCPATH")
    os.environ |= make(directory, name)
    try:
        locale.setlocale(locale.LC_CTYPE, f"{name}.UTF-8")
        yield
    finally:
        if path is None:
            del os.environ["LOCPATH"]
        else:
            os.environ["LOCPATH"] = path
        locale.setlocale(locale.LC_CTYPE, previous)
