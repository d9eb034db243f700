"""A file with the numbers of the shown notifications: if this window is killed, the next one withdraws them.

They would stay on the screen, with buttons that do nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

import msgspec

from session_host.system.files import replace_file


class _Shown(msgspec.Struct):
    service: str
    numbers: list[int]


class ShownNotifications:
    """The file; a problem with it only leaves notifications on the screen, and is not reported."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exist(self) -> bool:
        """Whether an earlier window may have left notifications."""
        return self._path.exists()

    def read(self, service: str) -> list[int]:
        """The numbers of those that this service still shows.

        Args:
            service: the running service; a later one gives the same numbers to other programs.
        """
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            shown = msgspec.json.decode(self._path.read_bytes(), type=_Shown)
            return shown.numbers if shown.service == service else []
        return []

    def write(self, service: str, numbers: Collection[int]) -> None:
        """Replace the numbers; without one, remove the file."""
        with contextlib.suppress(OSError):
            if not numbers:
                self._path.unlink(missing_ok=True)
                return
            replace_file(self._path, msgspec.json.encode(_Shown(service, list(numbers))))
