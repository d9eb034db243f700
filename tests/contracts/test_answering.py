"""One question, and each place where it is answered: what is shown, what may be answered, and what is said then.

A case is a request, and for each front the answers that it lets through before and after its user has seen all of it.
The host is real: the rules of a chat view, and of its requests.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple, Protocol

import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from gui.chat.content.requests import request_segments
from gui.chat.content.segments import as_plain
from gui.chat.page.requests.card import CardLook, RequestCard
from gui.theme.theme import Theme
from gui.tray import questions as notification
from session_host.cli import answers as commands
from session_host.cli.attach.chat.question import READ_S, ShownQuestion
from session_host.cli.mcp import AnswerQuestion
from session_host.client import control
from session_host.client.machine import THIS_MACHINE
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import AlreadyAnswered, NotAllowed, OutliveError
from session_host.host.clients.command_requests import _open_requests
from session_host.protocol.launch import StructuredLaunch, Watch
from session_host.protocol.messages import (
    AgentRequests,
    AnswerRequest,
    AskUser,
    Done,
    Failed,
    OpenRequests,
    Prompt,
    Report,
    SendChatInput,
)
from session_host.protocol.rights import Right
from session_host.protocol.values import Activity, ErrorCode
from session_host.session.effects import Effect, SendReply
from session_host.session.rights import right_for
from session_host.session.structured_session import StructuredSession
from session_host.structured.answers import Intent
from session_host.structured.dialects.base import Start
from session_host.structured.items import (
    AgentRequest,
    Question,
    RequestOpened,
    RequestOption,
    StateChanged,
    digest,
)
from session_host.structured.lines import LineSplitter
from session_host.structured.rules import StructuredRules
from session_host.structured.text import request_lines
from session_host.web.actions import Actions
from session_host.web.errors import PageError
from session_host.web.forms import GivenAnswer
from session_host.web.questions import MAX_SHOWN_CHARACTERS, question_of
from tests.support.facts import chat_facts
from tests.support.scripted_chat import ALLOW, ALWAYS, BEGAN_MS, DECLINE
from tests.support.session_harness import session_harness
from tests.support.themes import OWN
from tests.support.told_dialect import ToldDialect

MODE = RequestOption("mode plan", "Allow, and accept edits from now on", "allow_always", sets_mode=True)
STOP = RequestOption("stop", "Decline and stop", "cancel")
PATCH = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n-old\n+new\n same\n"

INFO = chat_facts(id="one", name="docs", agent="claude", state="running", runtime="structured")

# ---------------------------------------------------------------- the host


class Host:
    """A chat view without a process, and its requests.

    Attributes:
        sent: the answers that reached it.
        is_old: it is one of 0.1.0, which does not say what an answer did.
    """

    def __init__(self, *requests: AgentRequest) -> None:
        self.sent: list[SendChatInput] = []
        self.is_old = False
        self._effects: list[Effect] = []
        rules = StructuredRules(ToldDialect, Start(directory="/src"), "me")
        self._session = StructuredSession(
            self._effects,
            rules,
            LineSplitter(),
            0,
            lambda: BEGAN_MS,
            StructuredLaunch("told"),
            Watch(),
            timers={},
            read_history=list,
            runs_on=lambda: False,
        )
        self._session.program_started()
        self._session.request(SendChatInput(0, Prompt("Do it")), "client")
        for request in requests:
            self.hear(StateChanged("requires_action", "Do it"), RequestOpened(request))
        kind: Any = SimpleNamespace(
            newest_outcome=lambda: max(rules.state.answers.values(), key=lambda each: each.at_ms, default=None)
        )
        self._driver: Any = SimpleNamespace(kind=kind, questions=SimpleNamespace(elsewhere=lambda: ""))

    def hear(self, *changes: object) -> None:
        """Let the agent say something."""
        self._session.agent_wrote(b"".join(msgspec.json.encode(change) + b"\n" for change in changes))

    @property
    def requests(self) -> list[AgentRequest]:
        """The open requests."""
        return list(self._session.rules.state.requests.values())

    async def request(self, session_id: str, message: Any, machine: object = None) -> Any:
        """See ``control.request``."""
        del session_id, machine
        if isinstance(message, OpenRequests):
            pieces: Any = _open_requests(self._driver, message, self.requests)
            assert all(isinstance(each, AgentRequests) for each in pieces)
            return msgspec.structs.replace(pieces[-1], data=b"".join(each.data for each in pieces))
        assert isinstance(message, SendChatInput)
        self._effects.clear()
        self._session.request(message, "client")
        [answer] = [each.reply for each in self._effects if isinstance(each, SendReply)]
        if isinstance(answer, Failed):
            raise control._ERRORS.get(answer.code, OutliveError)(answer.message)
        self.sent.append(message)
        return msgspec.structs.replace(answer, note="") if self.is_old else answer

    def answer(self, option: str, by: str, token: str = "") -> Done:
        """Answer the oldest open request."""
        request = self.requests[0]
        given = AnswerRequest(request.id, option, digest(request))
        reply = asyncio.run(self.request("", SendChatInput(0, given, token, by)))
        assert isinstance(reply, Done)
        return reply


# ---------------------------------------------------------------- the fronts


class Front(Protocol):
    """One place where a question is answered.

    Attributes:
        by: what the host is told of the place.
    """

    by: str

    def shown(self) -> str:
        """The texts that it shows."""

    def offered(self, *, is_read: bool) -> set[str]:
        """The answers that it gives, if its user asks for each; ``is_read``: after the end was seen."""

    def answer(self, option: str) -> str:
        """Let the user answer; returns what is said then."""


class Place:
    """What each front is made with."""

    def __init__(self, host: Host, theme: Theme) -> None:
        self.host, self.theme = host, theme
        [self.request] = host.requests


class Card(Place):
    """The card on the chat's page."""

    by = "window"
    look = CardLook()

    def __init__(self, host: Host, theme: Theme) -> None:
        super().__init__(host, theme)
        self.given: list[AnswerRequest] = []
        self._parent = QWidget()
        self.card = RequestCard(theme, self.request, self._parent, self.given.append, str, self.look)

    def shown(self) -> str:
        labels = [label.text() for label in self.card.findChildren(QLabel)]
        return "\n".join([as_plain(request_segments(self.request, "", "")), *labels])

    def offered(self, *, is_read: bool) -> set[str]:
        self.card.seen.is_seen = is_read
        self.card.seen.checked.emit()
        for button in self.card.findChildren(QPushButton):
            if button.isEnabled():
                button.click()
                self.card.show_refusal("")
        found = {each.option for each in self.given if each.digest == digest(self.request)}
        self.given.clear()
        return found

    def answer(self, option: str) -> str:
        return self.host.answer(option, self.by).note


