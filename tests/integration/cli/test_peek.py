"""``outlive peek`` of a chat that ends right now."""

from __future__ import annotations

import pytest

from session_host.cli import peek
from session_host.cli.session_argument import find
from session_host.protocol.messages import Screen
from session_host.protocol.values import GridSize
from tests.support.journals import output, recorded_session


def test_the_last_lines_of_a_chat_that_ends_right_now_come_from_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host answers until it has saved them."""
    recorded_session("x", [output(0, b"first\r\n")])
    screen = Screen(0, ["first", "last"], 0, 2, True, "", GridSize(80, 24), False, 0)
    monkeypatch.setattr(peek, "ask", lambda *_: screen)
    info = find("x")
    assert peek.read_screen(info).lines[0] == "first", "it has no host"
    assert "last" not in peek.read_screen(info).lines
    info.viewers = 0  # as its host says
    assert peek.read_screen(info).lines == ["first", "last"]
