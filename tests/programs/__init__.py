"""Small programs that tests run on real PTYs, and how a test starts and holds them.

Each program is one file (some share ``typed_input``), needs only Python's standard library, and prints what it does, so
that a test can wait for a text. ``program`` returns a program's argv. With a ``Gate``, a test holds a program at an
exact point and releases it, so that nothing has to sleep.

The programs run inside of sessions and know nothing of Outlive.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

DIRECTORY = Path(__file__).resolve().parent


def program(name: str, *arguments: str | int | Path) -> list[str]:
    """The argv of one of the programs here.

    Args:
        name: the file's name without ``.py``.
        arguments: the program's arguments.

    Raises:
        FileNotFoundError: there is no such program.
    """
    path = DIRECTORY / f"{name}.py"
    if not path.is_file():
        raise FileNotFoundError(path)
    # -I and -S: the programs need no site packages, and start in half the time without them.
    return [sys.executable, "-I", "-S", str(path), *map(str, arguments)]


class Gate:
    """A FIFO that makes a program wait until the test releases it.

    Each ``release`` lets one wait pass; early releases apply to later waits. If the test ends, the program reads
    end-of-file and exits with status 3, so that no program is left.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path, 0o600)
        # Opened read-write, so that neither side's open blocks.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)

    def release(self, times: int = 1) -> None:
        """Let the next ``times`` waits pass."""
        os.write(self._descriptor, b"." * times)

    def close(self) -> None:
        """Remove the gate; waiting programs exit."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
