"""Encoding and classification of input."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.protocol.messages import Focus, Input, Key, Mouse, Paste, Typed
from session_host.protocol.values import Activity, GridSize, KeyAction, MouseAction, MouseButton
from session_host.session.program_input import PromptLine, encode_input, is_navigation, is_use
from session_host.storage.descriptors.log_state import LogState
from session_host.terminal import available_engines, create
from session_host.terminal.base import Emulator, EngineName

KEY = Key("", 1, "a", "a")
RELEASE = Key("", 1, "a", "", 0, KeyAction.RELEASE)
MOTION = Mouse("", 1, MouseAction.MOTION, MouseButton.NONE, 3, 4)
PRESS = Mouse("", 1, MouseAction.PRESS, MouseButton.LEFT, 3, 4)


@pytest.mark.parametrize("engine", available_engines())
@pytest.mark.parametrize(
    ("modes", "message", "bytes_"),
    [
        (b"", KEY, b"a"),
        (b"", RELEASE, b""),
        (b"", Key("", 1, "ArrowUp"), b"\x1b[A"),
        (b"\x1b[?1h", Key("", 1, "ArrowUp"), b"\x1bOA"),
        (b"", Typed("", 1, "ü\n"), "ü\n".encode()),
        (b"", Typed("", 1, "\ud800"), b"?"),
        (b"", Paste("", 1, "a\nb"), b"a\rb"),
        (b"\x1b[?2004h", Paste("", 1, "a\nb"), b"\x1b[200~a\rb\x1b[201~"),
        (b"", PRESS, b""),
        (b"\x1b[?1000h\x1b[?1006h", PRESS, b"\x1b[<0;4;5M"),
        (b"", Focus("", 1, True), b""),
        (b"\x1b[?1004h", Focus("", 1, True), b"\x1b[I"),
        (b"\x1b[?1004h", Focus("", 1, False), b"\x1b[O"),
    ],
)
def test_input_is_encoded_by_the_current_modes(engine: EngineName, modes: bytes, message: Input, bytes_: bytes) -> None:
    emulator = create(engine, GridSize(80, 24))
    emulator.feed(modes)

    assert encode_input(emulator, message) == bytes_
    emulator.close()


@pytest.mark.parametrize(
    ("message", "use", "looking"),
    [
        (KEY, True, False),
        (RELEASE, False, True),
        (Key("", 1, "Control", modifiers=4), True, True),
        (Typed("", 1, "a"), True, False),
        (Paste("", 1, "a"), True, False),
        (Key("", 1, "ArrowDown"), True, True),
        (Key("", 1, "Enter"), True, False),
        (Key("", 1, "Escape"), True, False),
        (PRESS, True, False),
        (Mouse("", 1, MouseAction.PRESS, MouseButton.WHEEL_UP, 3, 4), True, True),
        (MOTION, True, True),
        (Focus("", 1, True), True, True),
        (Focus("", 1, False), False, True),
    ],
)
def test_input_is_classified_as_use_and_as_navigation(message: Input, use: bool, looking: bool) -> None:
    """``use``: the grid takes this viewer's size; ``looking``: an agent that waits is not answered by it."""
    assert (is_use(message), is_navigation(message)) == (use, looking)


CLAUDE = "❯\\s"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    emulator = create(None, GridSize(40, 5))
    yield emulator
    emulator.close()


def line(pattern: str = CLAUDE) -> PromptLine:
    line = PromptLine(pattern, LogState())
    line.program_began()
    line.activity_changed(Activity.IDLE)
    return line


def test_the_line_is_empty_if_the_cursor_is_at_its_beginning(emulator: Emulator) -> None:
    for shown, is_empty in (
        ("❯\u00a0", True),
        ("❯ ", True),
        ("❯ Try “fix it”\x1b[3G", True),
        ("❯ x", False),
        ("❯ x\r\n  ", False),
        ("❯", False),
        ("  1. Yes", False),
    ):
        emulator.feed(f"\x1b[2J\x1b[H{shown}".encode())
        assert line().is_empty(emulator) is is_empty, shown
        assert not line("").is_empty(emulator)


def test_the_last_enter_is_of_this_kind_of_client() -> None:
    prompt_line = line()
    for data, by in ((b"fix it\r", "attach"), (b"\x1b[I", "window"), (b"more", "window")):
        prompt_line.typed(data, by)
    assert prompt_line.take_entered_by() == "attach"
    assert prompt_line.take_entered_by() == ""
    prompt_line.typed(b"\x1b\r", "window")
    assert prompt_line.take_entered_by() == ""
    prompt_line.activity_changed(Activity.NEEDS_INPUT)
    prompt_line.typed(b"\r", "window")
    assert prompt_line.take_entered_by() == "", "it answers the question"


def test_the_line_is_not_empty_in_doubt(emulator: Emulator) -> None:
    emulator.feed("❯ ".encode())
    after_restart = PromptLine(CLAUDE, LogState())
    after_restart.activity_changed(Activity.IDLE)
    assert not after_restart.is_empty(emulator)
    for activity in set(Activity) - {Activity.IDLE}:
        prompt_line = line()
        prompt_line.activity_changed(activity)
        assert not prompt_line.is_empty(emulator)
    prompt_line = line()
    prompt_line.typed(b"x")
    prompt_line.typed(b"\x7f")
    assert not prompt_line.is_empty(emulator)


@pytest.fixture(params=available_engines())
def each_engine(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    emulator = create(request.param, GridSize(40, 10))
    yield emulator
    emulator.close()


A, B = "\x1b]133;A\x07", "\x1b]133;B\x07"


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        (f"{A}$ {B}", False),
        (f"{A}$ {B}echo A", True),
        (f"{A}$ {B}echo A\x1b[8D", None),  # It may be a suggestion.
        (f"{A}$ {B}\x1b[2mls --all\x1b[m\x1b[8D", None),
        (f"{A}$ {B}\x1b[30Cmain\x1b[34D", False),  # The right prompt.
        (f"{A}first line\r\n$ {B}x", True),
        (f"{A}$ {B}{'x' * 60}", True),
        (f"{A}$ {B}ls\r\n\x1b]133;C\x07", None),
        ("$ echo A", None),
    ],
)
def test_what_is_typed_at_a_shells_prompt_is_told_by_its_marks_and_the_cursor(
    each_engine: Emulator, shown: str, holds: bool | None
) -> None:
    if each_engine.engine == "pyte":
        holds = None  # It knows no marks.
    prompt_line = line("")
    each_engine.commands.start_numbers(1)
    each_engine.feed(shown.encode())
    assert prompt_line.holds_others(each_engine) is False, "nobody typed anything"
    prompt_line.typed(b"x", "attach")
    assert prompt_line.holds_others(each_engine) is holds
    prompt_line.typed(b"\r", "attach")
    assert prompt_line.holds_others(each_engine) is False


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        ("❯ ", False),
        ("❯ Try “fix it”\x1b[3G", False),
        ("❯ fix it", True),
        ("❯ fix it\r\n  and that", True),
        ("❯ fix it\r\n  ", True),
        ("────\r\n! ls", None),
        ("❯ before\r\n\r\n────\r\n  1. Yes", None),
    ],
)
def test_what_is_typed_in_an_agents_line_is_told_by_its_sign_and_the_cursor(
    each_engine: Emulator, shown: str, holds: bool | None
) -> None:
    prompt_line = line()
    each_engine.feed(shown.encode())
    prompt_line.typed(b"x", "window")
    assert prompt_line.holds_others(each_engine) is holds
