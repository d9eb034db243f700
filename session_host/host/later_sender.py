"""Sends one prompt at a time of the wall clock; ``standing.later_prompt`` decides when, and has the states.

Each change of the prompt is one entry of the input log, with its event. When the prompt is due, an entry makes it
"sending": from then on, it waits no more, and has its token. It is given to the chat as any command's prompt, which the
rules of either kind take once for each token. A host that is killed before that entry makes the next one decide again;
after it, the next one gives the chat the prompt again. In a terminal, text and Enter are two: between them, the next
host presses Enter only where the text is seen, alone in the input line (``session.send_queue``).
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from msgspec.structs import replace

from session_host.host.event_log import EventLog
from session_host.protocol.events import LaterSet, Missed
from session_host.protocol.facts import AgentStatus, LaterPrompt
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import Done, Failed, Reply, SendLater
from session_host.protocol.values import Activity, ErrorCode, in_turns
from session_host.standing.later_prompt import (
    MAX_CHARACTERS,
    NOTHING_WAITS,
    TYPED,
    LaterState,
    Moment,
    continues_at,
    decide,
)
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import LaterState as LoggedPrompt
from session_host.system.clock import as_text, parse_time
from session_host.system.event_loop import again_after_errors
from session_host.system.processes.permission import refusal_to_answer, split

log = logging.getLogger(__name__)

NO_LIMIT = "no limit is known that stopped the last turn, and when it is reset: give a time"
NOT_AN_AGENT = "a prompt can be sent later to an agent, in whose input line a text is seen; not to this program"


class Alarm(Protocol):
    """The clock: see ``system.wall_clock_alarm``."""

    def set(self, at_s: float) -> None:
        """Set the time."""

    def now_s(self) -> float:
        """The time now."""

    def close(self) -> None:
        """Call nothing any more."""


class LaterSender:
    """The prompt of one session that is to be sent at a time.

    Attributes:
        prompt: it; None for none.
        has_text: returns whether the agent's input line has a text.
        has_typed: returns whether the text with a token was typed in a terminal.
        has_draft: returns whether a window keeps a text for the chat that is not sent.
        is_handed_over: returns whether another chat took over what a prompt continues.
        make_alarm: makes the alarm, which calls what it gets.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        prompt: LaterPrompt | None,
        input_log: InputLog,
        events: EventLog,
        *,
        status: Callable[[], AgentStatus],
        send: Callable[[LaterPrompt], Awaitable[Reply]],
        changed: Callable[[], object],
    ) -> None:
        """Continue with the prompt that a previous host left; ``start`` begins.

        Args:
            spec: the session.
            prompt: the prompt.
            input_log: gets each change.
            events: gets their events.
            status: returns what the agent does.
            send: gives the chat the prompt, under its token; its reply says what became of it.
            changed: called after each change.
        """
        self.prompt = prompt
        self.has_text: Callable[[], bool] = lambda: False
        self.has_typed: Callable[[str], bool] = lambda _: False
        self.has_draft: Callable[[], Awaitable[bool]] = _no_draft
        self.is_handed_over: Callable[[LaterPrompt], Awaitable[bool]] = _nobody
        self._spec, self._input_log, self._events = spec, input_log, events
        self._status, self._send, self._changed = status, send, changed
        self.make_alarm: Callable[[Callable[[], object]], Alarm] = _computers_clock
        self._alarm: Alarm | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_started = False

    # ------------------------------------------------------------ events

    def start(self) -> None:
        """Wait for the prompt's time, since the program runs; go on with one that a previous host began to send."""
        self._is_started = True
        self.look()

    def look(self) -> None:
        """Decide anew, since time has passed, or the chat has changed."""
        if self._is_started and self._task is None and self.prompt is not None and self.prompt.stage in {"", "sending"}:
            looking = again_after_errors(self._look, "later prompt")
            self._task = asyncio.get_running_loop().create_task(looking, name="later prompt")
            self._task.add_done_callback(self._looked)

    def request(self, request: SendLater) -> Reply:
        """Set, replace or take back the prompt, as a client wants it."""
        if self.prompt is not None and self.prompt.stage == "sending":
            return Failed(request.request, ErrorCode.FAILED, "the prompt is being sent now")
        if not request.text:
            return self._take_back(request)
        if not request.text.strip():
            return Failed(request.request, ErrorCode.BAD_REQUEST, "the prompt is blank")
        if len(request.text) > MAX_CHARACTERS:
            words = f"a prompt that is sent later has at most {MAX_CHARACTERS:,} characters"
            return Failed(request.request, ErrorCode.TOO_LARGE, words)
        if self._spec.structured is None and not self._spec.watch.shown_within_s:
            return Failed(request.request, ErrorCode.WRONG_RUNTIME, NOT_AN_AGENT)
        last = self._events.last
        is_limited = last is not None and last.outcome == "limit"
        soon = continues_at(last) if request.continues else as_text(self._opened().now_s())
        due = parse_time(request.at or soon)
        if due is None or (request.continues and not is_limited):
            why = NO_LIMIT if request.continues else f"this is no time: {request.at[:40]!r}"
            return Failed(request.request, ErrorCode.BAD_REQUEST, why)
        try:
            self._set_alarm(due.timestamp())
        except (OSError, OverflowError, ValueError) as error:
            return Failed(request.request, ErrorCode.BAD_REQUEST, f"cannot wait for that time: {error}")
        prompt = LaterPrompt(
            at=as_text(due.timestamp()),
            text=request.text.strip("\n"),
            by=request.by,
            continues=self._events.turn if request.continues else 0,
            token=uuid.uuid4().hex,
            agents=request.agents,
            set_at=as_text(self._opened().now_s()),
        )
        self._put(prompt, LaterSet(due=prompt.at, by=prompt.by, continues=prompt.continues))
        self.look()
        return Done(request.request, prompt.at)

    def _take_back(self, request: SendLater) -> Reply:
        if self.prompt is None:
            return Failed(request.request, ErrorCode.BAD_REQUEST, NOTHING_WAITS)
        waited = self.prompt.waits
        self._put(None, LaterSet(due="", by=request.by) if waited else None)
        return Done(request.request)

    def take_over(self, prompt: LaterPrompt | None) -> None:
        """Take over the prompt of the chat that this one resumes, before its program counts as started."""
        if prompt is not None and self.prompt is None:
            self._put(prompt, None)

    def program_ended(self, *, sleeps: bool = False) -> None:
        """Stop: the chat that resumes this one takes the prompt over, unless it ``sleeps``, which ends the wish."""
        self._is_started = False
        if self._task is not None:
            self._task.cancel()
        if self.prompt is not None and self.prompt.stage == "sending":
            self._miss(self.prompt, "the chat ended when it was to be sent")
        elif sleeps and self.prompt is not None and self.prompt.waits:
            self._miss(self.prompt, "the chat was put to sleep")
        self.close()

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    # ------------------------------------------------------------ sending

    def _looked(self, _task: asyncio.Task[None]) -> None:
        self._task = None

    async def _look(self) -> None:
        prompt = self.prompt
        if prompt is None or prompt.stage not in {"", "sending"}:
            return  # After an error, and meanwhile it was taken back.
        if prompt.stage == "sending":
            await self._give(prompt)
            return
        held = prompt.why
        decision = decide(prompt, self._moment(), held)
        is_due = decision.state in {LaterState.DUE, LaterState.LATE}
        if is_due and prompt.continues and await self.is_handed_over(prompt):
            if self.prompt is prompt:
                self._put(None, LaterSet(due="", by="window"))
            return
        if decision.state is LaterState.DUE and await self.has_draft():
            # Meanwhile, the chat may have changed.
            decision = decide(prompt, self._moment()._replace(has_text=True), held)
        elif decision.state is LaterState.DUE:
            decision = decide(prompt, self._moment(), held)
        if self.prompt is not prompt:
            asyncio.get_running_loop().call_soon(self.look)
            return
        match decision.state:
            case LaterState.WAITING | LaterState.HELD:
                if decision.why != held:
                    self.prompt = replace(prompt, why=decision.why)  # It follows from the moment: no entry.
                    self._changed()
                self._set_alarm(decision.again_s + (1.0 if decision.state is LaterState.HELD else 0.0))
            case LaterState.LATE:
                self._miss(prompt, decision.why, asks=True)
            case LaterState.MISSED:
                self._miss(prompt, decision.why)
            case LaterState.DUE if refusal := refusal_to_answer(
                split(prompt.agents), self._spec, self._spec.facts.entry.name
            ):
                self._miss(prompt, refusal)
            case LaterState.DUE:
                sending = replace(prompt, stage="sending", why="")
                self._put(sending, None)
                await self._give(sending)

    async def _give(self, prompt: LaterPrompt) -> None:
        """Give the chat the prompt, and note what became of it."""
        reply = await self._send(prompt)
        if self.prompt is not prompt:
            return
        if isinstance(reply, Failed):
            log.warning("the later prompt is not sent: %s", reply.code)
            self._miss(prompt, TYPED if self.has_typed(prompt.token) else reply.message)
        else:
            self._put(None, None)

    def _moment(self) -> Moment:
        status, last = self._status(), self._events.last
        alarm = self._alarm or self._opened()
        return Moment(
            alarm.now_s(),
            self._events.turn,
            in_turns(status.activity, status.source),
            is_reported=bool(status.source) and status.activity is not Activity.NO_SIGNAL,
            has_text=self.has_text(),
            is_limited=last is None or last.outcome == "limit",
        )

    def _opened(self) -> Alarm:
        if self._alarm is None:
            self._alarm = self.make_alarm(self.look)
        return self._alarm

    def _set_alarm(self, at_s: float) -> None:
        self._opened().set(at_s)

    # ------------------------------------------------------------ changes

    def _miss(self, prompt: LaterPrompt, why: str, *, asks: bool = False) -> None:
        self._put(
            replace(prompt, stage="late" if asks else "missed", why=why), Missed(due=prompt.at, why=why, asks=asks)
        )

    def _put(self, prompt: LaterPrompt | None, event: LaterSet | Missed | None) -> None:
        """Change the prompt: one entry has it and the event."""
        if event is not None:
            self._events.add(event)
        self.prompt = prompt
        entry = LoggedPrompt(prompt, self._events.take_new())
        self._input_log.append(EntryKind.LATER, msgspec.msgpack.encode(entry))
        self._changed()


async def _no_draft() -> bool:
    return False


async def _nobody(prompt: LaterPrompt) -> bool:  # noqa: ARG001 - as ``is_handed_over``
    return False


def _computers_clock(on_time: Callable[[], object]) -> Alarm:
    from session_host.system.wall_clock_alarm import WallClockAlarm  # few chats have such a prompt

    return WallClockAlarm(on_time)
