"""A chat's bells, notifications and title on the terminal of ``outlive attach``."""

from __future__ import annotations

import re

import pytest

from tests.support.commands import OnTerminal, new, outlive

pytestmark = pytest.mark.usefixtures("sessions")

DETACH = b"\x02d"


def test_bells_notifications_and_the_title_reach_the_terminal_and_are_not_repeated() -> None:
    code = r"printf '\033]2;at work\a'; while read x; do printf '\a\033]9;%s done\a\033]99;;%s\033\\' $x $x; done"
    session = new("-n", "build", "--", "sh", "-c", code)
    for word in ("first", "second"):
        with OnTerminal("attach", "build", env={"TERM": "xterm-256color"}) as terminal:
            terminal.see_bytes(b"\x1b[22;2t\x1b]2;at work\a")
            assert outlive("send", session, word, "--enter").code == 0
            terminal.see_bytes(f"\x1b]777;notify;build;{word} done\a".encode())
            terminal.see_bytes(f"\x1b]777;notify;build: {word};\a".encode())
            terminal.type(DETACH)
            assert terminal.end() == 0
            assert terminal.raw.count(b"777;notify") == 2, "the first one's are not repeated"
            assert terminal.raw.count(b"\x1b[23;2t") == 1
            rung = re.sub(rb"\x1b\].*?\a", b"", bytes(terminal.raw))
            assert rung.count(b"\a") == 1
