"""A session recovered after a host's kill equals the same session without the kill."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from session_host.paths import make_directories, session_history
from session_host.protocol.messages import Colors, InputRefused, Resized, Typed
from session_host.protocol.values import CellSize, GridSize
from session_host.session import focus
from session_host.session.attachments import Attachment
from session_host.storage.descriptors import checkpoint as checkpoints
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.system.processes.pty_process import PtyProcess
from session_host.terminal.base import EngineName
from session_host.terminal.pyte.emulator import PyteEmulator
from tests.support.area import Area
from tests.support.emulators import VisibleState, outputs, visible_state
from tests.support.session_harness import SessionHarness, session_harness
from tests.support.waiting import eventually, wait_readable

ENGINES: list[EngineName] = ["ghostty", "pyte"]

# ---------------------------------------------------------------------------------- steps


class Wrote(NamedTuple):
    """The program wrote, and the engine interpreted it."""

    data: bytes


class Left(NamedTuple):
    """The program wrote, and the host was killed before the engine interpreted the output, which is at ``place``."""

    data: bytes
    place: str


class Resize(NamedTuple):
    """The grid was resized."""

    columns: int
    rows: int
    killed: bool
    """Whether the host was killed after it wrote the log entry, and before any other step."""


class Show(NamedTuple):
    """A viewer reported these colours."""

    colors: tuple[int, int, int, bool]


class Name(NamedTuple):
    """The user renamed the session."""

    name: str


class Type(NamedTuple):
    """A viewer typed, and the host was killed at ``killed``; ``again``: the viewer sent the input a second time."""

    text: str
    again: bool
    killed: str


class Send(NamedTuple):
    """A command typed a text; twice if its answer was lost."""

    text: str
    again: bool


class Checkpoint(NamedTuple):
    """A checkpoint was made; the host was killed before or after the header named it the newest."""

    committed: bool


class Kill(NamedTuple):
    """The host was killed while it was idle."""


SIGNALS = [
    b"\x1b]7501;state=working\x07",
    b"\x1b]7501;state=blocked;a question\x07",
    b"\x1b]9;4;1;20\x07",
    b"\x1b]9;4;0\x07",
    b"\x07",
    b"\x1b]777;notify;title;body\x07",
    b"\x1b]2;the title\x07",
    b"\x1b[c",
    b"\x1b[6n",
    b"\x1b]11;?\x07",
    b"\x1b]10;?\x07",
    b"\x1b[?2031h",
    b"\x1b[?996n",
    b"\x1b[14t",
    b"\x1b[18t",
    b"\x1b[?2048h",
]
POINTS = ["never", "before it was accepted", "before it was written", "after that"]
written = st.lists(st.one_of(outputs(6), st.sampled_from(SIGNALS)), max_size=6).map(b"".join)
color = st.sampled_from([0, 0x102030, 0xA0B0C0, 0xFFFFFF])
steps = st.lists(
    st.one_of(
        written.map(Wrote),
        st.builds(Left, written.filter(bool), st.sampled_from(["the terminal", "the pipe", "the output file"])),
        st.builds(Resize, st.integers(20, 90), st.integers(4, 30), st.booleans()),
        st.builds(Show, st.tuples(color, color, color, st.booleans())),
        st.builds(Name, st.sampled_from(["n", "a name", "ein Näme"])),
        st.builds(Type, st.sampled_from(["x", "漢", "two words"]), st.booleans(), st.sampled_from(POINTS)),
        st.builds(Send, st.sampled_from(["y", "sent"]), st.booleans()),
        st.builds(Checkpoint, st.booleans()),
        st.builds(Kill),
    ),
    max_size=14,
)


class Client:
    """A viewer's connection."""

    def __init__(self) -> None:
        self.refused: list[InputRefused] = []

    def written(self, attachment: str, sequence: int) -> None:
        pass

    def input_refused(self, message: InputRefused) -> None:
        self.refused.append(message)


