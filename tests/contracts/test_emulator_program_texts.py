"""Titles, notifications and clipboard texts of a program are cleaned, so that they cannot mislead the user."""

from __future__ import annotations

import base64

import pytest

from session_host.terminal.events import ClipboardSet, Notification

from .conftest import Maker

ORDER = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that change the visible order of a text, see UAX #9."""

MISLEADING = f"\x01\t\x7f\x80\x9b\u2028{ORDER}"
KEPT = "a\u200db\u200fא漢é👩\u200d👧"
"""A text with joiners and marks, which emoji and scripts need."""


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b]2;{}\x07",
        "\x1b]0;{}\x1b\\",
        "\x1b]9;{}\x07",
        "\x1b]777;notify;{};{}\x07",
        "\x1b]99;;{}\x07",
        "\x1b]7501;{}\x07",
    ],
)
def test_titles_and_notifications_cannot_mislead_the_user(make: Maker, sequence: str) -> None:
    words = f"ab{MISLEADING}cd{KEPT}"
    emulator = make(output=sequence.replace("{}", words))
    events = emulator.take_events()
    assert events, "it was said"
    texts = "".join(str(value) for event in events for value in event) + emulator.title
    assert "abcd" in texts.replace("\t", "")
    assert KEPT in texts
    assert not set(texts) & set(MISLEADING) - {"\t"}


def test_an_encoded_notification_cannot_mislead_the_user(make: Maker) -> None:
    words = base64.b64encode(f"\x1b[31mred\u202etxt.exe\x9b\x07{ORDER}".encode()).decode()
    emulator = make(output=f"\x1b]99;i=1:e=1:d=0;{words}\x1b\\\x1b]99;i=1:e=1:p=body;{words}\x1b\\")
    assert emulator.take_events() == [Notification("[31mredtxt.exe", "[31mredtxt.exe", "1")]


def test_the_clipboard_gets_no_control_characters_and_keeps_the_text_direction(make: Maker) -> None:
    text = base64.b64encode("one\n\ttwo\x1b[2J\x9b\x7f \u2067שלום\u2069".encode()).decode()
    emulator = make(output=f"\x1b]52;c;{text}\x07")
    assert emulator.take_events() == [ClipboardSet("one\n\ttwo[2J \u2067שלום\u2069")]


@pytest.mark.parametrize("target", ["c", "p", "", "cps0"])
@pytest.mark.parametrize("end", ["\x07", "\x1b\\", "\x9c"])
def test_programs_cannot_read_the_clipboard(make: Maker, target: str, end: str) -> None:
    emulator = make(output=f"\x1b]52;{target};aGVsbG8=\x07")
    emulator.take_events()
    emulator.feed(f"\x1b]52;{target};?{end}".encode())
    assert emulator.take_replies() == b""
    emulator.feed(f"\x1b]5522;type=read;Lg=={end}".encode())  # kitty's own protocol, in which a terminal can refuse
    assert emulator.take_replies().rstrip(b"\x07\x1b\\") in {b"", b"\x1b]5522;type=read:status=EPERM"}
    assert emulator.take_events() == []
