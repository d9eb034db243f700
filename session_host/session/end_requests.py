"""Requests to end the program (Stop, Kill, Sleep), as states.

States of each::

    WAITING ──the program runs──▶ LISTING
    LISTING ──its processes are known──▶ SIGNALLED
    LISTING ──the program ended──▶ ENDED
    SIGNALLED ──the timer expires──▶ SIGNALLED
    SIGNALLED ──the program ended──▶ SWEEPING
    ENDED ──its processes are known──▶ SWEEPING
    SWEEPING ──none of them is left──▶ SAVING
    SWEEPING ──none of them is left, and the exit is saved──▶ DONE
    SAVING ──the exit is saved──▶ DONE
    SAVING ──the timer expires──▶ DONE

Before its exec the program cannot be signalled. The processes that end with an agent are listed while they are still
its descendants. While SIGNALLED a timer runs until the next signal; the last one is SIGKILL. If the exit cannot
be saved (full disk), SAVING ends after some seconds; the store writer still tries again.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from session_host.protocol.facts import SLEEP
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Done, Kill, Sleep, Stop

from .effects import Effect, EndKind, EndProcesses, ListProcesses, RecordEndRequest, SendReply, SignalProgram, Timers

STEP = "step"
SAVE, SAVE_S = "save", 3.0

AGENT_GRACE_S = 8.0
"""How long an agent has to exit after SIGTERM: it may have tools to end, and an answer to save."""

Steps = tuple[tuple[str, float], ...]
STEPS: Steps = (("SIGTERM", 1.0), ("SIGHUP", 4.0), ("SIGKILL", 0.0))
AGENT_STEPS: Steps = (("SIGTERM", AGENT_GRACE_S), ("SIGHUP", 1.0), ("SIGKILL", 0.0))
SHELL_STEPS: Steps = (("SIGHUP", 4.0), ("SIGTERM", 1.0), ("SIGKILL", 0.0))
"""The signals of Stop, and the time after each in seconds."""

KILL_STEPS: Steps = (("SIGKILL", 0.0),)


AnyEnd = Stop | Kill | Sleep
_KINDS: Final[dict[type[AnyEnd], EndKind]] = {Stop: "stop", Kill: "kill", Sleep: SLEEP}
"""Each request as ``facts.Outcome.end_request``."""


class EndState(StrEnum):
    """The states of a request to end the program."""

    WAITING = "WAITING"
    LISTING = "LISTING"
    SIGNALLED = "SIGNALLED"
    ENDED = "ENDED"
    SWEEPING = "SWEEPING"
    SAVING = "SAVING"
    DONE = "DONE"


class EndRequests:
    """All requests to end one session's program; each has its own state.

    Attributes:
        is_saved: whether the store has the exit.
        ends_all: whether all that the program started ends, too.
    """

    def __init__(self, effects: list[Effect], watch: Watch, *, ends_all: bool) -> None:
        """Begin before the program runs.

        Args:
            effects: the session's list of effects.
            watch: the catalog's rules for ending the program.
            ends_all: whether all that the program started ends, too.
        """
        self.ends_all = ends_all
        self.is_saved = False
        self._effects = effects
        self._watch = watch
        self._runs = False
        self._requests: list[EndRequest] = []

    @property
    def puts_to_sleep(self) -> bool:
        """Whether the program is being ended so that a text wakes it: the program gets no other text."""
        return any(each.kind == SLEEP for each in self._requests)

    def request(self, request: AnyEnd, client: Any) -> None:
        """End the program; answer ``client`` when the program and its processes are gone."""
        added = EndRequest(self, request, client, self._effects, self._watch)
        self._requests.append(added)
        if self._runs:
            added.program_runs()

    def program_runs(self) -> None:
        """The program runs and can be signalled."""
        self._runs = True
        for each in tuple(self._requests):
            each.program_runs()

    def program_ended(self) -> None:
        """The program ended."""
        for each in tuple(self._requests):
            each.program_ended()

    def exit_saved(self) -> None:
        """The store has the exit."""
        self.is_saved = True
        for each in tuple(self._requests):
            each.exit_saved()

    def forget(self, request: EndRequest) -> None:
        """Remove a request that is done."""
        self._requests.remove(request)


class EndRequest:
    """One request to end the program.

    Attributes:
        state: the request's state; see the module.
        kind: as ``facts.Outcome.end_request``.
    """

    def __init__(self, others: EndRequests, request: AnyEnd, client: Any, effects: list[Effect], watch: Watch) -> None:
        self.state, self.kind = EndState.WAITING, _KINDS[type(request)]
        self._others = others
        self._number = request.request
        self._client = client
        self._effects = effects
        self._is_graceful = not isinstance(request, Kill)
        self._ends_all = others.ends_all
        self._steps = iter(_steps(watch) if self._is_graceful else KILL_STEPS)
        self._processes: Sequence[Any] = ()
        self._timers = Timers(self, effects)

    # ------------------------------------------------------------ events

    def program_runs(self) -> None:
        """The program runs."""
        self.state = EndState.LISTING
        self._effects.append(RecordEndRequest(self.kind))
        if self._ends_all:
            self._effects.append(ListProcesses(self))
        else:
            self.processes_listed(())

    def processes_listed(self, processes: Sequence[Any]) -> None:
        """The processes that end with the program are listed."""
        self._processes = processes
        if self.state is EndState.LISTING:
            self.state = EndState.SIGNALLED
            self._signal()
        else:
            self._sweep()

    def program_ended(self) -> None:
        """The program ended."""
        if self.state is EndState.LISTING:
            self.state = EndState.ENDED
        elif self.state is EndState.SIGNALLED:
            self._timers.stop_all()
            self._sweep()

    def processes_ended(self) -> None:
        """All processes that end with the program have ended."""
        if self._others.is_saved:
            self._answer()
        else:
            self.state = EndState.SAVING
            self._timers.start(SAVE, SAVE_S)

    def exit_saved(self) -> None:
        """The store has the exit."""
        if self.state is EndState.SAVING:
            self._timers.stop_all()
            self._answer()

    def timer_due(self, name: str) -> None:
        """The program survived the last signal, or the disk refuses the exit."""
        self._timers.expired(name)
        if self.state is EndState.SIGNALLED:
            self._signal()
        else:
            self._answer()

    # ------------------------------------------------------------ rules

    def _signal(self) -> None:
        """Send the next signal; after the last one only the program's end remains."""
        name, timeout_s = next(self._steps)
        self._effects.append(SignalProgram(name))
        if self._is_graceful:
            self._effects.append(SignalProgram("SIGCONT"))  # A stopped program cannot act on a polite signal.
        if timeout_s:
            self._timers.start(STEP, timeout_s)

    def _sweep(self) -> None:
        self.state = EndState.SWEEPING
        if self._ends_all:
            self._effects.append(EndProcesses(self, self._processes, gracefully=self._is_graceful))
        else:
            self.processes_ended()

    def _answer(self) -> None:
        self.state = EndState.DONE
        self._others.forget(self)
        self._effects.append(SendReply(self._client, Done(self._number)))


def _steps(watch: Watch) -> Steps:
    if watch.leave_by == "SIGHUP":
        return SHELL_STEPS
    return AGENT_STEPS if watch.ends_all else STEPS
