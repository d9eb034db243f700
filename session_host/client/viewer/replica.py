"""A replica's emulator: its replies and events are discarded, its scroll position is kept."""

from __future__ import annotations

from session_host.terminal.base import Emulator


def discard_side_effects(emulator: Emulator) -> None:
    """A replica answers nobody and announces nothing: the host's emulator does."""
    emulator.take_replies()
    emulator.take_events()


def copy_scroll_position(former: Emulator, emulator: Emulator) -> None:
    """Scroll a new replica back as far as the former one was."""
    frame = former.frame()
    if frame.scroll_offset:
        grown = emulator.scrollback_rows - frame.scrollback_rows
        emulator.scroll(-max(0, frame.scroll_offset + grown))