class State(NamedTuple):
    """The state that a recovery must restore."""

    visible_state: VisibleState
    size: GridSize
    cell: CellSize
    end: int
    resizes: list[Resized]
    emulator_resizes: int
    title: str
    name: str
    activity: tuple[Any, ...]
    colors: tuple[Any, ...] | None
    requests: int
    last_sequence: int
    typed: bytes


class Run:
    """A session that goes through steps; with ``spared``, its host is never killed."""

    def __init__(self, harness: SessionHarness, *, spared: bool) -> None:
        self.harness = harness
        self.spared = spared
        self.read_typed = b""
        self.written = 0
        self.sequence = 0
        self.requests = 0
        self.client = Client()
        self.harness.host()
        self.harness.attach_pty()
        self.attachment: Attachment = self._attach("")

    def _attach(self, resume: str) -> Attachment:
        attachment = self.harness.session.viewers.attach(self.client, resume=resume, read_only=False)
        self.harness.driver.performer.perform()
        return attachment

    async def _settle(self) -> None:
        """Wait until all output is interpreted, and read the program's input."""
        harness = self.harness
        while harness.output_file.end < self.written:
            wait_readable(harness.descriptors.master, 10, "output")
            harness.driver.program._readable()
        done = asyncio.Event()
        harness.driver.worker.run_after_output(lambda _: done.set())
        await done.wait()
        harness.driver.flush_input()
        self.read_typed += harness.read_typed()

    async def _kill(self) -> None:
        if self.spared:
            return
        self.harness.kill()
        self.harness.host()
        self.harness.attach_pty()
        known = self.attachment.id
        self.attachment = self._attach(known)
        assert self.attachment.id == known, "the viewer is known again"

    async def go(self, steps: Sequence[Any]) -> State:
        for step in steps:
            await self._take(step)
            await self._settle()
        return await self._state()

    async def _take(self, step: Any) -> None:
        driver, session = self.harness.driver, self.harness.session
        match step:
            case Wrote(data=data):
                self._write(data)
            case Left(data=data, place=place):
                self._write(data)
                if not self.spared:
                    self._move(place)
                await self._kill()
            case Resize():
                size, cell = GridSize(step.columns, step.rows), CellSize(9, 18)
                if (size, cell) != (session.sizing.size, session.sizing.cell):
                    if step.killed and not self.spared:
                        driver.worker.run_after_output = lambda use: None  # type: ignore[method-assign]
                    self.harness.resize(size, cell)
                if step.killed:
                    await self._kill()
            case Show(colors=colors):
                self.harness.terminal.rules.change_terminal(Colors(self.attachment.id, *colors))
                driver.performer.perform()
            case Name(name=name):
                session.rename(name)
                driver.performer.perform()
            case Type():
                self.sequence += 1
                message = Typed(self.attachment.id, self.sequence, step.text)
                if step.killed == "before it was written" and not self.spared:
                    self._let_the_program_take_nothing()
                if step.killed != "before it was accepted":
                    self.harness.take(self.attachment, message)
                if step.killed != "never":
                    await self._kill()
                if step.again or step.killed != "never":
                    self.harness.take(self.attachment, message)
            case Send():
                self.requests += 1
                for _ in range(2 if step.again else 1):
                    assert self.harness.terminal.rules.type_bytes(step.text.encode(), f"{self.requests:032x}")
                    self.harness.driver.performer.perform()
                    await self._kill()
            case Checkpoint(committed=committed):
                with pytest.MonkeyPatch.context() as patch:
                    if not committed:
                        patch.setattr(checkpoints, "commit", lambda *_: None)
                    assert await self.harness.checkpointer._make(portable=False)
            case Kill():
                await self._kill()

    def _write(self, data: bytes) -> None:
        assert os.write(self.harness.slave, data) == len(data)
        self.written += len(data)

    def _let_the_program_take_nothing(self) -> None:
        self.harness.input_log.send_pending = lambda: False  # type: ignore[method-assign]

    def _move(self, place: str) -> None:
        """Move the program's output to PTY, pipe or output file."""
        descriptors = self.harness.descriptors
        if place != "the terminal":
            wait_readable(descriptors.master, 10, "output")
        if place == "the pipe":
            os.splice(descriptors.master, descriptors.pipe_write, 65536)
        elif place == "the output file":
            self.harness.output_file.read_new(1 << 20)

    async def _state(self) -> State:
        driver, session = self.harness.driver, self.harness.session
        assert self.client.refused == []
        tracker = driver.watch.tracker
        colors = self.harness.terminal.rules.colors
        return State(
            await self.harness.terminal.worker.run(visible_state),
            session.sizing.size,
            session.sizing.cell,
            driver.output_file.end,
            session.ring.kept_resizes(),
            driver.worker.resizes,
            session.title,
            session.name,
            (tracker.activity, tracker.source, tracker.since, tracker.detail),
            None if colors is None else (colors.foreground, colors.background, colors.cursor, colors.dark),
            len(self.harness.terminal.rules.typed_tokens),
            self.attachment.last_sequence,
            self.read_typed,
        )


