"""Bells, notifications and the title for the outer terminal."""

from __future__ import annotations

import asyncio

import pytest

from session_host.cli.attach import signals as attention
from session_host.cli.attach.signals import BELL, SIGNALS, Attention, OuterSignals, SignalQueue, kind_of
from session_host.paths import database
from session_host.protocol.facts import AgentStatus
from session_host.protocol.messages import ActivityEvent
from session_host.protocol.values import Activity, GridSize
from session_host.storage.store import Store
from session_host.terminal import create
from session_host.terminal.events import ClipboardSet, Notification, TitleChanged
from tests.support.area import Area

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


ID = "the-chat"
ASKS = b"\x1b]777;notify;api needs you;Run make?\a"
FINISHED = b"\x1b]777;notify;api finished;After 31 s: All done\a"


class AttachedChat:
    """An attached chat: a test sets its activity and reads what the outer terminal gets."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.queue = SignalQueue(ID, self.written.append)
        self.attention = Attention(OuterSignals({"TERM": "xterm"}), self.queue, lambda: "api")

    def begin(self, activity: Activity, second: int, detail: str = "", *, failed: bool = False) -> None:
        since = f"2026-01-02T03:04:{second:02}Z"
        self.attention.take(ActivityEvent(AgentStatus(activity, "protocol", since, detail, failed=failed)))

    def ask(self, second: int) -> None:
        self.begin(Activity.NEEDS_INPUT, second, "Run make?")

    async def newly_written(self) -> list[bytes]:
        """Return what was written since the last call, after all pending rings are done."""
        settled = asyncio.get_running_loop().create_future()
        settled.get_loop().call_later(attention.SETTLE_S, settled.set_result, None)
        await settled
        await self.queue.finish()
        written, self.written[:] = list(self.written), []
        return written


@pytest.fixture
def attached(area: Area, monkeypatch: pytest.MonkeyPatch) -> AttachedChat:
    monkeypatch.setattr(attention, "SETTLE_S", 0.0)
    return AttachedChat()


async def test_a_long_turn_that_an_error_stopped_is_not_called_finished(attached: AttachedChat) -> None:
    attached.begin(Activity.WORKING, 1)
    attached.begin(Activity.IDLE, 32, "Usage limit reached", failed=True)
    text = b"\x1b]777;notify;api failed;After 31 s: Usage limit reached\a"
    assert await attached.newly_written() == [b"\a", text]


async def test_a_turn_that_fails_rings_however_short_it_was(attached: AttachedChat) -> None:
    attached.begin(Activity.WORKING, 1)
    attached.begin(Activity.IDLE, 3, "Invalid API key", failed=True)
    text = b"\x1b]777;notify;api failed;After 2.0 s: Invalid API key\a"
    assert await attached.newly_written() == [b"\a", text]


async def test_a_question_and_the_end_of_a_long_turn_ring_once(attached: AttachedChat) -> None:
    attached.ask(0)
    assert await attached.newly_written() == [], "it was there before"
    attached.begin(Activity.WORKING, 1)
    attached.begin(Activity.WORKING, 20, "Tests")
    attached.begin(Activity.IDLE, 32, "All done")
    assert await attached.newly_written() == [BELL, FINISHED]
    attached.begin(Activity.IDLE, 32, "All done")
    assert await attached.newly_written() == [], "repeated after a reconnect"
    attached.begin(Activity.WORKING, 33)
    attached.begin(Activity.IDLE, 34)
    assert await attached.newly_written() == [], "a short turn"
    attached.ask(35)
    assert await attached.newly_written() == [BELL, ASKS]
    attached.ask(36)
    assert await attached.newly_written() == [BELL, ASKS], "another question"
    attached.begin(Activity.IDLE, 59)
    assert await attached.newly_written() == [], "declined"


async def test_a_state_that_changes_again_at_once_is_quiet(attached: AttachedChat) -> None:
    attached.begin(Activity.WORKING, 0)
    attached.ask(1)
    attached.begin(Activity.WORKING, 2)
    attached.begin(Activity.IDLE, 40)
    attached.begin(Activity.WORKING, 40)
    assert await attached.newly_written() == []


async def test_a_visible_or_muted_chat_is_quiet(attached: AttachedChat, area: Area) -> None:
    def mute(*muted: str) -> None:
        with Store.open(database()) as store:
            store.save_layout({"muted": muted})

    attached.begin(Activity.IDLE, 0)
    attached.attention.has_focus = True
    attached.ask(1)
    assert await attached.newly_written() == []
    attached.attention.has_focus = False
    mute(ID)
    attached.ask(2)
    assert await attached.newly_written() == []
    mute("another")
    attached.ask(3)
    assert await attached.newly_written() == [BELL, ASKS]
    (area.config / "window.toml").write_text("long_turn_s = 0")
    attached.begin(Activity.WORKING, 4)
    attached.begin(Activity.IDLE, 50)
    assert await attached.newly_written() == []
    (area.config / "window.toml").write_text("notifications = false")
    attached.ask(51)
    assert await attached.newly_written() == []


async def test_a_question_that_was_answered_while_the_rules_were_read_is_quiet(attached: AttachedChat) -> None:
    attached.begin(Activity.WORKING, 0)
    attached.ask(1)
    settled = asyncio.get_running_loop().create_future()
    settled.get_loop().call_later(0, settled.set_result, None)
    await settled
    attached.begin(Activity.WORKING, 2)
    assert await attached.newly_written() == []


async def test_a_ring_that_is_pending_at_the_end_is_dropped(attached: AttachedChat) -> None:
    attached.begin(Activity.WORKING, 0)
    attached.ask(1)
    attached.attention.close()
    assert await attached.newly_written() == []
