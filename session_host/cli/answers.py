"""``outlive approve`` and ``outlive deny``: answer agents' questions, of structured chats and of hooks in terminals.

Finds a question, prints all of it, and sends the answer with the question's digest.
"""

from __future__ import annotations

import argparse
import contextlib
from functools import partial
from typing import Final, NoReturn

from session_host.agents.catalog import find_agent
from session_host.client import control, questions
from session_host.client.questions import OpenQuestions, asked_by
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import (
    AlreadyAnswered,
    NoSuchQuestion,
    OutliveError,
    SeveralQuestions,
    UsageError,
    WrongRuntime,
)
from session_host.paths import config_dir
from session_host.protocol.messages import AnswerRequest
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.protocol.values import Activity
from session_host.standing.traits import traits_of
from session_host.structured.answers import Intent, hindrance, option_for
from session_host.structured.items import AgentRequest, RequestOption, digest
from session_host.structured.shortening import cut
from session_host.structured.text import request_lines
from session_host.system import event_loop

from .arguments import add_session_argument
from .output import print_json, print_line
from .session_argument import find, require_running

EPILOG: Final = (
    "Prints the whole question before it answers. If the chat asks several questions, the command prints all of them; "
    "name one with --request. The first answer counts: a later one fails (exit code 6). For agents: give only the "
    "answer that the user told you, in a chat that you started; your own questions you cannot answer (exit code 8)."
)
BY: Final = "command"
"""The key of ``items.PLACES`` for answers that commands give."""

LATE_S: Final = 60.0
"""An answer that comes within this time after another one was meant for the same question."""

STATUS_DELAY_S: Final = 5.0
"""How long after an answer an agent in a terminal may still report its question."""


def _configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of both subcommands."""
    add_session_argument(parser)
    parser.add_argument("--request", metavar="ID", help="the question to answer, if the chat asks several")
    parser.add_argument("--json", action="store_true", help="print the question and its answer as JSON")


def answer(options: argparse.Namespace, intent: Intent) -> int:
    """Answer the open request of a chat, or the named one.

    Raises:
        NoSuchQuestion: the chat has no open question, or not the named one.
        SeveralQuestions: it asks several, also in its terminal only, and none is named.
        AlreadyAnswered: another client was first.
        WrongRuntime: the chat runs in a terminal, where only the agent's own dialog takes answers.
        OutliveError: the agent does not offer this answer.
    """
    info = require_running(find(options.session))
    asked = open_questions(info)
    chosen, elsewhere = _chosen(info, asked, options.request), asked.elsewhere
    if elsewhere and options.request is None:
        _print_all(chosen, as_json=options.json)
        raise SeveralQuestions(
            f"{info.name} shows another question in its terminal: {elsewhere}; name the one to answer: "
            f"--request {chosen[0].id}"
        )
    if len(chosen) > 1:
        _print_all(chosen, as_json=options.json)
        raise SeveralQuestions(f"{info.name} asks {len(chosen)} questions; name one: --request {chosen[0].id}")
    [request] = chosen
    option = choose(request, intent, info.name)
    if not options.json:
        _print(request)
    done = _send(info, AnswerRequest(request.id, option.id, digest(request)), option)
    if options.json:
        print_json({"session_id": info.id, "name": info.name, **as_object(request), "answer": option.id})
    else:
        print_line(f"{done} in {info.name}: {subject_line(request)}")
    return 0


def open_questions(info: SessionInfo) -> OpenQuestions:
    """What a chat's agent asks.

    Raises:
        WrongRuntime: the chat runs in a terminal, where only the agent's own dialog takes answers.
    """
    try:
        return event_loop.run_command(asked_by(partial(control.request, info.id)))
    except WrongRuntime:
        text = (
            f"{info.name} runs in a terminal: answer in `outlive attach {info.name}`, or press the key that its dialog "
            f"names, such as `outlive send {info.name} --key 1`"
        )
        agent = find_agent(config_dir(), info.facts.origin.agent)
        if agent is not None and agent.signals.answered_by_hook:
            text += f"; or set answer_from_outside = true in {config_dir() / 'chats.toml'}, and resume it"
        raise WrongRuntime(text) from None


def choose(request: AgentRequest, intent: Intent, name: str) -> RequestOption:
    """The option of a request for an intent.

    Raises:
        OutliveError: the request has no such option; the message says what to do.
    """
    option = option_for(request, intent)
    if option is not None:
        if why := hindrance(request, option, BY):
            raise OutliveError(f"{name}: {why} (outlive deny {name})")
        return option
    if request.kind == "question" and intent != "deny":
        raise OutliveError(f"{name} asks a question; answer it in the window or in `outlive attach {name}`")
    if intent == "allow" and option_for(request, "allow_always") is not None:
        raise OutliveError(f"{name} offers only to always allow this; use --always")
    offered = ", ".join(one_line(option.label) for option in request.options) or "nothing"
    if intent == "allow_always":
        raise OutliveError(f"{name} does not offer to always allow this, but: {offered}; leave --always out")
    raise OutliveError(f"{name} offers other answers: {offered}; answer in `outlive attach {name}`")


def subject_line(request: AgentRequest) -> str:
    """A request's subject, one line."""
    if request.kind != "command" or not request.subject:
        return escaped(one_line(request.title))
    return cut(request.shown_subject)


