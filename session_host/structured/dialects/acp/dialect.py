"""The dialect: passes input and messages to its parts."""

from __future__ import annotations

from typing import Any

import msgspec

from session_host.structured.dialects import reading
from session_host.structured.dialects.base import Answer, DialectPort, Start, UserPrompt
from session_host.structured.items import AgentRequest, CommandsChanged, SlashCommand, TitleChanged
from session_host.structured.operations import AnyResult

from .client_methods import ClientMethods
from .messages import Messages
from .opening import Opening
from .requests import Requests
from .settings import Settings
from .shared import Shared
from .state import AcpState
from .tools import Tools
from .turns import Turns

CONVERSATION_UPDATES = frozenset({
    "agent_message_chunk", "agent_thought_chunk", "user_message_chunk", "tool_call", "tool_call_update", "plan",
    "plan_update", "plan_removed",
})  # fmt: skip
"""Updates that become items, and that confirm the prompt of the turn."""

UNUSED_NOTIFICATIONS = frozenset({"_auth/status_update", "qwen/notify/session/mode-update"})
"""Notifications beyond the protocol that are ignored (claude-agent-acp, Qwen Code)."""

_decoder = msgspec.msgpack.Decoder(AcpState)


class AcpDialect:
    """The Agent Client Protocol, version 1.

    Options (``Start.options``):
        title_is_command: "true" if the title of a tool call that executes is its whole command (Gemini CLI).
        another_minute: "true" if a conversation cannot be resumed within the minute in which it began (Gemini CLI).
        log_in: the id of a log-in method that needs no browser.
        log_in_command: the command line with which the user logs in.
        drops_unknown_commands: "true" if it ignores a prompt that begins with "/" and is no command of its own.
        files, terminals: "false" to not offer our files, or our terminals, to the agent.
    """

    def __init__(self, port: DialectPort) -> None:
        self._port = port
        self._shared = Shared(port)
        self._settings = Settings(self._shared)
        self._messages = Messages(self._shared)
        self._tools = Tools(self._shared, self._messages)
        self._requests = Requests(self._shared, self._tools)
        self._client_methods = ClientMethods(self._shared, self._messages, self._tools)
        self._turns = Turns(self._shared, self._messages, self._tools, self._requests)
        self._opening = Opening(self._shared, self._settings, self._messages, self._tools)

    # ------------------------------------------------------------ calls of the rules

    def begin(self, start: Start) -> None:
        """See ``Dialect``."""
        self._opening.begin(start)

    def prompt(self, prompt: UserPrompt) -> None:
        """See ``Dialect``."""
        self._turns.begin(prompt)

    def steer(self, prompt: UserPrompt) -> None:
        """See ``Dialect``."""
        self._turns.steer(prompt)

    def interrupt(self) -> None:
        """See ``Dialect``."""
        self._turns.cancel()

    def answer(self, request: AgentRequest, answer: Answer) -> None:
        """See ``Dialect``."""
        self._requests.answer(request, answer)

    def change_setting(self, setting: str, value: str) -> None:
        """See ``Dialect``."""
        self._settings.change(setting, value)

    def timer_due(self, name: str) -> None:
        """See ``Dialect``."""
        self._opening.timer_due(name)

    def take_result(self, result: AnyResult) -> None:
        """See ``Dialect``."""
        self._client_methods.take_result(result)

    def save(self) -> bytes:
        """See ``Dialect``."""
        return msgspec.msgpack.encode(self._shared.state)

    def load(self, state: bytes) -> None:
        """See ``Dialect``."""
        self._shared.restore(_decoder.decode(state))

    # ------------------------------------------------------------ messages

    def receive(self, line: bytes) -> None:
        """See ``Dialect``."""
        message = reading.message(line)
        if message is None:
            self._port.raw("not a message", line.decode(errors="replace"))
            return
        method, params = message.get("method"), reading.mapping(message, "params")
        if not isinstance(method, str):
            self._reply(message)
        elif "id" in message:
            self._turns.confirm()
            if not self._client_methods.receive(message["id"], method, params):
                self._requests.receive(message["id"], method, params)
        elif method == "session/update":
            self._update(params)
        elif method == "$/cancel_request":
            self._requests.withdrawn(params.get("requestId"))
            self._client_methods.withdrawn(params.get("requestId"))
        elif method not in UNUSED_NOTIFICATIONS:
            self._port.raw(method, params)

    def _reply(self, message: dict[str, Any]) -> None:
        sent = self._shared.rpc.take_request(message)
        if sent is None:
            self._port.raw("a reply without a request", message)
            return
        match sent.method:
            case "initialize":
                self._opening.initialized(message)
            case "authenticate":
                self._opening.authenticated(message)
            case "session/new" | "session/load" | "session/resume" | "session/fork":
                self._opening.opened(message, sent.method)
            case "session/prompt":
                self._turns.end(message, sent.about)
            case "_session/steering":
                self._turns.steered(message, sent.about)
            case _:
                self._settings.changed(message, sent.about)

    def _update(self, params: dict[str, Any]) -> None:
        state = self._shared.state
        update = reading.mapping(params, "update")
        kind = reading.text(update, "sessionUpdate")
        session = reading.text(params, "sessionId")
        if state.session and session and session != state.session:
            self._port.raw(f"{kind} of another session", params)
            return
        if kind in CONVERSATION_UPDATES:
            state.update_count += 1
            self._turns.confirm()
            if not (state.replaying and state.start.has_history):
                self._conversation_update(kind, update)
            return
        match kind:
            case "available_commands_update":
                self._commands(reading.array(update, "availableCommands"))
            case "current_mode_update":
                self._settings.mode_changed(reading.text(update, "currentModeId"))
            case "config_option_update":
                self._settings.take(update)
            case "usage_update":
                self._turns.usage(update)
            case "session_info_update":
                if title := reading.text(update, "title"):
                    self._port.emit(TitleChanged(reading.one_line(title)))
            case _:
                self._port.raw(kind or "session/update", params)

    def _conversation_update(self, kind: str, update: dict[str, Any]) -> None:
        match kind:
            case "agent_message_chunk":
                self._messages.chunk("agent", update)
            case "agent_thought_chunk":
                self._messages.chunk("thought", update)
            case "user_message_chunk":
                self._messages.chunk("user", update)
            case "tool_call" | "tool_call_update":
                self._tools.update(update)
            case "plan":
                self._messages.plan("", reading.array(update, "entries"))
            case "plan_update":
                self._messages.plan_update(update)
            case _:
                self._messages.remove_plan(reading.text(update, "planId"))

    def _commands(self, commands: list[Any]) -> None:
        offered = tuple(
            SlashCommand(name, reading.text(command, "description"), reading.text(command, "input", "hint"))
            for command in commands
            if (name := reading.text(command, "name"))
        )
        self._shared.state.commands = [command.name for command in offered]
        self._port.emit(CommandsChanged(offered))
