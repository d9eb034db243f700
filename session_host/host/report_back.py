"""Reports the ended turns of a chat to the agent that started it, if that asked for it (``LaunchSpec.reports_to``).

A process of its own does it (``cli.turns.report_back``): it reads the answer, and may wait for hours until the agent's
input line is empty. It is a child of the host and in no agent's chat, so it has the user's rights, and tells nobody but
that agent. Once it has done so, the turn's number is in the input log. A host that is killed before starts it again; so
there may be two such processes, and of their prompts, which have the same token, the agent's host takes one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from session_host.errors import NoSuchSession, NotAllowed, SessionEnded, why_not_started
from session_host.host.event_log import EventLog
from session_host.protocol.launch import LaunchSpec
from session_host.system.event_loop import again_after_errors
from session_host.system.installation import outlive_command
from session_host.system.processes.permission import AGENT_CHATS
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

RETRY_S: Final = (1.0, 5.0, 30.0, 300.0)
"""Waits before a failed process is started again; the last one repeats."""

_NOTHING: Final = subprocess.DEVNULL
_NOBODY: Final = (NoSuchSession.exit_code, SessionEnded.exit_code, NotAllowed.exit_code)
"""Exit codes after which there is nobody to be told."""


class ReportBack:
    """The reports of one session."""

    def __init__(self, spec: LaunchSpec, events: EventLog) -> None:
        """Begin to report each turn that has ended."""
        self._spec, self._events = spec, events
        self._task = asyncio.create_task(again_after_errors(self._run, "report back"), name="report back")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        waits = iter(RETRY_S)
        wait_s = RETRY_S[0]

        def reported(turn: int) -> None:
            with contextlib.suppress(RuntimeError):  # The loop is closed, and the chat has ended.
                loop.call_soon_threadsafe(self._note, turn)

        while True:
            await self._events.has_unreported.wait()
            turns = self._events.unreported()
            code, said = await Worker().run(partial(self._report, turns, reported))
            if not code:
                waits = iter(RETRY_S)
            elif code in _NOBODY:
                log.warning("turns %s are not reported: %s", [*turns], said)
                self._events.turns_reported(turns[-1])
            else:
                wait_s = next(waits, wait_s)
                log.warning("turns %s are not reported, again in %.0f s: code %d, %s", [*turns], wait_s, code, said)
                await asyncio.sleep(wait_s)

    def _note(self, turn: int) -> None:
        if not self._task.done():
            self._events.turns_reported(turn)

    async def close(self) -> None:
        """Leave the rest to a process for which nobody waits, since the chat has ended."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if left := self._events.unreported():
            await Worker().run(partial(self._start, left))

    def _start(self, turns: Sequence[int]) -> None:
        try:
            subprocess.Popen(self._words(turns), stdout=_NOTHING, stderr=_NOTHING, **_options())
        except OSError as error:
            log.warning("turns %s are not reported: %s", [*turns], why_not_started(error))

    def _report(self, turns: Sequence[int], reported: Callable[[int], None]) -> tuple[int, str]:
        """Report turns; returns the exit code, and the line that explains a failure. Blocks for as long as it takes.

        The process ends when it is done with a turn and nobody reads its output: another host has started another one.
        """
        pipe = subprocess.PIPE
        try:
            with subprocess.Popen(self._words(turns), stdout=pipe, stderr=pipe, **_options()) as process:
                assert process.stdout is not None
                assert process.stderr is not None
                for line in process.stdout:
                    reported(int(line))
                said = process.stderr.read().decode(errors="replace")
        except OSError as error:
            return 1, why_not_started(error)
        return process.returncode, said.strip()[-1000:]

    def _words(self, turns: Sequence[int]) -> list[str]:
        return [*outlive_command(), "report-back", self._spec.facts.id, self._spec.reports_to, *map(str, turns)]


def _options() -> dict[str, Any]:
    environment = {**os.environ, AGENT_CHATS: ""}  # Empty: it is in no agent's chat, and no orphan of an unknown one.
    return {"stdin": _NOTHING, "env": environment, "cwd": "/", "start_new_session": True}
