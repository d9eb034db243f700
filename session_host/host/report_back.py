"""Reports the ended turns of a chat to the agent that started it, if that asked for it (``LaunchSpec.reports_to``).

A process of its own does it (``cli.turns.report_back``): it reads the answer, and may wait for hours until the agent's
input line is empty. It is a child of the host and in no agent's chat, so it has the user's rights, and tells nobody but
that agent. Once it has done so, the turn's number is in the input log. A host that is killed before starts it again; so
there may be two such processes, and of their prompts, which have the same token, the agent's host takes one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from session_host.errors import NoSuchSession, NotAllowed, SessionEnded, why_not_started
from session_host.host.event_log import EventLog
from session_host.protocol.launch import LaunchSpec
from session_host.system.installation import outlive_command
from session_host.system.processes.permission import AGENT_CHATS
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

RETRY_S: Final = (1.0, 5.0, 30.0, 300.0)
"""Waits before a failed process is started again; the last one repeats."""

_NOBODY: Final = (NoSuchSession.exit_code, SessionEnded.exit_code, NotAllowed.exit_code)
"""Exit codes after which there is nobody to be told."""


class ReportBack:
    """The reports of one session."""

    def __init__(self, spec: LaunchSpec, events: EventLog) -> None:
        """Begin to report each turn that has ended."""
        self._spec, self._events = spec, events
        self._reporting_to = 0
        """The last turn that the running process reports; 0 for none."""
        self._task = asyncio.create_task(self._run(), name="report back")

    async def _run(self) -> None:
        waits = iter(RETRY_S)
        wait_s = RETRY_S[0]
        while True:
            await self._events.has_unreported.wait()
            turns = self._events.unreported()
            self._reporting_to = turns[-1]
            code, said = await Worker().run(partial(self._report, turns))
            if not code or code in _NOBODY:
                log.info("turns %s: %s", [*turns], said or "reported")
                self._events.turns_reported(turns[-1])
                waits = iter(RETRY_S)
            else:
                self._reporting_to = 0
                wait_s = next(waits, wait_s)
                log.warning("turns %s are not reported, again in %.0f s: code %d, %s", [*turns], wait_s, code, said)
                await asyncio.sleep(wait_s)

    async def close(self) -> None:
        """Leave the rest to a process for which nobody waits, since the chat has ended."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if left := [each for each in self._events.unreported() if each > self._reporting_to]:
            await Worker().run(partial(self._start, left))

    def _start(self, turns: Sequence[int]) -> None:
        try:
            subprocess.Popen(self._words(turns), stderr=subprocess.DEVNULL, **_options())
        except OSError as error:
            log.warning("turns %s are not reported: %s", turns, why_not_started(error))

    def _report(self, turns: Sequence[int]) -> tuple[int, str]:
        """Report turns; returns the exit code, and the line that explains a failure. Blocks for as long as it takes."""
        try:
            done = subprocess.run(self._words(turns), stderr=subprocess.PIPE, check=False, **_options())
        except OSError as error:
            return 1, why_not_started(error)
        return done.returncode, done.stderr.decode(errors="replace").strip()[-1000:]

    def _words(self, turns: Sequence[int]) -> list[str]:
        return [*outlive_command(), "report-back", self._spec.facts.id, self._spec.reports_to, *map(str, turns)]


def _options() -> dict[str, Any]:
    nothing = subprocess.DEVNULL
    environment = {**os.environ, AGENT_CHATS: ""}  # Empty: it is in no agent's chat, and no orphan of an unknown one.
    return {"stdin": nothing, "stdout": nothing, "env": environment, "cwd": "/", "start_new_session": True}