async def _both(engine: EngineName, steps: Sequence[Any]) -> tuple[State, State]:
    found = []
    for spared in (True, False):
        with session_harness(engine=engine, scrollback_lines=60) as harness:
            found.append(await Run(harness, spared=spared).go(steps))
    return found[0], found[1]


ANSWERED = [Wrote(b"\x1b]777;notify;title;body\x07"), Send("y", again=False)]
ASKED_ANEW = b"\x1b]7501;state=blocked;a question\x07"


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=steps)
@example(steps=[*ANSWERED, Wrote(ASKED_ANEW), Left(ASKED_ANEW, "the terminal")])
def test_a_session_with_repeatedly_killed_hosts_equals_one_without_kills(engine: EngineName, steps: list[Any]) -> None:
    spared, killed = asyncio.run(_both(engine, steps))
    for field, expected, found in zip(State._fields, spared, killed, strict=True):
        assert found == expected, field


TEXT = b"\x1b]2;a title\x07one\r\n\x1b[1;31mtwo\x1b[m\r\nthree"


async def _settled(harness: SessionHarness) -> VisibleState:
    return await harness.terminal.worker.run(visible_state)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("portable", [False, True])
async def test_a_checkpoint_of_one_engine_is_read_by_the_other(engine: EngineName, portable: bool) -> None:
    """In both directions: the other engine is tried when one fails, and the next keeper knows of no failure."""
    with session_harness(engine=engine) as harness:
        harness.host()
        harness.write_output(TEXT)
        was = await _settled(harness)
        for other in (True, True, False, False):
            assert await harness.checkpointer._make(portable=portable)
            harness.output_file.free_before(harness.output_file.end)  # Only the checkpoint is left.
            harness.kill()
            driver = harness.host(other_engine=other)
            assert harness.terminal.emulator.build.startswith("pyte" if (engine == "ghostty") is other else "ghostty")
            assert ("failed on this chat's output" in driver.notice) is other
            now = await _settled(harness)
            assert (now.rows, now.cursor, driver.session.title) == (was.rows, was.cursor, "a title")
            harness.write_output(b"")


async def test_the_other_engine_restores_the_screen_of_an_unusable_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    with session_harness(engine="ghostty") as harness:
        harness.host(other_engine=True)  # so that the checkpoint is the portable engine's
        harness.write_output(TEXT)
        was = await _settled(harness)
        assert await harness.checkpointer._make(portable=False)
        harness.output_file.free_before(harness.output_file.end)
        harness.kill()
        monkeypatch.setattr("session_host.terminal.engines._is_installed", lambda engine: engine == "pyte")
        harness.host()
        assert harness.terminal.emulator.build.startswith("pyte")
        assert await _settled(harness) == was


async def test_without_a_readable_checkpoint_all_kept_output_is_interpreted_again() -> None:
    with session_harness() as harness:
        harness.host()
        harness.write_output(TEXT)
        was = await _settled(harness)
        assert await harness.checkpointer._make(portable=False)
        at = harness.input_log.header.checkpoint
        assert at is not None
        os.pwrite(harness.descriptors.checkpoint, b"damaged", at.offset)
        harness.kill()
        driver = harness.host()
        assert await _settled(harness) == was
        assert driver.notice == ""


