"""Titles, notifications and clipboard texts of a program are cleaned, so that they mislead nobody."""

from __future__ import annotations

import base64
import unicodedata

import pytest

from session_host.terminal.events import ClipboardSet, Notification
from tests.support.emulators import texts

from .conftest import Maker

ORDER = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""What makes a text look as if it were another, see UAX #9."""

LEADS_ASTRAY = f"\x01\t\x7f\x80\x9b\u2028{ORDER}"
KEPT = "a\u200db\u200fא漢é👩\u200d👧"
"""Joiners and marks, which emoji and scripts need."""


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
def test_what_a_program_says_to_its_user_cannot_lead_astray(make: Maker, sequence: str) -> None:
    words = f"ab{LEADS_ASTRAY}cd{KEPT}"
    emulator = make(output=sequence.replace("{}", words))
    events = emulator.take_events()
    assert events, "it was said"
    said = "".join(str(value) for event in events for value in event) + emulator.title
    assert "abcd" in said.replace("\t", "")
    assert KEPT in said
    assert not set(said) & set(LEADS_ASTRAY) - {"\t"}


def test_an_encoded_notification_cannot_lead_astray_either(make: Maker) -> None:
    words = base64.b64encode(f"\x1b[31mred\u202etxt.exe\x9b\x07{ORDER}".encode()).decode()
    emulator = make(output=f"\x1b]99;i=1:e=1:d=0;{words}\x1b\\\x1b]99;i=1:e=1:p=body;{words}\x1b\\")
    assert emulator.take_events() == [Notification("[31mredtxt.exe", "[31mredtxt.exe", "1")]


def test_the_clipboard_gets_no_controls_and_the_order_that_was_meant(make: Maker) -> None:
    text = base64.b64encode("one\n\ttwo\x1b[2J\x9b\x7f \u2067שלום\u2069".encode()).decode()
    emulator = make(output=f"\x1b]52;c;{text}\x07")
    assert emulator.take_events() == [ClipboardSet("one\n\ttwo[2J \u2067שלום\u2069")]


@pytest.mark.parametrize("target", ["c", "p", "s", "q", "0", "7", "", "cps0"])
@pytest.mark.parametrize("end", ["\x07", "\x1b\\", "\x9c"])
def test_no_clipboard_can_be_read(make: Maker, target: str, end: str) -> None:
    emulator = make(output=f"\x1b]52;{target};aGVsbG8=\x07")
    emulator.take_events()
    emulator.feed(f"\x1b]52;{target};?{end}".encode())
    assert emulator.take_replies() == b""
    emulator.feed(f"\x1b]5522;type=read;Lg=={end}".encode())  # kitty's own protocol, which has a refusal
    assert emulator.take_replies().rstrip(b"\x07\x1b\\") in {b"", b"\x1b]5522;type=read:status=EPERM"}
    assert emulator.take_events() == []


def test_what_a_row_says_has_no_controls(make: Maker) -> None:
    emulator = make(output="a\x00\x01b\x80\x85\x9bc\x7fd\xad\r\n".encode() + bytes(range(0x80, 0xA0)) + b"\r\nend")
    text = "".join(texts(emulator))
    assert not [character for character in text if unicodedata.category(character) == "Cc"]