class RowsCard(Card):
    """The same beside a chat's row in the list."""

    look = CardLook(enters=False, takes_words=True, can_withdraw=False, names_directory=True)


class Notification(Place):
    by = "notification"

    @property
    def _chat(self) -> Any:
        async def ask(message: object) -> Any:
            return await self.host.request("", message)

        return SimpleNamespace(ask=ask, session_id="", machine=THIS_MACHINE)

    @property
    def _offer(self) -> notification.AnswerableQuestion | None:
        found = asyncio.run(notification.find_request(self._chat))
        return notification.offer(found, "/home/ada") if found is not None else None

    def shown(self) -> str:
        return offer.text if (offer := self._offer) is not None else notification.summary(self.request)

    def offered(self, *, is_read: bool) -> set[str]:
        return {option.id for option in offer.options.values()} if (offer := self._offer) is not None else set()

    def answer(self, option: str) -> str:
        offer = self._offer
        assert offer is not None
        action = next(key for key, each in offer.options.items() if each.id == option)
        asyncio.run(notification.answer(self._chat, offer, action))
        return ""


INTENTS: dict[str, Intent] = {"yes": "allow", "always": "allow_always", "no": "deny"}


class Commands(Place):
    """``outlive approve`` and ``outlive deny``."""

    by = "command"

    def shown(self) -> str:
        return "\n".join(line.text for line in request_lines(self.request))

    def offered(self, *, is_read: bool) -> set[str]:
        found = set()
        for intent in INTENTS.values():
            try:
                found.add(commands.choose(self.request, intent, "docs").id)
            except OutliveError:
                pass
        return found

    def answer(self, option: str) -> str:
        options = argparse.Namespace(session="docs", request=None, json=False)
        assert commands.answer(options, INTENTS[option]) == 0
        return "printed"