async def test_a_notice_says_what_cannot_be_restored() -> None:
    with session_harness() as harness:
        harness.host()
        harness.write_output(b"x" * 10_000 + b"\r\nthe end")
        harness.output_file.free_before(9_000)
        harness.kill()
        driver = harness.host()
        assert "could be restored" in driver.notice
        assert "the end" in [
            line.text() for line in await harness.terminal.worker.run(lambda emulator: emulator.rows())
        ]
        assert driver.worker.interpreted_to == driver.output_file.end


async def test_an_engine_that_raises_on_some_output_gets_the_rest(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    feed = PyteEmulator.feed

    def fragile(self: PyteEmulator, data: bytes) -> None:
        if b"POISON" in data:
            raise RuntimeError("of the engine's own")
        feed(self, data)

    monkeypatch.setattr(PyteEmulator, "feed", fragile)
    with session_harness() as harness, caplog.at_level("CRITICAL"):
        harness.host()
        harness.write_output(b"POISON")
        harness.kill()
        driver = harness.host()
        harness.write_output(b"good")
        assert driver.worker.interpreted_to == 10
        assert await harness.terminal.worker.run(lambda emulator: emulator.rows()[0].text()) == "good"
        harness.kill()
        assert harness.host().session.state is not None


async def test_a_later_host_knows_all_signals_of_one_output_or_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The host may be killed after any log entry; if the first signal is saved, the second must not be lost."""

    class Killed(BaseException):
        pass

    with session_harness() as harness:
        harness.host()
        add = harness.input_log.append
        noted = 0

        def add_and_die(kind: EntryKind, *rest: Any, **named: Any) -> None:
            nonlocal noted
            add(kind, *rest, **named)
            noted += kind is EntryKind.ACTIVITY
            if noted:
                raise Killed

        monkeypatch.setattr(harness.input_log, "append", add_and_die)
        with pytest.raises(Killed):
            harness.write_output(b"\x1b]7501;state=working\x07\x1b]7501;state=blocked;a question\x07")
        harness.kill()
        assert harness.host().watch.tracker.activity == "needs_input"


SCREEN = b"a line of the shell before\r\n" * 400


@pytest.mark.parametrize("written", [0, PAGE_BYTES, len(SCREEN)])
async def test_a_host_killed_while_it_writes_the_previous_screen_leaves_the_rest_to_the_next(
    area: Area, written: int
) -> None:
    with session_harness(begins_with_screen=True) as harness:
        path = session_history(harness.spec.facts.id)
        make_directories(path.parent)
        path.write_bytes(SCREEN)
        harness.host()
        os.pwrite(harness.descriptors.output_file, SCREEN[:written], 0)
        harness.kill()

        begin(harness)
        assert output(harness) == SCREEN
        harness.kill()

        harness.host()
        assert harness.recovered.log_state.child_started is not None, "a third host does not begin again"
        harness.attach_pty()
        assert output(harness) == SCREEN


def begin(harness: SessionHarness) -> None:
    harness.host().begin(PtyProcess(os.getpid(), None, harness.descriptors.master))


def output(harness: SessionHarness) -> bytes:
    return os.pread(harness.descriptors.output_file, harness.output_file.end + 1, 0)


async def test_a_focus_report_is_not_repeated_after_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(focus, "GRACE_S", 0.01)
    with session_harness() as harness:

        async def host() -> None:
            harness.host()
            harness.attach_pty()
            reporter = harness.session.viewers.focus
            await eventually(lambda: reporter.is_unseen, 10, "the time for viewers to come to be over")

        await host()
        harness.write_output(b"\x1b[?1004h")
        assert harness.read_typed() == b"\x1b[O"
        for _ in range(2):
            harness.kill()
            await host()
            harness.write_output(b"more")
            assert harness.read_typed() == b""
        await harness.checkpointer.make_portable()
        harness.kill()
        await host()
        assert harness.read_typed() == b""
