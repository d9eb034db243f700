"""The processes that report an agent's status themselves: the sender of a plugin's reports, and the job of OSC 7501.

Each may be another process than the session's program, such as an agent in a shell or below a wrapper. When it ends, no
report says so: its status is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable

from session_host.agents import sources, status
from session_host.agents.status import ActivityTracker, StatusReport
from session_host.storage.descriptors.input_log import LogHeader
from session_host.system.processes import proc
from session_host.system.processes.identity import ancestors, is_running, start_time
from session_host.system.processes.process_end import ProcessEnd
from session_host.system.processes.pty_process import PtyProcess

from .logged_calls import call_logged


class PluginSender:
    """The process that sends the plugin's reports.

    The first sender is the agent: it loads its plugin before it can start anything. Another sender is accepted once
    the first one has ended.

    Attributes:
        process: the PID and the start time of the sender, as a replacement host needs them; None before its first
            report.
    """

    def __init__(
        self, saved: tuple[int, int] | None, header: LogHeader, apply_report: Callable[[StatusReport], object]
    ) -> None:
        """Continue with the sender that a previous host accepted.

        Args:
            saved: the sender; None for none.
            header: knows the PID of the session's program before ``start_watching``.
            apply_report: called with the report that withdraws the status.
        """
        self.process = saved
        self._header, self._apply_report = header, apply_report
        self._program: PtyProcess | None = None
        self._end = ProcessEnd(self._on_end)

    def start_watching(self, program: PtyProcess) -> None:
        """Watch the sender below the running program."""
        self._program = program
        self._watch(program)

    def accepts(self, pid: int) -> bool:
        """Whether a report of this process counts, which is then watched; ``pid`` is 0 if it is unknown."""
        if not self._is_sender(pid):
            return False
        if self._program is not None:
            self._watch(self._program)
        return True

    def _is_sender(self, pid: int) -> bool:
        if self.process is not None and pid == self.process[0]:
            return True
        if not pid or (self.process is not None and is_running(*self.process)):
            return False
        program = self._program.pid if self._program is not None else self._header.child
        started = start_time(pid)
        if started is None or (pid != program and program not in ancestors(pid)):
            return False
        self.process = (pid, started)
        return True

    def _watch(self, program: PtyProcess) -> None:
        """Watch the agent that reports by its plugin, if it is not the session's program itself."""
        if self.process is not None and self.process[0] != program.pid:
            self._end.watch(*self.process)

    def _on_end(self) -> None:
        """Withdraw the status of an agent that ended, while the session's program, such as a wrapper, runs on."""
        self._apply_report(status.from_exited_program(sources.PLUGIN))

    def close(self) -> None:
        """Stop watching."""
        self._end.close()


class ReportingJob:
    """The job of the terminal that reports by OSC 7501.

    Attributes:
        group: the foreground process group at the last report, as a replacement host needs it; 0 before the program
            runs.
    """

    def __init__(self, saved: int, tracker: ActivityTracker, apply_report: Callable[[StatusReport], object]) -> None:
        """Continue with the job that a previous host saw.

        Args:
            saved: its process group; 0 for none.
            tracker: knows the last report.
            apply_report: called with the report that withdraws the status.
        """
        self.group = saved
        self._tracker, self._apply_report = tracker, apply_report
        self._program: PtyProcess | None = None
        self._end = ProcessEnd(self._on_end)

    def start_watching(self, program: PtyProcess) -> None:
        """Watch the job in the running program's terminal."""
        self._program = program
        self.group = self.group or program.foreground_group()
        self._watch(program)

    def note_report(self) -> None:
        """Note that the job in the foreground reports."""
        if self._program is not None:
            self.group = self._program.foreground_group()
            call_logged(self._watch, self._program)

    def has_left_foreground(self) -> bool:
        """Whether the program that asked left the foreground, such as a killed agent in a shell."""
        return self._program is not None and self._program.foreground_group() != self.group

    def _watch(self, program: PtyProcess) -> None:
        """Watch the job that reports by OSC 7501, if it is not the session's program itself."""
        if self.group not in {0, program.pid}:
            self._end.watch(self.group, start_time(self.group))

    def _on_end(self) -> None:
        """Withdraw the status of a job that ended without clearing it; its other processes may run on."""
        is_reported = self._tracker.reports.current_report(sources.OSC_7501) not in {"", sources.CLEARED}
        if is_reported and not proc.group_members(self.group):
            self._apply_report(status.from_exited_program(sources.OSC_7501))

    def close(self) -> None:
        """Stop watching."""
        self._end.close()
