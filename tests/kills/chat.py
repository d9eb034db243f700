"""One session with a witness: types into it, sends it commands, and reports what it lost."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from session_host.client.control import request
from session_host.client.sessions.session_info import SessionInfo, list_sessions
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Event, InputRefused, Send
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create
from session_host.terminal.base import Emulator, EngineName
from session_host.terminal.text import logical_lines
from tests.kills.evidence import (
    TypedInput,
    input_losses,
    output_losses,
    replies_in,
    reply_losses,
    viewer_losses,
)
from tests.kills.recorder import RecordingViewer, read_recording
from tests.kills.witness import SIZE, Witness
from tests.support import processes
from tests.support.facts import keeper_pid
from tests.support.hosts import peek
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually, poll_until

ECHO = re.compile(rb"echo (<[^<>]*>)")
LONGEST_ECHO_BYTES = 64
ARROWS = {"ArrowUp": b"\x1bOA", "ArrowDown": b"\x1bOB", "ArrowRight": b"\x1bOC", "ArrowLeft": b"\x1bOD"}
HISTORY_LINES = 1000
"""The number of the replica's newest history lines that are compared, besides the screen."""

FEW_LINES = 20
"""If one side has no more lines than this and the other has, the first one's history is lost."""


class Chat:
    """A session that runs a witness, with a permanent viewer. This class is the viewer's delegate.

    Attributes:
        witness, typed, viewer: the program, the typed input, the permanent viewer.
        refused: a line for each input that the host refused.
        states: the viewer's states, in order.
    """

    def __init__(self, directory: Path, number: int, engine: EngineName = "ghostty") -> None:
        self.number = number
        self.engine: EngineName = engine
        self.directory = directory
        self.witness = Witness(directory / f"witness-{number}")
        self.typed = TypedInput()
        self.refused: list[str] = []
        self.states: list[ViewerState] = []
        self.viewer: RecordingViewer | None = None
        self._echoed: set[str] = set()
        self._tail = b""
        self._heard = asyncio.Event()
        self._counts: dict[str, int] = {}

    async def start(self) -> None:
        """Start the session and its permanent viewer.

        Raises:
            WaitTimeout: the viewer does not become live.
        """
        await self.witness.start(f"witness-{self.number}", self.engine)
        await self._follow()

    async def adopt(self, record: ChatFacts) -> None:
        """Use a session that another process started, and start the permanent viewer.

        Raises:
            WaitTimeout: the viewer does not become live.
        """
        self.witness.attach_session(record)
        await self._follow()

    async def _follow(self) -> None:
        path = self.directory / f"stays-{self.number}"
        self.viewer = RecordingViewer(self.witness.id, self, path, engine=self.engine, on_output=self._output)
        self.viewer.start()
        await self.until(lambda: self.is_live and bool(self.witness.sizes), "the viewer that stays to be live")

    async def close(self) -> None:
        """Close the viewer, and end the program if it still runs."""
        if self.viewer is not None:
            self.viewer.close()
            await self.viewer.delivery.wait()
        self.witness.__exit__(None, None, None)
        if self.witness.pid and self.witness.lives():
            processes.end([self.witness.pid])

    @property
    def is_live(self) -> bool:
        """Whether the permanent viewer is live."""
        return self.viewer is not None and self.viewer.line.shown is ViewerState.LIVE

    # ------------------------------------------------------------ the viewer's delegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        self.states.append(state)
        self._heard.set()

    def viewer_replaced(self) -> None:
        self._heard.set()

    def viewer_damaged(self) -> None:
        pass

    def viewer_event(self, event: Event) -> None:
        pass

    def viewer_refused(self, refusal: InputRefused) -> None:
        self.refused.append(f"chat {self.number}: input {refusal.sequence} was refused: {refusal.message}")

    def _output(self, data: bytes) -> None:
        self._tail += data
        for echo in ECHO.finditer(self._tail):
            self._echoed.add(echo[1].decode())
            self._heard.set()
        self._tail = self._tail[-LONGEST_ECHO_BYTES:]

    async def until(self, condition, what: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until a condition on the viewer or the witness is true.

        Raises:
            WaitTimeout: the condition does not become true in time.
        """
        await eventually(condition, timeout_s, lambda: f"chat {self.number}: {what}; viewer: {self.states[-4:]}")

    # ------------------------------------------------------------ typing

    def next_token(self, writer: str) -> str:
        """Make a new token. ``writer`` names the source of the input and has only letters."""
        self._counts[writer] = self._counts.get(writer, 0) + 1
        return f"<{writer}{self._counts[writer]}>"

    def type_text(self) -> str:
        """Type a token as composed text."""
        assert self.viewer is not None
        token = self.next_token("v")
        self.typed.sure.append(token)
        self.viewer.text(token)
        return token

    def paste(self) -> str:
        """Paste a token."""
        assert self.viewer is not None
        token = self.next_token("v")
        self.typed.sure.append(token)
        self.typed.pasted.add(token)
        self.viewer.paste(token)
        return token

    def press(self, count: int = 1) -> None:
        """Press letter keys; each letter differs from the previous one."""
        assert self.viewer is not None
        for _ in range(count):
            letter = chr(ord("a") + len(self.typed.keys) % 26)
            self.typed.keys += letter
            self.viewer.key(letter, letter)

    def press_arrow(self, name: str) -> None:
        """Press an arrow key."""
        assert self.viewer is not None
        self.typed.arrows += ARROWS[name]
        self.viewer.key(name)

    async def answers(self) -> float:
        """Type a token and wait for its echo at the permanent viewer; return the seconds that took.

        Raises:
            WaitTimeout: the echo does not come.
        """
        return await self.echoed(self.type_text())

    async def echoed(self, token: str) -> float:
        """Wait for a token's echo at the permanent viewer; return the seconds that took.

        Raises:
            WaitTimeout: the echo does not come.
        """
        assert self.viewer is not None
        began_s, snapshots = time.monotonic(), self.viewer.snapshots
        deadline_s = began_s + TIMEOUT_S
        while token not in self._echoed:
            # A snapshot that replaces the output also contains the echo.
            if self.viewer.snapshots > snapshots and self.is_live and self._passed(token):
                break
            self._heard.clear()
            try:
                await asyncio.wait_for(self._heard.wait(), 0.05)
            except TimeoutError:
                if not self.witness.lives():
                    raise WaitTimeout(f"chat {self.number}: the agent is gone") from None
                if time.monotonic() > deadline_s:
                    came = "was read" if token.encode() in self.witness.received else "was not read"
                    raise WaitTimeout(
                        f"chat {self.number} does not answer: {token} {came}; viewer {self.states[-4:]}"
                    ) from None
        return time.monotonic() - began_s

    def _passed(self, token: str) -> bool:
        assert self.viewer is not None
        offset = self.witness.written.find(f"echo {token}".encode())
        return 0 <= offset < self.viewer.position

    # ------------------------------------------------------------ the end

    async def settle(self) -> None:
        """Wait until the witness is quiet and has read all input, and the viewer has all output.

        Raises:
            WaitTimeout: one of these conditions does not become true.
        """
        viewer = self.viewer
        assert viewer is not None
        self.witness.order("quiet")
        await self.until(lambda: self.witness.has_obeyed, "the witness to be quiet")
        await self.until(lambda: not viewer.inputs, "the inputs to be acknowledged")
        await self._type_last()
        await self.answers()
        await self.until(lambda: len(replies_in(self.witness.received)) >= len(self.witness.asked), "all answers")
        await self.until(lambda: viewer.position == self.witness.written_bytes, "the viewer to have all output")

    async def _type_last(self) -> None:
        """Send a text as a command does; returns when it is typed.

        Earlier texts are typed before it, also those of commands that were killed, which a busy host types late.
        """
        token = self.next_token("q")
        self.typed.sure.append(token)
        await request(self.witness.id, Send(0, token))

    async def end(self, code: int) -> list[str]:
        """Order the program to exit with ``code``; return a line for each place where the end or its code is lost."""
        viewer = self.viewer
        assert viewer is not None
        self.witness.order(f"end {code}")
        try:
            await self.until(lambda: viewer.line.shown is ViewerState.ENDED, "the viewer to see the end")
        except WaitTimeout as error:
            return [str(error)]
        losses = []
        learnt = viewer.line.now.end.exit_code, viewer.line.now.end.exit_signal
        if learnt != (code, None):
            losses.append(f"the viewer learnt {learnt}, the exit code was {code}")
        # The viewer gets the exit code first. It is recorded later, after the rest of the journal.
        deadline_s = time.monotonic() + TIMEOUT_S
        while True:
            record = await asyncio.to_thread(recorded, self.witness.id)
            if record is not None and (record.outcome.state, record.outcome.exit_code) == ("exited", code):
                break
            if time.monotonic() > deadline_s:
                known = "nothing" if record is None else f"{record.outcome.state} {record.outcome.exit_code}"
                losses.append(f"the record knows {known}, the exit code was {code}")
                break
            await asyncio.sleep(0.01)
        return [f"chat {self.number}: {loss}" for loss in losses]

    def losses(self, journal: Iterable[tuple[int, bytes]] | None, *, start: int = 0) -> list[str]:
        """Compare input, output and replies with the witness's record; return a line for each difference.

        Args:
            journal: the output in the journal, None if there is no journal.
            start: the offset up to which the journal may be cut.
        """
        witness, viewer = self.witness, self.viewer
        assert viewer is not None
        written, received = witness.written, witness.received
        stayed = list(read_recording(self.directory / f"stays-{self.number}"))
        losses = [f"viewer: {loss}" for loss in viewer_losses(written, stayed, whole=True)]
        losses += [f"input: {loss}" for loss in input_losses(received, self.typed)]
        losses += [f"queries: {loss}" for loss in reply_losses(received, witness.asked)]
        if journal is not None:
            losses += [f"journal: {loss}" for loss in output_losses(written, journal, start=start)]
        return [f"chat {self.number}: {loss}" for loss in losses] + self.refused

    async def screen_losses(self, resizes: Sequence[tuple[int, GridSize]] = ()) -> list[str]:
        """Compare the screens of the permanent viewer and of the host with the written output; return differences.

        Args:
            resizes: the offsets at which the terminal was resized, and the new sizes.
        """
        assert self.viewer is not None
        written = self.witness.written
        fresh = create(self.engine, SIZE)
        try:
            begin = 0
            for offset, size in resizes:
                fresh.feed(written[begin:offset])
                fresh.resize(size, CellSize())
                begin = offset
            fresh.feed(written[begin:])
            expected = newest_lines(fresh)
        finally:
            fresh.close()
        shown = newest_lines(self.viewer.replica.emulator) if self.viewer.replica.emulator is not None else []
        deadline_s = time.monotonic() + TIMEOUT_S
        while True:  # The host interprets output after it has sent the output to viewers.
            differs = first_difference(expected, await peek(self.witness.id))
            if differs is None or time.monotonic() > deadline_s:
                break
            await asyncio.sleep(0.02)
        differences = {"the viewer": first_difference(expected, shown), "the host": differs}
        return [f"chat {self.number}: {who} shows otherwise: {what}" for who, what in differences.items() if what]


def newest_lines(emulator: Emulator) -> list[str]:
    """The newest lines of the history and the screen, without trailing blank lines."""
    count = min(HISTORY_LINES, emulator.scrollback_rows)
    lines = logical_lines(emulator.history(emulator.scrollback_rows - count, count) + emulator.rows())
    while lines and not lines[-1]:
        lines.pop()
    return lines


def first_difference(expected: Sequence[str], actual: Sequence[str]) -> str | None:
    """Compare two lists of newest lines from their ends; return the first difference, None if there is none."""
    if (len(expected) > FEW_LINES) != (len(actual) > FEW_LINES):
        return f"{len(actual)} lines, not {len(expected)}"
    for back, (one, other) in enumerate(zip(reversed(expected), reversed(actual), strict=False), 1):
        if one != other and back < min(len(expected), len(actual)):  # the oldest may be cut
            return f"line {back} from the end is {other!r}, not {one!r}"
    return None


def recorded(session_id: str) -> ChatFacts | None:
    """A session's record from the store, without a request to its host. Blocks."""
    with open_store() as store:
        return store.get(session_id)


async def described(session_id: str) -> SessionInfo:
    """A running session as its host describes it; a busy host may take longer than ``outlive ls`` waits for it.

    Raises:
        WaitTimeout: the host does not answer, or it has no keeper.
    """

    def fits(info: SessionInfo | None) -> bool:
        return info is not None and keeper_pid(info) is not None

    async def ask() -> SessionInfo | None:
        return (await chats()).get(session_id)

    info = await poll_until(ask, fits, TIMEOUT_S, f"the host of {session_id} to answer, with a keeper")
    assert info is not None
    return info


async def chats(*, ended: bool = False) -> dict[str, SessionInfo]:
    """The sessions that ``outlive ls`` lists, by id."""

    def ask() -> dict[str, SessionInfo]:
        with open_store() as store:
            return {info.id: info for info in list_sessions(store, ended=ended)}

    return await asyncio.to_thread(ask)