class Attach(Place):
    by = "attach"

    def shown(self) -> str:
        return "\n".join(line.text for line in request_lines(self.request, width=80, keys={}))

    def offered(self, *, is_read: bool) -> set[str]:
        question = ShownQuestion(self.request)
        lines = len(request_lines(self.request, width=80, keys=question.keys))
        question.note_seen(range(lines if is_read else lines - 1), lines, 1.0)
        given = [question.by_key(key) for key in question.keys.values() if not question.problem(key, 1.0 + READ_S)]
        return {each.option for each in given if each is not None}

    def answer(self, option: str) -> str:
        return self.host.answer(option, self.by).note


class Page(Place):
    """The page for the phone, whose browser asks for anything; it keeps for itself what was seen."""

    by = "page"

    def shown(self) -> str:
        found = question_of(self.request, THIS_MACHINE, "claude")
        return "\n".join([found.title, found.reason, found.directory, *(line[0] for line in found.lines)])

    def _do(self, option: str, number: str) -> str:
        info = SessionInfo(facts=INFO)

        async def find(_chat: str) -> Any:
            return THIS_MACHINE, info

        following: Any = SimpleNamespace(find=find)
        given = GivenAnswer(id=number, chat="one", request=self.request.id, digest=digest(self.request), option=option)
        return asyncio.run(Actions(following).answer(given, number)).words

    def offered(self, *, is_read: bool) -> set[str]:
        found, codes = set[str](), set[tuple[int, str]]()
        for option in self.request.options:
            host = Host(self.request)
            with pytest.MonkeyPatch.context() as patch:
                use(patch, host)
                try:
                    self._do(option.id, "0" * 32)
                except PageError as error:
                    codes.add((error.status, error.code))
                else:
                    found.add(option.id)
        assert codes <= {(403, "not_allowed")}
        offered = {option.id for option in question_of(self.request, THIS_MACHINE, "claude").options}
        assert found <= offered
        return found

    def answer(self, option: str) -> str:
        return self._do(option, "1" * 32)


FRONTS: tuple[Callable[[Host, Theme], Front], ...] = (Card, RowsCard, Notification, Commands, Attach, Page)


def use(patch: pytest.MonkeyPatch, host: Host) -> None:
    """Let each front reach this host."""
    patch.setattr("session_host.client.control.request", host.request)
    info = SessionInfo(facts=INFO)
    patch.setattr(commands, "find", lambda _session: info)
    patch.setattr(commands, "require_running", lambda found: found)


# ---------------------------------------------------------------- the cases


class Case(NamedTuple):
    """A question.

    Attributes:
        request: the request.
        unread, read: the answers of the card before and after its end was seen.
        others: those of other fronts, which are those of the card after its end was seen if they are not here.
    """

    request: AgentRequest
    unread: str
    read: str
    others: Mapping[Any, str] = MappingProxyType({})


def command(subject: str, *options: RequestOption, **fields: Any) -> AgentRequest:
    directory, reason = "/home/ada/src", "The build needs it."
    return AgentRequest(
        "r1", "command", BEGAN_MS, "Run it?", subject, options, directory=directory, reason=reason, **fields
    )


def edit(*options: RequestOption) -> AgentRequest:
    return AgentRequest("r1", "edit", BEGAN_MS, "Edit a.py?", PATCH, options)


