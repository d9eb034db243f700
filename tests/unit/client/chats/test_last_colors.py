"""A chat started without a window gets the colours of the last window."""

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


def test_an_unreadable_file_counts_as_missing(area: object) -> None:
    paths.state_dir().mkdir(parents=True, exist_ok=True)
    (paths.state_dir() / "colors.json").write_text('{"dark"')
    assert last_colors.remembered() is None
    last_colors.remember(LIGHT)
    assert last_colors.remembered() == LIGHT
