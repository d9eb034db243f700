"""The conversation with ``codex app-server``: opens the thread, and routes messages to the other parts."""

from __future__ import annotations

from typing import Any

import msgspec

from session_host.structured.dialects import reading
from session_host.structured.dialects.base import FORK_OPTION, THROUGH_OPTION, Answer, DialectPort, Start, UserPrompt
from session_host.structured.dialects.json_rpc import OVERLOADED, SentRequest
from session_host.structured.dialects.limits import codex_limits_in_reply
from session_host.structured.dialects.reading import array, error_words, integer, mapping, text
from session_host.structured.items import (
    AgentRequest,
    Capabilities,
    CapabilitiesKnown,
    CommandsChanged,
    ConversationKnown,
    SettingsChanged,
    TitleChanged,
)
from session_host.structured.operations import AnyResult

from . import settings
from .context import MAX_TRIES, Context
from .notifications import Notifications
from .prompts import COMMANDS, METHODS, Prompts
from .requests import Requests
from .state import CodexState, new_state
from .turns import Turns

TURNS_OF_A_PAGE = 50
OPEN = "open"
"""The timer after which the thread is opened again."""


class CodexDialect:
    """Speaks with one app-server, about one thread; see ``base.Dialect``."""

    def __init__(self, port: DialectPort) -> None:
        self._port = port
        self._context = Context(port)
        self._turns = Turns(self._context)
        self._requests = Requests(self._context)
        self._prompts = Prompts(self._context, self._turns)
        self._notifications = Notifications(self._context, self._turns, self._requests)

    @property
    def _state(self) -> CodexState:
        return self._context.state

    # ------------------------------------------------------------ saving

    def save(self) -> bytes:
        """See ``base.Dialect``."""
        return msgspec.msgpack.encode(self._state)

    def take_result(self, result: AnyResult) -> None:
        """See ``base.Dialect``."""

    def load(self, state: bytes) -> None:
        """See ``base.Dialect``."""
        self._context.state = msgspec.msgpack.decode(state, type=CodexState)
        self._context.rpc.state = self._state.rpc

    # ------------------------------------------------------------ beginning

    def begin(self, start: Start) -> None:
        """See ``base.Dialect``."""
        self._context.state = new_state(start, self._context.rpc.state)
        client = {"name": "outlive", "title": "Outlive", "version": start.version or "0"}
        capabilities = {"experimentalApi": True, "requestAttestation": False}
        self._context.rpc.request("initialize", {"clientInfo": client, "capabilities": capabilities})

    def _open_thread(self) -> None:
        start = self._state.start
        if source := start.options.get(FORK_OPTION):
            params = {"threadId": source, "cwd": start.directory, "excludeTurns": True}
            if turn := start.options.get(THROUGH_OPTION):
                params["lastTurnId"] = turn
            self._context.rpc.request("thread/fork", params)
        elif start.conversation:
            params = {"threadId": start.conversation, "cwd": start.directory, "excludeTurns": True}
            self._context.rpc.request("thread/resume", params)
        else:
            self._start_thread()

    def _start_thread(self) -> None:
        start = self._state.start
        params = {"cwd": start.directory, **settings.start_parameters(start.options)}
        self._context.rpc.request("thread/start", params)

    def _thread_refused(self, method: str, error: dict[str, Any]) -> None:
        state, reason = self._state, error_words(text(error, "message")) or "no reason given"
        if integer(error, "code") == OVERLOADED and state.opening_tries < MAX_TRIES:
            state.opening_tries += 1
            self._context.retry_later(OPEN, state.opening_tries)
        elif method == "thread/resume" and "no rollout found" in reason and state.start.has_history:
            self._port.notice("Codex has no record of this conversation: this is a new one.")
            self._start_thread()
        elif "active writer" in reason:
            self._port.fail("This conversation is open in another program: close it there first.")
        else:
            self._port.fail(f"Codex did not open the conversation: {reason}")

    def _thread_opened(self, method: str, result: dict[str, Any]) -> None:
        state, thread = self._state, mapping(result, "thread")
        state.thread = text(thread, "id") or state.start.conversation
        self._port.emit(CapabilitiesKnown(Capabilities(steer=True, images=True)))
        self._port.emit(CommandsChanged(COMMANDS))
        self._port.emit(ConversationKnown(state.thread))
        if name := text(thread, "name"):
            self._port.emit(TitleChanged(name))
        settings.read(state.settings, result)
        self._show_settings()
        self._context.rpc.request("model/list", {})
        self._context.rpc.request("account/read", {})
        if method != "thread/start" and not state.start.has_history:
            self._request_turns("")
        else:
            self._context.ready()

    def _request_turns(self, cursor: str) -> None:
        params: dict[str, Any] = {"threadId": self._state.thread, "limit": TURNS_OF_A_PAGE, "sortDirection": "asc"}
        params |= {"itemsView": "full"} | ({"cursor": cursor} if cursor else {})
        self._context.rpc.request("thread/turns/list", params)

    def _turns_listed(self, result: dict[str, Any]) -> None:
        for turn in array(result, "data"):
            self._turns.show_earlier_turn(mapping(turn))
        cursor = text(result, "nextCursor")
        if cursor and array(result, "data"):
            self._request_turns(cursor)
        else:
            self._context.ready()

    def _show_settings(self) -> None:
        self._port.emit(SettingsChanged(settings.shown(self._state.settings)))

    # ------------------------------------------------------------ lines

    def receive(self, line: bytes) -> None:
        """See ``base.Dialect``."""
        message = reading.message(line)
        if message is None:
            self._port.raw("a line that is not a message", line.decode(errors="replace"))
        elif isinstance(message.get("method"), str):
            if "id" in message:
                self._requests.receive(message)
            else:
                self._notifications.receive(message)
        elif (sent := self._context.rpc.take_request(message)) is None:
            self._port.raw("a reply to no request", message)
        elif "error" in message:
            self._refused(sent, mapping(message, "error"))
        else:
            self._replied(sent, mapping(message, "result"))

    # ------------------------------------------------------------ replies

    def _replied(self, sent: SentRequest, result: dict[str, Any]) -> None:
        match sent.method:
            case "initialize":
                self._context.rpc.notify("initialized")
                self._open_thread()
            case "thread/start" | "thread/resume" | "thread/fork":
                self._thread_opened(sent.method, result)
            case "thread/turns/list":
                self._turns_listed(result)
            case "model/list":
                self._state.settings.models += settings.read_models(array(result, "data"))
                if cursor := text(result, "nextCursor"):
                    self._context.rpc.request("model/list", {"cursor": cursor})
                self._show_settings()
            case "account/read":
                if result.get("requiresOpenaiAuth") is True and result.get("account") is None:
                    self._port.notice('Codex is not logged in: run "codex login" in a terminal, then reopen this chat.')
                elif text(result, "account", "type") == "chatgpt":
                    self._context.rpc.request("account/rateLimits/read", {})
            case "account/rateLimits/read":
                self._context.limits_reported(codex_limits_in_reply(result, self._port.now_ms))
            case method if method in METHODS:
                self._prompts.confirmed(sent, result)
            case _:
                pass

    def _refused(self, sent: SentRequest, error: dict[str, Any]) -> None:
        reason = error_words(text(error, "message")) or "no reason given"
        match sent.method:
            case "initialize":
                self._port.fail(f"Codex did not start: {reason}")
            case "thread/start" | "thread/resume" | "thread/fork":
                self._thread_refused(sent.method, error)
            case "thread/turns/list":
                self._port.notice(f"The earlier part of the conversation is not shown: {reason}")
                self._context.ready()
            case method if method in METHODS:
                self._prompts.refused(sent, error)
            case "turn/interrupt":
                self._interrupt_refused(sent.about, reason)
            case "thread/settings/update":
                self._port.notice(f"Codex did not change the setting: {reason}")
                self._show_settings()
            case _:
                pass

    def _interrupt_refused(self, turn: str, reason: str) -> None:
        """Handle a refused interrupt. If no turn runs, the turn's end was not reported: end it now."""
        if turn != self._state.turn:
            return
        if "no active turn" in reason:
            self._turns.ended({"id": turn, "status": "interrupted"})
        else:
            self._port.notice(f"Codex did not stop: {reason}")

    def timer_due(self, name: str) -> None:
        """See ``base.Dialect``."""
        if name == OPEN:
            self._open_thread()
        else:
            self._prompts.send_again(name)

    # ------------------------------------------------------------ calls of the rules

    def prompt(self, prompt: UserPrompt) -> None:
        """See ``base.Dialect``."""
        self._prompts.send(prompt)

    def steer(self, prompt: UserPrompt) -> None:
        """See ``base.Dialect``."""
        self._prompts.send(prompt, steers=True)

    def interrupt(self) -> None:
        """See ``base.Dialect``."""
        self._turns.interrupt()

    def answer(self, request: AgentRequest, answer: Answer) -> None:
        """See ``base.Dialect``."""
        self._requests.answer(request, answer)

    def change_setting(self, setting: str, value: str) -> None:
        """See ``base.Dialect``."""
        params = settings.change(self._state.settings, setting, value)
        if params is None:
            self._port.notice(f"Codex has no such setting: {setting} = {value}")
        else:
            self._context.rpc.request("thread/settings/update", {"threadId": self._state.thread, **params})