BOTH = (ALLOW, ALWAYS, DECLINE)
CASES = {
    "a command": Case(command("make check", *BOTH), "no", "yes always no", {Notification: "yes no"}),
    "a long command": Case(command("make check\n" * 90, *BOTH), "no", "yes always no", {Notification: ""}),
    "an edit": Case(edit(*BOTH), "no", "yes always no", {Notification: ""}),
    "an incomplete one": Case(command("make", *BOTH, complete=False), "no", "no", {Notification: ""}),
    "one that offers a mode": Case(
        edit(ALLOW, MODE, DECLINE),
        "no",
        "yes mode plan no",
        {Notification: "", Commands: "yes no", Page: "yes no"},
    ),
    "a command that offers a mode": Case(
        command("make", MODE, DECLINE),
        "no",
        "mode plan no",
        {Notification: "", Commands: "no", Page: "no"},
    ),
    "only always": Case(command("make", ALWAYS, DECLINE), "no", "always no", {Notification: ""}),
    "one with a stop": Case(
        command("make", ALLOW, DECLINE, STOP),
        "no stop",
        "yes no stop",
        {Notification: "yes no", Commands: "yes no"},
    ),
    "one in a shell": Case(
        command("/bin/bash -lc 'make check'", *BOTH, short_subject="make check"),
        "no",
        "yes always no",
        {Notification: "yes no"},
    ),
}


@pytest.fixture(scope="module")
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, OWN, "dark")


