"""A chat's bells, notifications and title on the terminal of ``outlive attach``."""

from __future__ import annotations

import re

import pytest

from session_host.paths import database
from session_host.storage.store import Store
from tests.support.area import Area
from tests.support.commands import OnTerminal, new, outlive
from tests.support.structured_chats import new_chat, send, wait_for_text

pytestmark = pytest.mark.usefixtures("sessions")

DETACH = b"\x02d"
FOCUS_LOST = b"\x1b[O"


def test_bells_notifications_and_the_title_reach_the_terminal_and_are_not_repeated() -> None:
    loop = r"while read x; do printf '\a\033]9;%s done\a\033]99;;%s\033\\' $x $x; done"
    session = new("-n", "build", "--", "sh", "-c", rf"printf '\033]2;at work\aready'; {loop}")
    wait_for_text(session, "ready")
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


def test_what_a_program_copies_reaches_the_clipboard_of_the_terminal_but_not_of_one_that_only_watches() -> None:
    code = r"while read x; do printf '\033]52;c;%s\a\033]2;%s\a' $x $x; done"
    session = new("-n", "copy", "--", "sh", "-c", code)
    with (
        OnTerminal("attach", "copy", env={"TERM": "xterm"}) as terminal,
        OnTerminal("attach", "--read-only", "copy", env={"TERM": "xterm"}) as watching,
    ):
        for each in (terminal, watching):
            each.see_bytes(b"\x1b]2;copy\a")
        assert outlive("send", session, "eWFuaw==", "--enter").code == 0
        terminal.see_bytes(b"\x1b]52;c;eWFuaw==\a")
        watching.see_bytes(b"\x1b]2;eWFuaw==\a")
        assert b"]52;" not in watching.raw
        for each in (terminal, watching):
            each.type(DETACH)
            assert each.end() == 0


def test_a_structured_chat_rings_when_it_asks_and_when_a_long_turn_ends(area: Area) -> None:
    new_chat(area, "api")
    (area.config / "window.toml").write_text("long_turn_s = 1\n")
    with OnTerminal("attach", "api", env={"TERM": "xterm-256color"}) as terminal:
        terminal.see("Enter sends")
        terminal.type(FOCUS_LOST)
        send("api", "run: make all")
        terminal.see_bytes(b"\a\x1b]777;notify;api needs you;Run make all\a")
        assert outlive("deny", "api").code == 0
        terminal.see("was declined")
        send("api", "deltas: 2 delay: 600")
        terminal.see_bytes(b"\a\x1b]777;notify;api finished;After ")
        terminal.type(DETACH)
        assert terminal.end() == 0
    with OnTerminal("attach", "api", "--plain", env={"TERM": "xterm"}) as terminal:
        terminal.see("[api: Enter sends")
        terminal.see("○ Idle")  # It knows the chat: a question from before that would ring no bell.
        send("api", "run: make test")
        terminal.see_bytes(b"\a\x1b]777;notify;api needs you;Run make test\a")
        terminal.type(b"n\n\x04")
        assert terminal.end() == 0


def test_a_muted_chat_is_quiet() -> None:
    code = r"while read x; do printf '\033]2;%s\a' $x; printf '\a\033]9;done\a'; done"
    session = new("-n", "build", "--", "sh", "-c", code)
    with Store.open(database()) as store:
        store.save_layout({"muted": [session]})
    with OnTerminal("attach", "build", env={"TERM": "xterm"}) as terminal:
        for title in (b"first", b"second"):
            assert outlive("send", session, title.decode(), "--enter").code == 0
            terminal.see_bytes(b"\x1b]2;" + title + b"\a")
        terminal.type(DETACH)
        assert terminal.end() == 0
        assert not re.sub(rb"\x1b\]2;.*?\a", b"", bytes(terminal.raw)).count(b"\a")
