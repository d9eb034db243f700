"""A chat started without a window gets the colours of the last window."""

from __future__ import annotations

from session_host import paths
from session_host.client.chats.settings import remember_colors, remembered_colors
from session_host.terminal.base import DefaultColors

LIGHT = DefaultColors(0x1A1E24, 0xFFFFFF, 0x1A1E24, dark=False)


def test_colours_are_remembered(area: object) -> None:
    assert remembered_colors() is None
    remember_colors(LIGHT)
    assert remembered_colors() == LIGHT
    remember_colors(DefaultColors())
    assert remembered_colors() == DefaultColors()


def test_an_unreadable_file_counts_as_missing(area: object) -> None:
    paths.state_dir().mkdir(parents=True, exist_ok=True)
    (paths.state_dir() / "colors.json").write_text('{"dark"')
    assert remembered_colors() is None
    remember_colors(LIGHT)
    assert remembered_colors() == LIGHT
