"""Decides when to checkpoint, so that a recovery need not go far back.

Checkpoints take about a tenth of the engine's time on the processor: a busy machine gets no more of them. A recovery
repeats at most about the work between two of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from session_host.errors import OutliveError
from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.host.program.journal_writer import JournalWriter
from session_host.protocol.values import CellSize, GridSize
from session_host.session.output_ring import OutputRing
from session_host.storage.descriptors import checkpoint as files
from session_host.storage.descriptors.checkpoint import Checkpoint
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.output_file import MemoryFile, OutputFile
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.storage.journal import Snapshot
from session_host.structured.engine import TranscriptEngine
from session_host.system.worker import Worker
from session_host.terminal.base import Replica

log = logging.getLogger(__name__)

WORK_S = 0.1
"""Seconds of the engine's work between two checkpoints, at least."""

WORK_OF_COST = 10.0
"""Or this many times a checkpoint's cost, whichever is more."""

OUTPUT_BYTES = 8 * 1024 * 1024
"""So much output between two checkpoints, or half of the last one's length: a transcript with pictures is hundreds of
megabytes long, and each checkpoint has all of it."""

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
    recorded: bytes
    """``data`` for the journal: of a transcript only with the newest pictures, since the journal has a limit."""


def _state_of(emulator: Replica, picture_bytes: int, *, portable: bool) -> _State:
    began_s = time.thread_time()
    form, data = ("vt", emulator.replay()) if portable else (emulator.build, emulator.snapshot())
    recorded = data
    if isinstance(emulator, TranscriptEngine) and len(data) > picture_bytes:
        recorded = emulator.transcript.snapshot(picture_bytes=picture_bytes)
    took_s = time.thread_time() - began_s
    return _State(form, data, emulator.size, emulator.cell, emulator.scrollback_limit, emulator.title, took_s, recorded)


def _recorded_of(emulator: Replica, picture_bytes: int) -> Snapshot | None:
    """A transcript for the journal alone, its offset to be added; None for a terminal, of which it needs no more."""
    if not isinstance(emulator, TranscriptEngine):
        return None
    data = emulator.transcript.snapshot(picture_bytes=picture_bytes)
    return Snapshot(0, 0, emulator.build, emulator.size, emulator.scrollback_limit, emulator.title, data)


