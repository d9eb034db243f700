from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.protocol.values import Activity, GridSize
from session_host.session.program_input import PromptLine
from session_host.storage.descriptors.log_state import LogState
from session_host.terminal import create
from session_host.terminal.base import Emulator

CLAUDE = "❯\\s"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    emulator = create(None, GridSize(40, 5))
    yield emulator
    emulator.close()


def line(pattern: str = CLAUDE) -> PromptLine:
    line = PromptLine(pattern, LogState())
    line.program_began()
    line.activity_changed(Activity.IDLE)
    return line


def test_the_line_is_empty_if_the_cursor_is_at_its_beginning(emulator: Emulator) -> None:
    for shown, is_empty in (
        ("❯\u00a0", True),
        ("❯ ", True),
        ("❯ Try “fix it”\x1b[3G", True),
        ("❯ x", False),
        ("❯ x\r\n  ", False),
        ("❯", False),
        ("  1. Yes", False),
    ):
        emulator.feed(f"\x1b[2J\x1b[H{shown}".encode())
        assert line().is_empty(emulator) is is_empty, shown
        assert not line("").is_empty(emulator)


def test_the_line_is_not_empty_in_doubt(emulator: Emulator) -> None:
    emulator.feed("❯ ".encode())
    after_restart = PromptLine(CLAUDE, LogState())
    after_restart.activity_changed(Activity.IDLE)
    assert not after_restart.is_empty(emulator)
    for activity in set(Activity) - {Activity.IDLE}:
        prompt_line = line()
        prompt_line.activity_changed(activity)
        assert not prompt_line.is_empty(emulator)
    prompt_line = line()
    prompt_line.typed(b"x")
    prompt_line.typed(b"\x7f")
    assert not prompt_line.is_empty(emulator)