def ids_of(words: str) -> set[str]:
    return {"mode plan" if each == "mode" else each for each in words.split() if each != "plan"}


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", CASES)
def test_a_front_lets_through_what_may_be_answered_there(
    name: str, front: Any, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    host = Host(case.request)
    use(monkeypatch, host)
    place = front(host, theme)
    read = ids_of(case.others.get(front, case.read))
    assert place.offered(is_read=True) == read
    if issubclass(front, Card):
        assert front(host, theme).offered(is_read=False) == ids_of(case.unread)
    elif front is Attach:
        assert place.offered(is_read=False) == set(), "it waits for the end with each answer"


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", ["a command", "an incomplete one", "one in a shell"])
def test_a_front_shows_the_command_to_the_letter(
    name: str, front: Any, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = CASES[name].request
    host = Host(request)
    use(monkeypatch, host)
    shown = front(host, theme).shown()
    assert request.shown_subject in shown
    if not request.complete and front in {Card, RowsCard, Commands, Attach}:
        assert "did not report everything" in shown


SAID = {"yes": "Allowed", "always": "Always allowed", "no": "Declined"}


@pytest.mark.parametrize("is_old", [False, True], ids=["", "by a host of 0.1.0"])
@pytest.mark.parametrize("option", SAID)
@pytest.mark.parametrize("front", FRONTS)
def test_what_was_done_is_said_and_later_answers_are_told_where(
    front: Any,
    option: str,
    is_old: bool,
    theme: Theme,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host = Host(command("make check", *BOTH))
    use(monkeypatch, host)
    place = front(host, theme)
    if option not in place.offered(is_read=True):
        return
    host.is_old = is_old
    said = place.answer(option)
    if front is Commands:
        assert capsys.readouterr().out.splitlines()[-1] == f"{SAID[option]} in docs: make check"
    elif front is Page:
        assert said == f"{SAID[option]} here"
    [sent] = host.sent
    assert isinstance(sent.chat_input, AnswerRequest)
    assert (sent.by, sent.chat_input.option) == (front.by, option)
    where = {"window": "in a window", "attach": "in a terminal", "page": "on the page"}
    where |= {"command": "by a command", "notification": "in a notification"}
    names = {each.id: each.label for each in BOTH}
    with pytest.raises(AlreadyAnswered) as late:
        asyncio.run(host.request("", SendChatInput(0, sent.chat_input, "2" * 32, "window")))
    assert str(late.value) == f"already answered {where[front.by]}: {names[option]}"


@pytest.mark.parametrize(("answer", "words"), [("allow", ["approve"]), ("decline", ["deny"])])
def test_the_tool_for_agents_is_the_command(answer: Any, words: list[str]) -> None:
    assert AnswerQuestion(chat="docs", answer=answer).words() == [*words, "--", "docs"]
    assert AnswerQuestion(chat="docs", answer="always_allow").words() == ["approve", "--always", "--", "docs"]


def test_what_is_too_long_for_the_page_is_only_declined_there(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(command("x " * (MAX_SHOWN_CHARACTERS // 2 + 1), *BOTH))
    use(monkeypatch, host)
    assert Page(host, theme).offered(is_read=True) == {"no"}


@pytest.mark.parametrize("by", ["window", "attach", "command", "notification", "page", "", "agent"])
def test_a_mode_is_taken_from_a_window_and_a_terminal_alone(by: str) -> None:
    host = Host(edit(ALLOW, MODE, DECLINE))
    if by in {"window", "attach"}:
        host.answer(MODE.id, by)
        return
    with pytest.raises(NotAllowed):
        host.answer(MODE.id, by)
    assert host.requests, "it is still open"


@pytest.mark.parametrize("option", SAID)
def test_the_host_says_what_was_done_also_to_a_repeated_request(option: str) -> None:
    host = Host(command("make check", *BOTH))
    request = host.requests[0]
    given = SendChatInput(0, AnswerRequest(request.id, option, digest(request)), "1" * 32, "page")
    said = [asyncio.run(host.request("", given)).note for _ in range(2)]
    assert said == [SAID[option]] * 2


def test_a_text_answers_only_a_question_that_takes_one() -> None:
    asked = AgentRequest("r1", "question", BEGAN_MS, "Which?", "", (DECLINE,), questions=(Question("a", "Which?"),))
    for request, is_taken in ((asked, True), (command("make", *BOTH), False)):
        host = Host(request)
        given = AnswerRequest(request.id, "", digest(request), {"a": "sqlite"})
        work: Callable[[], Coroutine[Any, Any, Any]] = lambda: host.request("", SendChatInput(0, given))  # noqa: B023, E731
        if is_taken:
            asyncio.run(work())
        else:
            with pytest.raises(OutliveError, match="is not an answer"):
                asyncio.run(work())


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_hooks_question_that_offers_a_mode_is_answered_by_the_same_rules(is_killed: bool) -> None:
    suggested = [{"type": "setMode", "mode": "acceptEdits", "destination": "session"}]
    asks = {"hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": "make"}}
    data = msgspec.json.encode({**asks, "permission_suggestions": suggested}).decode()
    watch = Watch(reports={"asks": Activity.NEEDS_INPUT}, answered_by_hook="claude")
    with session_harness(watch=watch) as session:
        session.host()
        session.attach_pty()
        session.driver.watch.on_hook_report(Report("hook", "asks", "", "Bash: make"), 0)
        session.driver.questions.ask(AskUser(1, "r1", data, detail="Bash: make"), object(), lambda _reply: None)
        request = session.driver.questions.requests()["r1"]
        mode = next(option for option in request.options if option.sets_mode)
        given = AnswerRequest("r1", mode.id, digest(request))
        assert right_for(SendChatInput(1, given), session.driver.session.kind) is Right.SETTINGS
        for by in ("page", "command", "notification"):
            refused = session.driver.questions.answer(SendChatInput(1, given, by=by), given)
            assert isinstance(refused, Failed)
            assert refused.code == ErrorCode.NOT_ALLOWED
        wanted = SendChatInput(1, given, "1" * 32, "window")
        assert session.driver.questions.answer(wanted, given) == Done(1, "Always allowed")
        if is_killed:
            session.kill()
            session.host()
        assert session.driver.questions.answer(wanted, given) == Done(1, "Always allowed"), "repeated"
        session.driver.program_ended(0, None)