def as_object(request: AgentRequest) -> dict[str, object]:
    """A request as a JSON object."""
    return {
        "request": request.id,
        "digest": digest(request),
        "kind": request.kind,
        "title": request.title,
        "subject": request.subject,
        "complete": request.complete,
        "directory": request.directory,
        "reason": request.reason,
        "options": [{"id": option.id, "name": option.name, "kind": option.kind} for option in request.options],
        "questions": [
            {
                "id": question.id,
                "text": question.text,
                "options": question.options,
                "descriptions": question.descriptions,
                "several": question.several,
            }
            for question in request.questions
        ],
    }


def _chosen(info: SessionInfo, asked: OpenQuestions, request_id: str | None) -> list[AgentRequest]:
    """The requests that match the user's argument; at least one.

    Raises:
        NoSuchQuestion: there is none.
        AlreadyAnswered: the named one is not open any more, or the only one was answered a moment ago.
    """
    requests = asked.requests
    if request_id is None:
        if not requests:
            _raise_nothing_asked(info, asked)
        return requests
    matches = [request for request in requests if request.id == request_id]
    matches = matches or [request for request in requests if request.id.startswith(request_id)]
    if not matches:
        # If someone has answered the question, the host refuses this and says who it was.
        with contextlib.suppress(UsageError):
            _send(info, AnswerRequest(request_id, "", ""))
        raise NoSuchQuestion(f"{info.name} has no open question {request_id!r}; see `outlive peek {info.name}`")
    return matches


def _raise_nothing_asked(info: SessionInfo, asked: OpenQuestions) -> NoReturn:
    asks_in_terminal = traits_of(info.facts).own_dialog and info.status.activity == Activity.NEEDS_INPUT
    if asked.is_answered_since(STATUS_DELAY_S if asks_in_terminal else LATE_S):
        raise AlreadyAnswered(f"{info.name}: {asked.outcome}")
    if asks_in_terminal:
        raise NoSuchQuestion(f"{info.name} asks in its terminal only: answer in `outlive attach {info.name}`")
    last = f"; its last question: {asked.outcome}" if asked.outcome else ""
    raise NoSuchQuestion(f"{info.name} is not asking anything{last}")


def _send(info: SessionInfo, given: AnswerRequest, option: RequestOption | None = None) -> str:
    """Send an answer; returns what was done.

    Raises:
        AlreadyAnswered: another client was first.
    """
    try:
        return event_loop.run_command(questions.answer(partial(control.request, info.id), given, BY, option=option))
    except AlreadyAnswered as error:
        raise AlreadyAnswered(f"{info.name}: {error}") from error


def _print_all(requests: list[AgentRequest], *, as_json: bool) -> None:
    if as_json:
        print_json([as_object(request) for request in requests])
        return
    for request in requests:
        print_line(f"--request {request.id}")
        _print(request)


def _print(request: AgentRequest) -> None:
    for line in request_lines(request):
        print(line.text)


def configure_approve(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    _configure(parser)
    parser.add_argument("--always", action="store_true", help="allow the same from now on, if the agent offers that")
    parser.epilog = EPILOG


def run_approve(options: argparse.Namespace) -> int:
    """Allow the one open request, or the named one."""
    return answer(options, "allow_always" if options.always else "allow")


def configure_deny(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    _configure(parser)
    parser.epilog = EPILOG


def run_deny(options: argparse.Namespace) -> int:
    """Decline the one open request, or the named one."""
    return answer(options, "deny")
