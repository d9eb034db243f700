"""The engine's C interface loads from tables without a parser, and equals the parsed one."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from session_host.terminal.ghostty.library import tables
from session_host.terminal.ghostty.library.declarations import write_tables

pytestmark = pytest.mark.skipif(find_spec("pyghostty") is None, reason="needs pyghostty")


def test_the_tables_are_those_of_the_installed_pyghostty(tmp_path: Path) -> None:
    fresh = tmp_path / "tables.py"
    write_tables(fresh)
    is_current = (
        fresh.read_bytes() == Path(tables.__file__).read_bytes()
    )  # Compared as a boolean, since a difference would be too long to print.
    assert is_current, "run python -m session_host.terminal.ghostty.library.declarations"


def test_starting_the_engine_parses_no_declarations() -> None:
    code = """
import sys
from session_host.protocol.values import GridSize
from session_host.terminal import create
emulator = create("ghostty", GridSize(80, 24))
emulator.feed(b"hello")
assert emulator.rows()[0].text() == "hello"
assert not {"pycparser", "cffi", "pyghostty"} & set(sys.modules), "half a second of parsing"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_version_of_pyghostty_uses_its_own_declarations() -> None:
    code = """
from session_host.terminal.ghostty.library import tables
tables.PYGHOSTTY_VERSION = "another"
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create, restore
emulator = create("ghostty", GridSize(80, 24))
emulator.feed(b"hello\\x1b[6n")
assert emulator.take_replies() == b"\\x1b[1;6R"
emulator.scroll(-1)
assert restore("ghostty", emulator.snapshot()).rows()[0].text() == "hello"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
