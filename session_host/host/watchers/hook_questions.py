"""Questions that the agent's hook asks while its own dialog is open: the first answer counts, in the dialog or outside.

A question is open until one of these happens::

    an answer from outside          it is recorded, then the hook gets it
    the agent stops asking          its own dialog was answered: the hook ends without output
    the tool call ends              the same, while dialogs of other sub-agents are open
    the hook's connection closes    the agent ended the hook, as it does when its user presses Esc
    it is not asked for a while     its dialog opens only now, and is the only place for an answer

The agent may leave the hook alone after its dialog was answered, so the second case follows from the agent's activity,
and the third from other hooks. Of several open questions, the agent shows one; its reports say which.
A hook whose host was killed asks again. Answers are in the input log, so the next host gives the recorded answer, and
takes no other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from session_host.agents.status import is_same_question
from session_host.host.event_log import EventLog
from session_host.protocol.messages import AnswerRequest, AskUser, Done, Failed, Reply, SendChatInput, UserAnswer
from session_host.protocol.values import Activity
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import KEPT_ANSWERS, HookAnswer, with_answer
from session_host.structured.answers import Refusal, done_words, first_answer
from session_host.structured.dialects.base import Chosen
from session_host.structured.dialects.claude import hook
from session_host.structured.items import DIALOG, AgentRequest, RequestResolved

from .agent_activity import AgentWatch

MAX_OPEN: Final = 32
"""How many questions may be open: an agent asks one after the other, and each of its sub-agents one more."""

HOOK_DELAY_S: Final = 5.0
"""How long after the agent's report its hook may ask."""

UNASKED_S: Final = 10.0
"""After this time, a question that the agent does not ask its user is closed: it has no dialog, or it was answered."""

UNASKED_BY_SUB_AGENT_S: Final = 3.0
"""The same for a sub-agent's: Claude opens the dialog of one in the background only after its hook has ended."""


@dataclass
class _OpenQuestion:
    """An open question.

    Attributes:
        request: the question as it is shown.
        call: the tool call in question.
        text: the question in one line, as reports name it.
        message: the hook's message; ``client`` is the hook's connection, and ``reply`` sends it a message.
        was_asked: the agent has reported that it asks its user.
        timer: closes the question if it does not report that.
    """

    request: AgentRequest
    call: hook.Call
    text: str
    message: AskUser
    client: Any
    reply: Callable[[Reply], None]
    was_asked: bool = False
    timer: asyncio.TimerHandle | None = None


