"""``outlive attach``: much input at once from a terminal that does not bracket pastes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.commands import OnTerminal, new
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

DETACH = b"\x02d"
LINES = b"".join(b"%08d, a line of a text that is pasted\xc3\xa9\r" % number for number in range(1000))
EMPTY_LINES = b"\r" * 60_000


@pytest.mark.parametrize("text", [LINES, EMPTY_LINES], ids=["lines", "empty lines"])
def test_a_long_paste_without_brackets_arrives_completely(text: bytes, tmp_path: Path) -> None:
    read = tmp_path / "read"
    reader = (
        "import os, tty; tty.setraw(0); os.write(1, b'ready\\r\\n')\n"
        f"file = open({str(read)!r}, 'ab', 0)\n"
        "while True: file.write(os.read(0, 1 << 20))"
    )
    new("-n", "reader", "--", sys.executable, "-ISc", reader)
    with OnTerminal("attach", "reader") as terminal:
        terminal.see("ready")
        terminal.type_all(text)
        wait_until(lambda: read.exists() and read.stat().st_size >= len(text), 20, "all of it to be read")
        assert "refused" not in terminal.text()
        terminal.type_all(b"x" * 100 + DETACH)
        assert terminal.end() == 0
    wait_until(lambda: read.stat().st_size >= len(text) + 100, 20, "the rest to be read")
    assert read.read_bytes() == text + b"x" * 100