class Checkpointer:
    """Makes the checkpoints of one session, and frees the output that they make superfluous."""

    def __init__(
        self,
        descriptors: SessionDescriptors,
        offset: int,
        worker: EmulatorWorker[Replica],
        log_state: Callable[[], LogState],
        *,
        input_log: InputLog,
        output_file: MemoryFile,
        program_output: OutputFile,
        journal_writer: JournalWriter,
        ring: OutputRing,
    ) -> None:
        """Watch a session.

        Args:
            descriptors: where checkpoints go.
            offset: the offset of the newest checkpoint, 0 if there is none.
            worker: has the emulator.
            log_state: returns the state that the input log adds up to.
            input_log: the session's input log.
            output_file: the output, or a structured session's transcript log; superseded output is freed.
            program_output: the bytes that the program wrote; old ones are freed, too.
            journal_writer: gets the emulator's state, too, and has to be done with output before that is freed.
            ring: learns what is freed.
        """
        self._descriptors = descriptors
        self._offset = offset
        self._emulator_worker, self._log_state, self._input_log = worker, log_state, input_log
        self._output_file, self._program_output, self._ring = output_file, program_output, ring
        self._journal_writer = journal_writer
        self._work_s = 0.0
        self._cost_s = 0.0
        self._resizes = worker.resizes
        self._input_log_end = input_log.end
        self._task: asyncio.Task[bool] | None = None
        self._is_noting, self._is_structured = False, descriptors.agent_output >= 0
        self._fit_ring()
        self._file_worker = Worker()

    def maybe_checkpoint(self) -> None:
        """Make a checkpoint if it is time; called after output was interpreted."""
        worker = self._emulator_worker
        if self._task is None and (
            worker.cpu_s - self._work_s > max(WORK_S, self._cost_s * WORK_OF_COST)
            or worker.interpreted_to - self._offset > max(OUTPUT_BYTES, self._last_length // 2)
            or self._input_log.end - self._input_log_end > INPUT_LOG_BYTES
            or worker.resizes - self._resizes > RESIZES
        ):
            self._begin(portable=False)
        elif self._is_structured and not self._is_noting and self._journal_writer.needs_snapshot(worker.interpreted_to):
            self._is_noting = True
            work = partial(_recorded_of, picture_bytes=self._journal_writer.picture_bytes)
            worker.submit(work, self._noted, lambda: self._noted(None))

    def _noted(self, recorded: Snapshot | None) -> None:
        """A transcript for the journal was made, between two checkpoints, which are rarer the longer a chat is."""
        self._is_noting = False
        if recorded is not None:
            worker = self._emulator_worker
            self._journal_writer.add_snapshot(recorded._replace(offset=worker.interpreted_to, resizes=worker.resizes))

    @property
    def _last_length(self) -> int:
        """The length of the newest checkpoint."""
        at = self._input_log.header.checkpoint
        return at.length if at is not None else 0

    def _fit_ring(self) -> None:
        if self._is_structured:
            self._ring.grow(self._last_length)

    def request_checkpoint(self) -> None:
        """Request a checkpoint at once: the journal has a gap, and continues with a whole screen."""
        self._work_s = float("-inf")
        self.maybe_checkpoint()

    async def make_portable(self) -> bool:
        """Make a checkpoint that any version can read; returns whether it was made."""
        await self.close()
        return await self._begin(portable=True)

    async def close(self) -> None:
        """Wait for a checkpoint that is being made."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _begin(self, *, portable: bool) -> asyncio.Task[bool]:
        self._task = asyncio.get_running_loop().create_task(self._make(portable=portable), name="checkpoint")
        return self._task

    async def _make(self, *, portable: bool) -> bool:
        input_log, worker = self._input_log, self._emulator_worker
        found: asyncio.Future[tuple[_State, int, int] | None] = asyncio.get_running_loop().create_future()

        def done(state: _State) -> None:
            found.set_result((state, worker.interpreted_to, worker.resizes))

        try:
            work = partial(_state_of, picture_bytes=self._journal_writer.picture_bytes, portable=portable)
            worker.submit(work, done, lambda: found.set_result(None))
            result = await found
            self._work_s, self._input_log_end = worker.cpu_s, input_log.end
            if result is None:
                self._cost_s = max(self._cost_s * 2, WORK_S)  # The engine failed; try again later.
                return False
            state, offset, resizes = result
            self._cost_s = state.took_s
            # Both at one moment: the state lacks exactly the entries from there on.
            log_state, first_entry = self._log_state(), input_log.first_pending
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
            at = await self._file_worker.run(lambda: files.write(self._descriptors.checkpoint, checkpoint, first_entry))
            files.commit(self._descriptors.checkpoint, at, input_log.header)
        except (OSError, OutliveError) as error:
            log.warning("no checkpoint: %s", error)
            return False
        finally:
            self._task = None
        self._offset, self._resizes = offset, resizes
        self._fit_ring()
        if log_state.chat is not None:
            self._program_output.free_before(log_state.chat.raw_offset)
        if not portable:
            self._journal_writer.add_snapshot(
                Snapshot(offset, resizes, state.form, state.size, state.scrollback_lines, state.title, state.recorded)
            )
        self.free_superseded()
        return True

    def free_superseded(self) -> None:
        """Free the output that no recovery, viewer or journal needs any more."""
        output_file, journal_writer = self._output_file, self._journal_writer
        needed = min(self._offset, output_file.end - self._ring.length)
        if journal_writer.is_enabled and not journal_writer.error:
            needed = min(needed, journal_writer.end)
        if needed > output_file.start:
            output_file.free_before(needed)
            self._ring.forgot(output_file.start)
