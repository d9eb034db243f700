"""Replies to queries for settings (DECRQSS) and capabilities (XTGETTCAP)."""

from __future__ import annotations

import pytest

from session_host.terminal import restore
from tests.support.emulators import texts

from .conftest import Maker


@pytest.mark.portable_lacks("replies about settings")
@pytest.mark.parametrize(
    ("output", "name", "value"),
    [
        ("\x1b[1;31m", "m", "0;1;31m"),
        ("\x1b[9;8;7;5;53;21;3;2m", "m", "0;2;3;4:2;53;5;7;8;9m"),
        ("X\x1b[4:3;38;5;200;48;2;1;2;3;58:5:9m", "m", "0;4:3;38:5:200;48:2::1:2:3;58:5:9m"),
        ("\x1b[58;2;1;2;3mX", "m", "0;58:2::1:2:3m"),
        ("\x1b[58:5:9mX\x1b[0m", "m", "0m"),
        ("\x1b[4 q", " q", "4 q"),
        ("", "s", None),
        ("", "", None),
        ("", "t", None),
        ("", ">4m", None),
        ("", "no such setting", None),
    ],
)
def test_settings_are_reported(make: Maker, output: str, name: str, value: str | None) -> None:
    reply = b"\x1bP0$r\x1b\\" if value is None else f"\x1bP1$r{value}\x1b\\".encode()
    query = f"\x1bP$q{name}\x1b\\"
    assert make(output=f"{output}{query}\x1b[5n{query}").take_replies() == reply + b"\x1b[0n" + reply
    emulator = make(output=output)
    for byte in query.removesuffix("\x1b\\").encode():
        emulator.feed(bytes([byte]))
    for same in (emulator, make.keep(restore(make.engine, emulator.snapshot())), make(output=emulator.replay())):
        same.feed(b"\x1b")
        same.feed(b"\\\x1b[5n")
        assert same.take_replies() == reply + b"\x1b[0n"
        assert texts(same)[0] in {"", "X"}


def test_a_cancelled_query_has_no_reply(make: Maker) -> None:
    emulator = make(output=b"\x1bP$qm\x18\x1bP+q\x1a\x1bP$q")
    emulator.feed(b"m\x18" + b"\x1bP$q" + b"m" * 5_000 + b"\x1b\\" + b"\x1b[5n")
    assert emulator.take_replies() == b"\x1b[0n"


@pytest.mark.portable_lacks("replies about settings")
def test_capabilities_are_reported_by_name(make: Maker) -> None:
    def ask(*names: str) -> list[str]:
        query = ";".join(name.encode().hex() for name in names)
        replies = make(output=f"\x1bP+q{query}\x1b\\").take_replies().decode().split("\x1b\\")
        return [reply.removeprefix("\x1bP") for reply in replies[:-1]]

    def answer(name: str, value: str) -> str:
        return f"1+r{name.encode().hex()}={value.encode().hex().upper()}"

    assert ask("TN", "Co", "RGB") == [answer("TN", "xterm-256color"), answer("Co", "256"), answer("RGB", "8")]
    assert ask("Tc", "Su", "nope") == ["1+r5463", "1+r5375", "0+r6e6f7065"]
    assert ask("kcuu1", "kbs", "indn") == [
        answer("kcuu1", "\x1bOA"),
        answer("kbs", "\x7f"),
        answer("indn", r"\E[%p1%dS"),
    ]
    # A value with parameters is as in a terminfo source, as in kitty and Ghostty.
    assert ask("Smulx", "Ms", "Se") == [
        answer("Smulx", r"\E[4:%p1%dm"),
        answer("Ms", r"\E]52;%p1%s;%p2%s\007"),
        answer("Se", "\x1b[0 q"),
    ]
    assert make(output=b"\x1bP+qzz;5\x1b\\").take_replies() == b"\x1bP0+r\x1b\\" * 2
    assert make(output=b"\x1bP+Q5443\x1b\\").take_replies() == b""
