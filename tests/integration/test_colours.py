"""Colours that a program gets from the host."""

from __future__ import annotations

import shlex
from pathlib import Path

from session_host.client.chats.settings import remember_colors
from session_host.terminal.base import DefaultColors
from tests.support.commands import outlive
from tests.support.waiting import wait_until


def test_a_chat_started_without_a_window_gets_the_colours_of_the_last_window(sessions: object, tmp_path: Path) -> None:
    palette = tuple(range(0x100000, 0x100010))
    remember_colors(DefaultColors(0x1A1E24, 0xFFFFFF, 0x1A1E24, dark=False, palette=palette))
    replies = tmp_path / "told"
    expected = b"\x1b]4;1;rgb:1010/0000/0101\x1b\\\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?997;2n"
    asks = (
        r"stty raw -echo; printf '\033]4;1;?\033\\\033]11;?\033\\\033[?996n';"
        f" dd bs=1 count={len(expected)} 2>/dev/null > {shlex.quote(str(replies))}"
    )
    outlive("new", "-d", "--", "sh", "-c", asks)
    wait_until(lambda: replies.exists() and len(replies.read_bytes()) == len(expected), 10, "the replies")
    assert replies.read_bytes() == expected
