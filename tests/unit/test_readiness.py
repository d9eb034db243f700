"""Waiting for descriptors, also with numbers above those that select(2) takes."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.readiness import is_writable, readable

ABOVE_SELECT = 1024


@pytest.fixture
def high_pipe() -> Iterator[tuple[int, int]]:
    """A pipe with numbers above those that select(2) takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * ABOVE_SELECT:
        pytest.skip(f"this user may open only {hard} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * ABOVE_SELECT), hard))
    low = os.pipe()
    high = low[0] + ABOVE_SELECT, low[1] + ABOVE_SELECT
    for one, other in zip(low, high, strict=True):
        os.dup2(one, other, inheritable=False)
        os.close(one)
    yield high
    for each in high:
        os.close(each)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_descriptor_above_1023_is_waited_for(high_pipe: tuple[int, int]) -> None:
    reading, writing = high_pipe
    assert readable([reading], 0) == []
    assert is_writable(writing, 0)
    os.write(writing, b"x")
    assert readable([reading]) == [reading]


def test_the_end_of_a_pipe_is_readable_and_a_full_one_is_not_writable() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.write(writing, bytes(1 << 20))
    assert not is_writable(writing, 0)
    os.close(reading)
    assert is_writable(writing, 0), "the reader is gone"
    os.close(writing)
    reading, writing = os.pipe()
    os.close(writing)
    assert readable([reading], 0) == [reading]
    os.close(reading)


def test_nothing_uses_select_which_fails_above_1023_files() -> None:
    root = Path(__file__).resolve().parents[2]
    used = [
        str(path)
        for package in ("session_host", "gui")
        for path in (root / package).rglob("*.py")
        if path.parts[-2:] != ("hook", "report.py")  # It waits for its standard input, number 0, and imports little.
        and re.search(r"\bselect\.select\(|SelectSelector", path.read_text(encoding="utf-8"))
    ]
    assert used == []