class HookQuestions:
    """The open questions of one session's agent, and the newest answers."""

    def __init__(
        self,
        form: str,
        saved: Sequence[HookAnswer],
        input_log: InputLog,
        events: EventLog,
        watch: AgentWatch,
        now_ms: Callable[[], int],
    ) -> None:
        """Continue with the answers of a previous host.

        Args:
            form: see ``Watch.answered_by_hook``; "" refuses all questions.
            saved: answers that a previous host recorded.
            input_log: records answers.
            events: gets the questions that the agent's user sees, and their ends.
            watch: knows whether the agent asks its user.
            now_ms: returns the time, in milliseconds since 1970.
        """
        self.is_on = bool(form)
        self.answers = list(saved)
        self._withdrawn: dict[str, RequestResolved] = {}
        self._input_log, self._events, self._watch, self._now_ms = input_log, events, watch, now_ms
        self._open: dict[str, _OpenQuestion] = {}
        self._left: list[tuple[str, str]] = []
        """The newest questions that only the agent's dialog can answer: their sub-agents, and their texts."""
        self._named = watch.tracker.question
        """The last question that a report named: the one that the agent shows, unless its report has no text."""
        self._opened = asyncio.Event()
        self._asking_since_s = time.monotonic()
        self._untold: asyncio.TimerHandle | None = None
        """Runs while it is not known yet whether only the dialog can answer what the agent asks."""

    # ------------------------------------------------------------ the hook

    def ask(self, message: AskUser, client: Any, reply: Callable[[Reply], None]) -> None:
        """Open a question, or give its hook the answer at once.

        Args:
            message: the hook's message.
            client: the hook's connection.
            reply: sends a message to the hook.
        """
        if (recorded := next((each for each in self.answers if each.resolved.id == message.id), None)) is not None:
            # The previous host was killed before it sent this.
            reply(UserAnswer(message.request, _output(message, recorded)))
            return
        if (opened := self._open.get(message.id)) is not None:
            opened.message, opened.client, opened.reply = message, client, reply  # It lost its previous connection.
            return
        request = hook.question(message.id, message.data, self._now_ms()) if self.is_on else None
        call = hook.call_of(message.data)
        if request is None or len(self._open) >= MAX_OPEN:
            self._leave_to_dialog(call.agent, message.detail)
            reply(UserAnswer(message.request, b""))
            return
        self._set_left([each for each in self._left if each != (call.agent, message.detail)])
        opened = self._open[message.id] = _OpenQuestion(request, call, message.detail, message, client, reply)
        self._watch.read_state_file()
        if self._is_asking():
            self._set_asked(opened)
            self._note_shown()
        elif message.again and self._watch.tracker.activity in {Activity.WORKING, Activity.IDLE}:
            opened.was_asked = True  # While there was no host, the dialog was answered.
            self.activity_changed(self._watch.tracker.activity)
        else:
            self._wait_until_asked(opened)
        if self._open:
            self._opened.set()

    def asks(self) -> None:
        """The agent asks its user something new: make the event, unless that of a hook's question is or may be it."""
        self._stop_waiting()
        shown = self._watch.tracker.question
        if not self.is_on or any(is_same_question(text, shown) for _, text in self._left):
            self._events.asked_in_dialog(shown)
        elif not self._open:
            self._wait_for_hook()

    def _wait_for_hook(self) -> None:
        self._untold = asyncio.get_running_loop().call_later(HOOK_DELAY_S, self._tell_dialog)

    def _stop_waiting(self) -> None:
        if self._untold is not None:
            self._untold.cancel()
            self._untold = None

    def _tell_dialog(self) -> None:
        """Make the event of a question for which no hook asks."""
        self._stop_waiting()
        self._events.asked_in_dialog(self._watch.tracker.question)
        self._events.write()

    def _set_asked(self, opened: _OpenQuestion) -> None:
        self._stop_waiting()
        opened.was_asked = True
        self._events.asked(opened.request)
        self._events.write()

    def _wait_until_asked(self, opened: _OpenQuestion) -> None:
        wait_s = UNASKED_BY_SUB_AGENT_S if opened.call.agent else UNASKED_S
        opened.timer = asyncio.get_running_loop().call_later(wait_s, self._not_asked, opened)

    def _not_asked(self, opened: _OpenQuestion) -> None:
        self._leave_to_dialog(opened.call.agent, opened.text)
        self._close(opened.request.id, RequestResolved(opened.request.id, ""))

    def _leave_to_dialog(self, agent: str, text: str) -> None:
        self._set_left([*self._left, (agent, text)][-MAX_OPEN:])
        shown = self._watch.tracker.question
        if self._untold is not None and (is_same_question(text, shown) or not self._is_known(shown)):
            self._tell_dialog()

    def _set_left(self, left: list[tuple[str, str]]) -> None:
        if self.is_on and left != self._left:
            self._left = left
            self._watch.leave_to_terminal([text for _, text in left])

    def client_disconnected(self, client: Any) -> None:
        """The connection of a client has closed."""
        for opened in list(self._open.values()):
            if opened.client is client:
                self._close(opened.request.id, RequestResolved(opened.request.id, ""))

    def activity_changed(self, activity: Activity) -> None:
        """The agent began to ask its user, or ended."""
        if activity is Activity.NEEDS_INPUT:
            self._asking_since_s = time.monotonic()
            self._note_shown()
            for opened in self._open.values():
                self._set_asked(opened)
                _cancel(opened)
            return
        self._stop_waiting()
        is_known = activity is Activity.WORKING and self._is_known(self._named)
        for opened in list(self._open.values()):
            if opened.was_asked and is_known and not is_same_question(opened.text, self._named):
                opened.was_asked = False  # Another one was answered; this one is next.
                self._wait_until_asked(opened)
            elif opened.was_asked:
                request_id = opened.request.id
                self._close(request_id, RequestResolved(request_id, "", by=DIALOG, at_ms=self._now_ms()))

    def calls_ended(self, data: str) -> None:
        """Tool calls, or a sub-agent, have ended (``Report.done``); of equal calls, the oldest question is closed."""
        found = hook.ended(data)
        closed = [] if found.calls else [each for each in self._open.values() if found.agent == each.call.agent != ""]
        for call in found.calls:
            waiting = (each for each in self._open.values() if each.call == call and each not in closed)
            closed += [*waiting][:1]
        for opened in closed:
            request_id = opened.request.id
            self._close(request_id, RequestResolved(request_id, "", by=DIALOG, at_ms=self._now_ms()))

    def close(self) -> None:
        """Stop the timers; the hooks ask the next host."""
        self._stop_waiting()
        for opened in self._open.values():
            _cancel(opened)

    def _note_shown(self) -> None:
        if self._is_known(self._watch.tracker.question):
            self._named = self._watch.tracker.question

    def _is_known(self, named: str) -> bool:
        """Whether a report names one of the hooks' questions."""
        texts = [*(opened.text for opened in self._open.values()), *(text for _, text in self._left)]
        return any(is_same_question(text, named) for text in texts)

    def _is_asking(self) -> bool:
        return self._watch.tracker.activity is Activity.NEEDS_INPUT

    def _close(self, request_id: str, resolved: RequestResolved) -> None:
        """Close a question without an answer from outside."""
        opened = self._open.pop(request_id)
        self._withdrawn[request_id] = resolved
        while len(self._withdrawn) > KEPT_ANSWERS:
            del self._withdrawn[next(iter(self._withdrawn))]
        self._events.resolved(resolved)
        self._events.write()
        self._end(opened, b"")

    def _end(self, opened: _OpenQuestion, output: bytes) -> None:
        _cancel(opened)
        if not self._open:
            self._opened.clear()
        opened.reply(UserAnswer(opened.message.request, output))

    # ------------------------------------------------------------ answers from outside

    async def open_requests(self) -> list[AgentRequest]:
        """The open questions, oldest first; waits a moment for a question that the agent has just reported."""
        wait_s = self._asking_since_s + HOOK_DELAY_S - time.monotonic()
        if self._is_asking() and wait_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._opened.wait()
        return [*self.requests().values()]

    def requests(self) -> dict[str, AgentRequest]:
        """The open questions by their ids, oldest first."""
        return {opened.request.id: opened.request for opened in self._open.values()}

    def newest_outcome(self) -> RequestResolved | None:
        """The newest question that was answered."""
        resolved = [*self._withdrawn.values(), *(each.resolved for each in self.answers)]
        return max((each for each in resolved if each.at_ms), key=lambda each: each.at_ms, default=None)

    def elsewhere(self) -> str:
        """The question that the agent shows in its dialog, if it is none of the open ones; "" otherwise."""
        shown = self._watch.tracker.question
        if not self._open or not self._is_asking():
            return ""
        is_left = any(is_same_question(text, shown) for _, text in self._left)
        if any(is_same_question(opened.text, shown) for opened in self._open.values()):
            return shown if is_left else ""
        # Without a colon the text is the kind of the question alone.
        return (shown or "unknown") if ": " in shown or self._left else ""

    def answer(self, request: SendChatInput, answer: AnswerRequest) -> Reply:
        """Give the user's answer to the hook, once."""
        if request.token and (given := next((each for each in self.answers if each.token == request.token), None)):
            return Done(request.request, done_words(given.resolved.kind))  # It is repeated, since the reply was lost.
        requests = self.requests()
        resolved = {**self._withdrawn, **{each.resolved.id: each.resolved for each in self.answers}}
        found = first_answer(answer, requests, resolved, by=request.by, now_ms=self._now_ms())
        if isinstance(found, Refusal):
            return Failed(request.request, found.code, found.text)
        opened = self._open.pop(found.id)
        given = HookAnswer(found, request.token, answer.texts)
        self.answers = with_answer(self.answers, given)
        self._input_log.append(EntryKind.ANSWERED, msgspec.msgpack.encode(given))
        self._events.resolved(found)
        self._events.write()
        self._end(opened, _output(opened.message, given))
        self._watch.on_input()
        return Done(request.request, done_words(found.kind))


def _output(message: AskUser, answer: HookAnswer) -> bytes:
    return hook.output(message.data, Chosen(answer.resolved.option, answer.texts))


def _cancel(opened: _OpenQuestion) -> None:
    if opened.timer is not None:
        opened.timer.cancel()
        opened.timer = None
