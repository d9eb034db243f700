"""Decides when to checkpoint, so that a recovery need not go far back.

Checkpoints take about a tenth of the engine's time on the processor: a busy machine gets no more of them. A recovery
repeats at most about the work between two of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from session_host.errors import OutliveError
from session_host.protocol.values import CellSize, GridSize
from session_host.session.output_ring import RING_BYTES
from session_host.storage.descriptors import checkpoint as files
from session_host.storage.descriptors.checkpoint import Checkpoint
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.storage.journal import Snapshot
from session_host.system.worker import Worker
from session_host.terminal.base import Emulator

if TYPE_CHECKING:
    from session_host.host.driver.driver import Driver


log = logging.getLogger(__name__)

WORK_S = 0.1
"""Seconds of the engine's work between two checkpoints, at least."""

WORK_OF_COST = 10.0
"""Or this many times a checkpoint's cost, whichever is more."""

OUTPUT_BYTES = 8 * 1024 * 1024
INPUT_LOG_BYTES = 1024 * 1024
RESIZES = 400


class _State(NamedTuple):
    """The emulator's state, read in its worker's thread."""

    form: str
    data: bytes
    size: GridSize
    cell: CellSize
    scrollback_lines: int
    title: str
    took_s: float


def _state_of(emulator: Emulator, *, portable: bool) -> _State:
    began_s = time.thread_time()
    form, data = ("vt", emulator.replay()) if portable else (emulator.build, emulator.snapshot())
    took_s = time.thread_time() - began_s
    return _State(form, data, emulator.size, emulator.cell, emulator.scrollback_limit, emulator.title, took_s)


def log_state_of(driver: Driver) -> LogState:
    """The state that the input log adds up to; all replies to interpreted output are in the log."""
    driver.late_replies.send_now()
    session, chat = driver.session, driver.session.chat
    return LogState(
        child_started=driver.process.started if driver.process is not None else None,
        name=session.name if session.name != driver.spec.name else "",
        answered=(driver.worker.interpreted_to if chat is None else chat.log_end, driver.emulator_resizes),
        attachments=session.viewers.attachments.saved_state(),
        requests=session.requests,
        resizes=session.ring.kept_resizes(),
        colors=session.colors,
        activity=driver.watch.saved_state(),
        focus=session.viewers.focus.last_report,
        conversation=driver.conversation.saved_state(),
        chat=chat.saved_state() if chat is not None else None,
        answers=driver.questions.answers,
        prompt=session.prompt.state,
    )


class Checkpointer:
    """Makes the checkpoints of one session, and frees the output that they make superfluous."""

    def __init__(self, driver: Driver, descriptors: SessionDescriptors, offset: int) -> None:
        """Watch a session.

        Args:
            driver: the session's.
            descriptors: where checkpoints go.
            offset: of the newest checkpoint, 0 if there is none.
        """
        self._driver = driver
        self._descriptors = descriptors
        self._offset = offset
        self._work_s = 0.0
        self._cost_s = 0.0
        self._resizes = driver.emulator_resizes
        self._input_log_end = driver.input_log.end
        self._task: asyncio.Task[bool] | None = None
        self._worker = Worker()

    def maybe_checkpoint(self) -> None:
        """Make a checkpoint if it is time; called after output was interpreted."""
        driver = self._driver
        worker = driver.worker
        if self._task is None and (
            worker.worked_s - self._work_s > max(WORK_S, self._cost_s * WORK_OF_COST)
            or worker.interpreted_to - self._offset > OUTPUT_BYTES
            or driver.input_log.end - self._input_log_end > INPUT_LOG_BYTES
            or driver.emulator_resizes - self._resizes > RESIZES
        ):
            self._begin(portable=False)

    def request_checkpoint(self) -> None:
        """Request a checkpoint at once: the journal has a gap, and continues with a whole screen."""
        self._work_s = float("-inf")
        self.maybe_checkpoint()

    async def make_portable(self) -> bool:
        """Make a checkpoint that any version can read; returns whether it was made."""
        await self.close()
        return await self._begin(portable=True)

    async def catch_up(self) -> None:
        """Make a checkpoint of the present state, so that a recovery has nothing to repeat."""
        await self.close()
        driver = self._driver
        if driver.worker.interpreted_to > self._offset or driver.emulator_resizes > self._resizes:
            await self._begin(portable=False)

    async def close(self) -> None:
        """Wait for a checkpoint that is being made."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _begin(self, *, portable: bool) -> asyncio.Task[bool]:
        self._task = asyncio.get_running_loop().create_task(self._make(portable=portable), name="checkpoint")
        return self._task

    async def _make(self, *, portable: bool) -> bool:
        driver = self._driver
        input_log, worker = driver.input_log, driver.worker
        found: asyncio.Future[tuple[_State, int, int] | None] = asyncio.get_running_loop().create_future()

        def done(state: _State) -> None:
            found.set_result((state, worker.interpreted_to, driver.emulator_resizes))

        try:
            worker.submit(lambda emulator: _state_of(emulator, portable=portable), done, lambda: found.set_result(None))
            result = await found
            self._work_s, self._input_log_end = worker.worked_s, input_log.end
            if result is None:
                self._cost_s = max(self._cost_s * 2, WORK_S)  # The engine failed; try again later.
                return False
            state, offset, resizes = result
            self._cost_s = state.took_s
            # Both at one moment: the state lacks exactly the entries from there on.
            log_state, first_entry = log_state_of(driver), input_log.first_pending
            checkpoint = Checkpoint(
                offset,
                resizes,
                state.form,
                state.size,
                state.cell,
                state.scrollback_lines,
                state.title,
                state.data,
                log_state,
            )
            at = await self._worker.run(lambda: files.write(self._descriptors.checkpoint, checkpoint, first_entry))
            files.commit(self._descriptors.checkpoint, at, input_log.header)
        except (OSError, OutliveError) as error:
            log.warning("no checkpoint: %s", error)
            return False
        finally:
            self._task = None
        self._offset, self._resizes = offset, resizes
        if log_state.chat is not None:
            driver.program_output.free_before(log_state.chat.raw_offset)
        if not portable:
            driver.journal_writer.add_snapshot(
                Snapshot(offset, resizes, state.form, state.size, state.scrollback_lines, state.title, state.data)
            )
        self.free_superseded()
        return True

    def free_superseded(self) -> None:
        """Free the output that no recovery, viewer or journal needs any more."""
        driver = self._driver
        needed = min(self._offset, driver.output_file.end - RING_BYTES)
        if driver.journal_writer.on and not driver.journal_writer.trouble:
            needed = min(needed, driver.journal_writer.end)
        if needed > driver.output_file.start:
            driver.output_file.free_before(needed)
            driver.session.ring.forgot(driver.output_file.start)
