"""A chat that is started without a window is told the colours that a window last showed."""

from __future__ import annotations

from session_host import paths
from session_host.client.chats import last_colors
from session_host.terminal.base import DefaultColors

LIGHT = DefaultColors(0x1A1E24, 0xFFFFFF, 0x1A1E24, dark=False)


def test_colours_are_remembered(area: object) -> None:
    assert last_colors.remembered() is None
    last_colors.remember(LIGHT)
    assert last_colors.remembered() == LIGHT
    last_colors.remember(DefaultColors())
    assert last_colors.remembered() == DefaultColors()


def test_a_file_that_cannot_be_read_counts_as_none(area: object) -> None:
    paths.state_dir().mkdir(parents=True, exist_ok=True)
    (paths.state_dir() / "colors.json").write_text('{"dark"')
    assert last_colors.remembered() is None
    last_colors.remember(LIGHT)
    assert last_colors.remembered() == LIGHT
