"""The outer terminal gets bells, notifications and titles in the form that it knows, and no other sequences."""

from __future__ import annotations

import pytest

from session_host.cli.attach.signals import BELL, SIGNALS, OuterSignals, kind_of
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.events import ClipboardSet, Notification, TitleChanged

KITTY = {"TERM": "xterm-kitty"}
ASTRAY = "x\x1b]0;owned\x07;\x9c\u202e\n;y\x18"


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"TERM": "xterm-256color"}, "xterm"),
        ({"TERM": "foot"}, "xterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, "tmux"),
        ({"TERM": "tmux-256color"}, "tmux"),
        ({"TERM": "screen"}, "plain"),
        ({"TERM": "linux"}, "plain"),
        ({"TERM": "vt100"}, "plain"),
        ({}, "plain"),
        ({**KITTY, SIGNALS: "0"}, "silent"),
    ],
)
def test_a_terminal_is_known_by_its_variables(environment: dict[str, str], kind: str) -> None:
    assert kind_of(environment) == kind


@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
def test_a_text_never_contains_control_sequences(engine: str) -> None:
    signals = OuterSignals(KITTY)
    terminal = create(engine, GridSize(40, 2))  # type: ignore[arg-type]
    terminal.feed(signals.notification("api", ASTRAY, ASTRAY))
    terminal.feed(signals.title(ASTRAY))
    assert terminal.take_events() == [
        Notification("api: x ]0,owned , ,y ", "x ]0,owned , ,y "),
        TitleChanged("x ]0;owned ; ;y "),
    ]
    assert not any(row.runs for row in terminal.frame().rows.values())
    terminal.close()


@pytest.mark.parametrize(
    ("environment", "is_set"),
    [
        (KITTY, True),
        ({"TERM": "xterm", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "tmux-256color"}, True),
        ({"TERM": "screen"}, False),
        ({"TERM": "linux"}, False),
        ({**KITTY, SIGNALS: "0"}, False),
    ],
)
def test_a_program_sets_the_clipboard_of_a_terminal_that_has_one(environment: dict[str, str], is_set: bool) -> None:
    terminal = create("pyte", GridSize(40, 2))
    terminal.feed(OuterSignals(environment).clipboard("två; ]\n;x"))
    assert terminal.take_events() == ([ClipboardSet("två; ]\n;x")] if is_set else [])
    terminal.close()


def test_what_a_program_selects_reaches_the_primary_selection_of_the_outer_terminal() -> None:
    assert OuterSignals(KITTY).clipboard("hello", "p") == b"\x1b]52;p;aGVsbG8=\a"


def test_each_kind_of_terminal_gets_its_own_form() -> None:
    def sequences(environment: dict[str, str]) -> tuple[bytes, bytes]:
        signals = OuterSignals(environment)
        return signals.bell(), signals.notification("api", "Build", "done; 3 s")

    assert sequences(KITTY) == (BELL, b"\x1b]777;notify;api: Build;done, 3 s\a")
    assert sequences({"TERM": "xterm", "TERM_PROGRAM": "iTerm.app"})[1] == b"\x1b]9;api: Build: done, 3 s\a"
    assert sequences({"TERM": "tmux"})[1] == b"\x1bPtmux;\x1b\x1b]777;notify;api: Build;done, 3 s\a\x1b\\"
    assert sequences({"TERM": "linux"}) == (BELL, b"")
    assert sequences({**KITTY, SIGNALS: "0"}) == (b"", b"")


def test_the_terminals_own_title_is_saved_once_and_restored() -> None:
    signals = OuterSignals(KITTY)
    assert signals.leave() == b""
    assert signals.title("one") == b"\x1b[22;2t\x1b]2;one\a"
    assert signals.title("one") == b""
    assert signals.title("two") == b"\x1b]2;two\a"
    assert signals.leave() == b"\x1b[23;2t"
    assert signals.title("two").startswith(b"\x1b[22;2t"), "after a suspension"
    assert OuterSignals({"TERM": "linux"}).title("one") == b""
