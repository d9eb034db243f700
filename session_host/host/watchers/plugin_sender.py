"""Distinguishes the plugin of the session's agent from plugins of agents that this agent has started."""

from __future__ import annotations

from session_host.system.processes.identity import ancestors, is_running, start_time


class PluginSender:
    """The process that sends the plugin's reports.

    The first sender is the agent: it loads its plugin before it can start anything. Another sender is accepted once
    the first one has ended.

    Attributes:
        process: the PID and the start time of the sender, as a replacement host needs them; None before its first
            report.
    """

    def __init__(self, saved: tuple[int, int] | None) -> None:
        """Continue with the sender that a previous host accepted."""
        self.process = saved

    def accepts(self, pid: int, program: int) -> bool:
        """Whether a report counts.

        Args:
            pid: the process that sent it; 0 if unknown.
            program: the PID of the session's program.
        """
        if self.process is not None and pid == self.process[0]:
            return True
        if not pid or (self.process is not None and is_running(*self.process)):
            return False
        started = start_time(pid)
        if started is None or (pid != program and program not in ancestors(pid)):
            return False
        self.process = (pid, started)
        return True
