"""Clears the terminal at a viewer's request, by sequences that the host appends to the program's output.

In the same way, the modes that a shell's command left behind, since it was killed, are taken back at the next prompt.

They are output like the program's own, so viewers, snapshots, checkpoints, recovery and recording agree on them without
further rules. They must not split a sequence or character of the program. So the host stops reading until the emulator
has all output. If a sequence is unfinished then, the host waits for more output, up to WAIT_S, and then cancels the
sequence (binary output may leave one).

After a reset the program must draw its screen again. Programs do so when the size of their terminal changes, so the PTY
(not the grid) is one column narrower for NARROW_S. Programs on Node.js ignore SIGWINCH without a changed size.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.host.program.program import Program
from session_host.host.watchers.agent_activity import AgentWatch
from session_host.protocol.messages import Clearing
from session_host.protocol.values import GridSize
from session_host.session.sizing import Sizing
from session_host.system.event_loop import Timer
from session_host.terminal.base import Emulator
from session_host.terminal.clearing import CANCEL, sequences
from session_host.terminal.left_modes import LEAVE_ALTERNATE

log = logging.getLogger(__name__)

WAIT_S = 0.5
"""How long an unfinished sequence of the program may take to end."""

_COMMAND_ENDS = b"\x1b]133;D"
_MAX_PROMPT_BYTES = 16 * 1024

NARROW_S = 0.2
"""How long the terminal is narrower. A program that is busy for all of this time sees no change."""


class Clearer:
    """Clears one session's terminal."""

    def __init__(
        self,
        program: Program,
        worker: EmulatorWorker[Emulator],
        sizing: Sizing,
        watch: AgentWatch,
        append_output: Callable[[bytes], None],
    ) -> None:
        """Begin with nothing to clear.

        Args:
            program: its output is not read meanwhile; it is to draw its screen again.
            worker: has the emulator.
            sizing: has the grid's size.
            watch: knows whether a shell is at its prompt.
            append_output: appends the host's own sequences to the output.
        """
        self._program, self._worker, self._sizing, self._watch = program, worker, sizing, watch
        self._append_output = append_output
        self._wanted: dict[Clearing, None] = {}
        self._restores = False
        self._after_command: bytes | None = None
        """The output since the end of a shell's command; None if no command has just ended."""
        self._timeout, self._narrow_timer = Timer(), Timer()
        self._is_waiting_for_end = self._is_waiting_for_emulator = self._is_overdue = False
        self._checked_offset = -1

    @property
    def _has_work(self) -> bool:
        return bool(self._wanted) or self._restores

    def clear(self, what: Clearing) -> None:
        """Clear the terminal soon; repeated requests before that count once."""
        self._wanted[what] = None
        self._begin()

    def note_output(self, data: bytes) -> None:
        """Note the output after the end of a shell's command: the shell's prompt."""
        if (end := data.rfind(_COMMAND_ENDS, -_MAX_PROMPT_BYTES)) >= 0:
            self._after_command = data[end:]
        elif self._after_command is not None:
            self._after_command = (self._after_command + data)[:_MAX_PROMPT_BYTES]

    def command_ended(self) -> None:
        """Take back the modes that a shell's command has left, if it has left any."""
        self._worker.run_after_output(self._restore_soon)

    def _restore_soon(self, emulator: Emulator) -> None:
        if emulator.command_modes.are_left:
            self._restores = True
            self._begin()
        elif not self._restores:
            self._after_command = None

    def _begin(self) -> None:
        if not self._is_waiting_for_end:
            self._is_waiting_for_end, self._is_overdue = True, False
            self._timeout.set(WAIT_S, self._on_timeout)
            self._check_soon()

    def output_interpreted(self) -> None:
        """Check again whether a sequence is unfinished, since the emulator has interpreted output."""
        if self._has_work and not self._is_waiting_for_emulator and self._worker.interpreted_to > self._checked_offset:
            self._check_soon()

    def close(self) -> None:
        """Drop all requests, since the program has ended or the host stops."""
        self._wanted.clear()
        self._restores = False
        self._end_wait()
        self._narrow_timer.cancel()

    def _on_timeout(self) -> None:
        self._is_overdue = True
        self._check_soon()

    def _check_soon(self) -> None:
        self._is_waiting_for_emulator = True
        self._program.pause_reading()
        self._worker.run_after_output(self._clear_between_sequences)

    def _clear_between_sequences(self, emulator: Emulator) -> None:
        self._is_waiting_for_emulator = False
        self._checked_offset = self._worker.interpreted_to
        if self._has_work:
            is_between = self._checked_offset == self._worker.received_to and emulator.is_ground()
            if is_between or self._is_overdue:
                self._clear_now(emulator, b"" if is_between else CANCEL)
        self._program.resume_reading()

    def _clear_now(self, emulator: Emulator, prefix: bytes) -> None:
        leaves_alternate = False
        if self._restores:
            restoring = emulator.command_modes.next_step(self._after_command or b"")
            leaves_alternate = restoring.endswith(LEAVE_ALTERNATE)
            if not restoring:
                self._restores, self._after_command = False, None
                if not self._wanted:
                    self._end_wait()
                    return
            prefix += restoring
        shell = self._watch.foreground
        at_prompt = "reset" in self._wanted and shell is not None and shell.is_at_prompt()
        data = prefix + b"".join(sequences(what, at_prompt=at_prompt) for what in self._wanted)
        log.info("cleared %s offset=%d", ",".join(self._wanted) or "left modes", self._worker.received_to)
        self._append_output(data)
        if "reset" in self._wanted or leaves_alternate:
            self._narrow()
        self._wanted.clear()
        self._end_wait()
        if self._restores:
            self._begin()  # The next step depends on the modes after this one.

    def _end_wait(self) -> None:
        self._is_waiting_for_end = False
        self._timeout.cancel()

    def _narrow(self) -> None:
        sizing = self._sizing
        self._program.resize(GridSize(max(sizing.size.columns - 1, 1), sizing.size.rows), sizing.cell)
        self._narrow_timer.set(NARROW_S, self._widen)

    def _widen(self) -> None:
        self._program.resize(self._sizing.size, self._sizing.cell)
