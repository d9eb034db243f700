"""Shell commands that a program inside of a chat runs for a test (``programs/with_orders.py``)."""

from __future__ import annotations

import json
import os
import shlex
import uuid
from pathlib import Path

from tests.programs import program
from tests.support.commands import OUTLIVE, Done
from tests.support.waiting import wait_until


class Orders:
    """The FIFO of such a program.

    Attributes:
        words: the program's argv; other words behind it are the program that it becomes.
    """

    def __init__(self, directory: Path) -> None:
        """Make the directory, with a FIFO."""
        directory.mkdir()
        self._directory, self._fifo = directory, directory / "orders"
        os.mkfifo(self._fifo)
        self.words = program("with_orders", self._fifo)

    def start(self, command: str) -> Path:
        """Start a shell command inside the chat; returns the path where its result will be written."""
        answer = self._directory / uuid.uuid4().hex
        self._fifo.write_text(f"{answer}\n{command}")
        return answer

    def run(self, command: str) -> Done:
        """Run a shell command inside the chat."""
        answer = self.start(command)
        wait_until(answer.exists, 60, "the command to end")
        return Done(*json.loads(answer.read_text()))

    def outlive(self, *words: str) -> Done:
        """Run ``outlive`` inside the chat."""
        return self.run(shlex.join([*OUTLIVE, *words]))
