"""The dialect of the Agent Client Protocol: opens the session, follows the turns, and has the session's settings."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from session_host.protocol.untrusted_numbers import money, tokens_in_all
from session_host.structured.dialects import reading
from session_host.structured.dialects.base import FORK_OPTION, Chosen, DialectPort, Start, UserPrompt
from session_host.structured.dialects.json_rpc import INVALID_PARAMS
from session_host.structured.items import (
    AgentRequest,
    Capabilities,
    CapabilitiesKnown,
    CommandsChanged,
    ItemStatus,
    Remove,
    Setting,
    SettingChoice,
    SettingsChanged,
    SlashCommand,
    StateChanged,
    TitleChanged,
    TurnOver,
    UsageChanged,
    WrittenOutcome,
)
from session_host.structured.operations import AnyResult, CountTokens, OperationDone

from .approvals import Requests
from .client_methods import ClientMethods
from .items import NO_COMMAND, Messages, Tools, content_blocks
from .state import AUTHENTICATION_REQUIRED, AcpState, Ending, OfferedSetting, Shared, error_text

_Category = Literal["", "model", "mode", "effort"]
_CATEGORIES: Final[dict[str, _Category]] = {
    "model": "model",
    "mode": "mode",
    "thought_level": "effort",
}
_ON, _OFF = "on", "off"

PROTOCOL_VERSION = 1
LASTING_ERRORS: Final = frozenset({-32002, -32601})
"""The codes of "no such conversation" and "no such method": trying again does not help."""

ANSWER_TIMEOUT_S = 30.0
RESUME_TIMEOUT_MS = 70_000
"""How long to try to resume a conversation that the agent does not find."""
MINUTE_MS = 60_000
RETRY_S = (1.0, 2.0, 4.0, 8.0)
SETTLE_S = 0.4
"""Gemini CLI still repeats a conversation after its reply; prompts wait until no update arrives for this time."""

REFUSALS: Final = frozenset({-32700, -32600, -32601, INVALID_PARAMS, AUTHENTICATION_REQUIRED})
"""Codes of errors if the agent did not accept the prompt. After any other error, its conversation has the prompt."""

_STOPS: Final[dict[str, tuple[WrittenOutcome, str]]] = {
    "end_turn": ("completed", ""),
    "max_tokens": ("failed", "The answer is incomplete: the model's limit of tokens is reached."),
    "max_turn_requests": ("failed", "The turn is incomplete: the agent's limit of requests for one turn is reached."),
    "refusal": ("failed", "The agent refuses to continue after this prompt."),
    "cancelled": ("interrupted", ""),
}
_ITEM_STATUSES: Final[dict[WrittenOutcome, ItemStatus]] = {
    "completed": "done",
    "interrupted": "interrupted",
    "failed": "failed",
}

# fmt: off
CONVERSATION_UPDATES = frozenset({
    "agent_message_chunk", "agent_thought_chunk", "user_message_chunk", "tool_call", "tool_call_update", "plan",
    "plan_update", "plan_removed",
})
"""Updates that become items, and that confirm the prompt of the turn."""
# fmt: on

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
        usage: "turn" if a reply to a prompt has the tokens of this turn, and not of all since the agent started, as the
            protocol has it (our own agent). "record" if it has those of the turn's last request, and the agent's record
            has all (opencode).
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

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
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
        if not self._turns.counted(result):
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
                self._turns.count_request(update)
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


class Opening:
    """Opens the agent's session."""

    def __init__(self, shared: Shared, settings: Settings, messages: Messages, tools: Tools) -> None:
        self._shared = shared
        self._settings = settings
        self._messages = messages
        self._tools = tools

    def begin(self, start: Start) -> None:
        """The program runs."""
        shared = self._shared
        shared.state.start = start
        shared.state.prefix = f"{shared.port.now_ms:x}"
        information = {"name": "outlive", "title": "Outlive", "version": start.version or "0"}
        shared.rpc.request(
            "initialize",
            {
                "protocolVersion": PROTOCOL_VERSION,
                "clientInfo": information,
                "clientCapabilities": client_capabilities(
                    files=shared.offers("files"), terminals=shared.offers("terminals")
                ),
            },
        )
        shared.port.start_timer("unanswered", ANSWER_TIMEOUT_S)

    def initialized(self, message: dict[str, Any]) -> None:
        """Handle the reply to "initialize": the agent's capabilities."""
        shared, state = self._shared, self._shared.state
        if "error" in message:
            shared.port.fail(f"The agent does not start: {error_text(message['error'])}")
            return
        result = reading.mapping(message, "result")
        information = reading.mapping(result, "agentInfo")
        state.agent = reading.text(information, "title") or reading.text(information, "name") or state.agent
        version = reading.integer(result, "protocolVersion", default=PROTOCOL_VERSION)
        if version != PROTOCOL_VERSION:
            shared.port.fail(f"{state.agent} speaks version {version} of the Agent Client Protocol, Outlive version 1")
            return
        capabilities = reading.mapping(result, "agentCapabilities")
        state.loads = reading.at(capabilities, "loadSession") is True
        state.resumes = isinstance(reading.at(capabilities, "sessionCapabilities", "resume"), dict)
        state.forks = isinstance(reading.at(capabilities, "sessionCapabilities", "fork"), dict)
        state.takes_images = reading.at(capabilities, "promptCapabilities", "image") is True
        state.steers = reading.at(result, "_meta", "steering", "supported") is True
        state.methods = [
            reading.small(method) for method in reading.array(result, "authMethods") if reading.text(method, "id")
        ]
        self._open()

    def opened(self, message: dict[str, Any], method: str) -> None:
        """Handle the reply to a request for a session."""
        shared, state = self._shared, self._shared.state
        if "error" in message:
            self._failed(message["error"], method)
            return
        result = reading.mapping(message, "result")
        state.session = reading.text(result, "sessionId") or self._shared.resumed_conversation
        if not state.session:
            shared.port.fail(f"{state.agent} reported no id for its conversation")
            return
        if method != "session/new":
            shared.report_conversation()
        resumes = state.loads or state.resumes
        capabilities = Capabilities(steer=state.steers, images=state.takes_images, resume=resumes)
        shared.port.emit(CapabilitiesKnown(capabilities))
        self._settings.take(result)
        if method == "session/load":
            state.settled_count = state.update_count
            shared.port.start_timer("settle", SETTLE_S)
        else:
            self._ready()

    def authenticated(self, message: dict[str, Any]) -> None:
        """Handle the reply to a log-in."""
        if "error" in message:
            self._log_in(message["error"])
        else:
            self._open()

    def timer_due(self, name: str) -> None:
        """A timer expired."""
        state = self._shared.state
        if state.opened:
            return
        match name:
            case "resume":
                self._open()
            case "settle" if state.update_count != state.settled_count:
                state.settled_count = state.update_count
                self._shared.port.start_timer("settle", SETTLE_S)
            case "settle":
                self._ready()
            case "unanswered" if not (state.session or state.resume_tries or state.waited_for_minute):
                self._shared.port.notice(f"{state.agent} has not answered for {ANSWER_TIMEOUT_S:.0f} seconds")
            case _:
                pass

    # ------------------------------------------------------------ sessions

    def _open(self) -> None:
        """Ask for a session: the resumed one if possible. Only "load" repeats a history that the transcript lacks."""
        rpc, state = self._shared.rpc, self._shared.state
        workspace: dict[str, Any] = {"cwd": state.start.directory, "mcpServers": []}
        conversation = self._shared.resumed_conversation
        source = state.start.options.get(FORK_OPTION)
        if source and not state.forks:
            self._shared.port.fail(f"This version of {state.agent} cannot fork a conversation")
        elif source:
            state.replaying = True
            rpc.request("session/fork", {"sessionId": source, **workspace})
        elif conversation and state.resumes and (state.start.has_history or not state.loads):
            rpc.request("session/resume", {"sessionId": conversation, **workspace})
        elif conversation and state.loads:
            self._load()
        else:
            if conversation:
                self._shared.port.notice(f"{state.agent} cannot resume conversations: this is a new one")
            rpc.request("session/new", workspace)

    def _load(self) -> None:
        state = self._shared.state
        if self._shared.option("another_minute") and not state.waited_for_minute:
            state.waited_for_minute = True
            if wait_s := self._wait_for_another_minute_s():
                self._shared.port.notice(f"{state.agent} can resume the conversation in {wait_s:.0f} seconds")
                self._shared.port.start_timer("resume", wait_s)
                return
        state.replaying = True
        workspace: dict[str, Any] = {"cwd": state.start.directory, "mcpServers": []}
        self._shared.rpc.request("session/load", {"sessionId": state.start.conversation, **workspace})

    def _wait_for_another_minute_s(self) -> float:
        """Seconds until the conversation can be loaded, 0 for now.

        Gemini CLI 0.61 names a transcript's file by the minute and the conversation. While it loads a conversation,
        it begins another transcript. In the minute in which the conversation began, that would be the same file, and
        the conversation would be lost. If that minute is unknown, it may be this one.
        """
        state, now_ms = self._shared.state, self._shared.port.now_ms
        if state.start.began_ms and now_ms // MINUTE_MS != state.start.began_ms // MINUTE_MS:
            return 0.0
        return (MINUTE_MS - now_ms % MINUTE_MS) / 1000 + 1.0

    def _ready(self) -> None:
        state = self._shared.state
        self._messages.finish("done")
        self._tools.finish("interrupted")
        state.replaying, state.replayed, state.opened = False, [], True
        self._shared.port.ready()

    def _failed(self, error: Any, method: str) -> None:
        port, state = self._shared.port, self._shared.state
        self._forget_replay()
        code, reason = reading.integer(error, "code"), error_text(error)
        if code == AUTHENTICATION_REQUIRED:
            self._log_in(error)
        elif method == "session/new":
            port.fail(f"{state.agent} cannot begin a conversation: {reason}")
        elif method == "session/resume" and state.loads:
            self._load()
        elif code in LASTING_ERRORS:
            port.fail(f"{state.agent} cannot resume the conversation: {reason}")
        else:
            self._try_again(reason)

    def _try_again(self, reason: str) -> None:
        port, state = self._shared.port, self._shared.state
        if not state.resume_tries:
            state.resume_until_ms = port.now_ms + RESUME_TIMEOUT_MS
            port.notice(f"{state.agent} does not find the conversation yet ({reason}); trying again for a minute")
        elif port.now_ms >= state.resume_until_ms:
            port.fail(f"{state.agent} cannot resume the conversation: {reason}")
            return
        port.start_timer("resume", RETRY_S[min(state.resume_tries, len(RETRY_S) - 1)])
        state.resume_tries += 1

    def _forget_replay(self) -> None:
        """Remove the items that were repeated before loading the conversation failed."""
        state = self._shared.state
        for item in state.replayed:
            self._shared.port.emit(Remove(item))
        state.replayed, state.replaying = [], False
        state.run, state.open_items, state.plans, state.tools = None, [], {}, {}

    # ------------------------------------------------------------ log-in

    def _log_in(self, error: Any) -> None:
        """Log in by the next method that works without a browser and a terminal; fail if all were tried."""
        port, state = self._shared.port, self._shared.state
        chosen = state.start.options.get("log_in")
        for method in state.methods:
            method_id = reading.text(method, "id")
            if method_id not in state.tried and (method_id == chosen or reading.text(method, "type") == "env_var"):
                state.tried.append(method_id)
                self._shared.rpc.request("authenticate", {"methodId": method_id})
                return
        port.fail(f"{self._shared.log_in_text(error)}, then open the chat again")


def client_capabilities(*, files: bool, terminals: bool) -> dict[str, Any]:
    """The capabilities that we offer: forms; files and terminals unless the dialect's options say otherwise."""
    return {
        "fs": {"readTextFile": files, "writeTextFile": files},
        "terminal": terminals,
        "elicitation": {"form": {}},
    }


class Turns:
    """The turns of the chat. A turn ends with the reply to its prompt."""

    def __init__(self, shared: Shared, messages: Messages, tools: Tools, requests: Requests) -> None:
        self._shared = shared
        self._messages = messages
        self._tools = tools
        self._requests = requests

    def begin(self, prompt: UserPrompt) -> None:
        """Send a prompt."""
        shared, state = self._shared, self._shared.state
        if prompt.images and not state.takes_images:
            shared.port.refused(prompt.id, f"{state.agent} takes no images")
            return
        self._messages.finish("done")
        self._tools.forget_before(f"{state.prefix}-turn-{state.turns}")
        state.turns += 1
        state.turn = f"{state.prefix}-turn-{state.turns}"
        state.prompt, state.prompt_text = prompt.id, prompt.text
        state.confirmed = state.cancelling = False
        state.updates_before, state.began_ms = state.update_count, shared.port.now_ms
        blocks = content_blocks(prompt, state.start.directory)
        if shared.option("drops_unknown_commands") and self._looks_like_command(prompt.text):
            blocks.insert(0, NO_COMMAND)
        shared.rpc.request("session/prompt", {"sessionId": state.session, "prompt": blocks}, prompt.id)
        shared.port.emit(StateChanged("running", state.turn))

    def _looks_like_command(self, words: str) -> bool:
        """Whether a text begins as a command, and is none that the agent offers."""
        name = "".join(words.split(maxsplit=1)[:1])
        return name.startswith("/") and name[1:] not in self._shared.state.commands

    def confirm(self) -> None:
        """Confirm the prompt: a message of the agent shows that the turn runs."""
        shared, state = self._shared, self._shared.state
        if not state.turn or state.confirmed:
            return
        state.confirmed = True
        shared.report_conversation()
        shared.port.accepted(state.prompt, state.turn)

    def steer(self, prompt: UserPrompt) -> None:
        """Add a text to the running turn, by an extension of the protocol (``_meta.steering``, claude-agent-acp)."""
        state = self._shared.state
        if not state.turn or not state.steers:
            self._shared.port.too_late(prompt.id)
            return
        self._shared.rpc.request(
            "_session/steering",
            {
                "sessionId": state.session,
                "prompt": content_blocks(prompt, state.start.directory),
                "_meta": {"steering": {"idleBehavior": "promptRequired"}},
            },
            prompt.id,
        )

    def steered(self, message: dict[str, Any], about: str) -> None:
        """Handle the reply to a steering text."""
        if reading.text(message, "result", "outcome") in {"injected", "startedNewTurn"}:
            self._messages.end_run()
            self._shared.port.accepted(about, self._shared.state.turn)
        else:
            self._shared.port.too_late(about)

    def cancel(self) -> None:
        """Cancel the turn."""
        shared, state = self._shared, self._shared.state
        if not state.turn:
            return
        shared.rpc.notify("session/cancel", {"sessionId": state.session})
        had_requests = bool(state.requests)
        self._requests.withdraw_all()
        if had_requests:
            shared.port.emit(StateChanged("running", state.turn))
        state.cancelling = True

    def end(self, message: dict[str, Any], about: str) -> None:
        """Handle the reply to a prompt, which ends the turn."""
        state = self._shared.state
        if about != state.prompt or not state.turn:
            self._shared.port.raw("reply to a prompt that has ended", message)
            return
        if "error" in message:
            self._end_with_error(message["error"])
            return
        self.confirm()
        result = reading.mapping(message, "result")
        reason = reading.text(result, "stopReason")
        if reason not in _STOPS:
            self._shared.port.raw("session/prompt", message)
        outcome, error = _STOPS.get(reason, ("completed", ""))
        if state.cancelling and state.update_count == state.updates_before:
            outcome = "interrupted"  # opencode says "end_turn" if it was waiting to ask its model again.
        if state.start.options.get("usage") == "record":
            operation = self._shared.port.start_operation(CountTokens(0, state.session, state.began_ms))
            state.ending = Ending(operation, outcome, error, reading.small(result))
        else:
            self._count(result)
            self._finish(outcome, error)

    def counted(self, counted: AnyResult) -> bool:
        """End the turn with the tokens of its record, else with those of its last request; False if it counts none."""
        state, ending = self._shared.state, self._shared.state.ending
        if ending is None or not isinstance(counted, OperationDone) or counted.id != ending.operation:
            return False
        state.ending = None
        if counted.text:
            read, cached, written = map(int, counted.text.split())
            self._add(UsageChanged(0, 0, total=read + cached + written, read=read, cached=cached, written=written))
        else:
            self._count(ending.result)
        self._finish(ending.outcome, ending.error)
        return True

    def _end_with_error(self, error: Any) -> None:
        state, reason = self._shared.state, error_text(error)
        if state.cancelling:
            self.confirm()
            self._finish("interrupted")
        elif not state.confirmed and reading.integer(error, "code") in REFUSALS:
            needs_log_in = reading.integer(error, "code") == AUTHENTICATION_REQUIRED
            self._shared.port.refused(state.prompt, self._shared.log_in_text(error) if needs_log_in else reason)
            self._idle()
        else:
            self.confirm()
            self._finish("failed", reason)

    def _finish(self, outcome: WrittenOutcome, error: str = "") -> None:
        turn, status = self._shared.state.turn, _ITEM_STATUSES[outcome]
        self._requests.withdraw_all()
        self._messages.finish(status)
        self._tools.finish(status)
        if error:
            self._shared.port.notice(error)
        self._shared.port.emit(TurnOver(turn, outcome, error))
        self._idle()

    def _idle(self) -> None:
        state = self._shared.state
        state.turn = state.prompt = state.prompt_text = ""
        state.confirmed = state.cancelling = False
        self._shared.port.emit(StateChanged("idle"))

    # ------------------------------------------------------------ tokens

    def usage(self, update: dict[str, Any]) -> None:
        """Take the agent's report of the tokens in the model's context."""
        cost = money(reading.at(update, "cost", "amount"))
        change = msgspec.structs.replace(
            self._shared.state.usage,
            used=reading.tokens(update, "used") or 0,
            window=reading.tokens(update, "size") or 0,
            total=self._shared.state.tokens,
            cost=cost or 0.0,
            currency=reading.text(update, "cost", "currency") if cost is not None else "",
            of_conversation="cost" if self._shared.continues else "",
        )
        self._shared.state.usage = change
        self._shared.port.emit(change)

    def count_request(self, update: dict[str, Any]) -> None:
        """Add the tokens of one request, which Qwen Code tells with a message of the answer."""
        if self._shared.state.turn and (counted := _counted(reading.mapping(update, "_meta", "usage"))):
            self._add(counted)

    def _count(self, result: dict[str, Any]) -> None:
        """Take the tokens of a turn, or of all since the agent started."""
        state = self._shared.state
        quota = reading.mapping(result, "_meta", "quota", "token_count")  # Gemini CLI's, of the turn.
        written = reading.tokens(quota, "output_tokens") or 0
        if counted := _counted(reading.mapping(result, "usage")):
            is_of_turn = state.start.options.get("usage") in {"turn", "record"}
            self._add(counted, since=state.usage if is_of_turn else UsageChanged(0, 0))
        elif (read := reading.tokens(quota, "input_tokens") or 0) + written > 0:
            self._add(UsageChanged(0, 0, total=read + written, read=read, written=written))

    def _add(self, counted: UsageChanged, since: UsageChanged | None = None) -> None:
        """Report tokens with those ``since`` which they count; None for the last report."""
        state = self._shared.state
        before = state.usage if since is None else since
        state.tokens = tokens_in_all(before.total, counted.total)
        state.usage = msgspec.structs.replace(
            state.usage,
            total=state.tokens,
            read=tokens_in_all(before.read, counted.read),
            cached=tokens_in_all(before.cached, counted.cached),
            written=tokens_in_all(before.written, counted.written),
            is_least=True,  # Agents leave out requests that choose a model, name a conversation or suggest a prompt.
        )
        self._shared.port.emit(state.usage)


def _counted(usage: dict[str, Any]) -> UsageChanged | None:
    """The tokens of an agent's ``usage``; None if it says none."""
    total, cached, written = (
        reading.tokens(usage, name) or 0 for name in ("totalTokens", "cachedReadTokens", "outputTokens")
    )
    if not total:
        return None
    return UsageChanged(0, 0, total=total, read=max(total - cached - written, 0), cached=cached, written=written)


class Settings:
    """The settings of the session. An option of the category "mode" or "model" stands for the session's own."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def take(self, message: dict[str, Any]) -> None:
        """Take the settings of a reply or an update."""
        state = self._shared.state
        if "configOptions" in message and isinstance(message["configOptions"], list):
            state.options = [found for option in message["configOptions"] if (found := _option(option)) is not None]
        if modes := reading.mapping(message, "modes"):
            choices = _choices(reading.array(modes, "availableModes"), "id")
            setting = Setting("mode", "Mode", reading.text(modes, "currentModeId"), choices, "mode")
            state.mode = OfferedSetting(setting, "mode")
        if models := reading.mapping(message, "models"):
            choices = _choices(reading.array(models, "availableModels"), "modelId")
            setting = Setting("model", "Model", reading.text(models, "currentModelId"), choices, "model")
            state.model = OfferedSetting(setting, "model")
        self.emit()

    def emit(self) -> None:
        """Report all settings."""
        if offered := self._offered():
            self._shared.port.emit(SettingsChanged(tuple(one.setting for one in offered)))

    def mode_changed(self, mode: str) -> None:
        """Take a mode that the agent chose."""
        state = self._shared.state
        if state.mode is not None:
            state.mode = _with_value(state.mode, mode)
        state.options = [
            _with_value(option, mode) if option.setting.category == "mode" else option for option in state.options
        ]
        self.emit()

    def change(self, name: str, value: str) -> None:
        """Ask the agent to change a setting."""
        shared, state = self._shared, self._shared.state
        offered = next((found for found in self._offered() if found.setting.id == name), None)
        if offered is None or not state.session:
            shared.port.notice(f"{state.agent} has no setting {name!r}")
            return
        parameters: dict[str, Any] = {"sessionId": state.session}
        about = f"{name}\n{value}"
        match offered.source:
            case "mode":
                shared.rpc.request("session/set_mode", {**parameters, "modeId": value}, about)
            case "model":
                shared.rpc.request("session/set_model", {**parameters, "modelId": value}, about)
            case "option":
                parameters |= {"configId": name, "value": value}
                shared.rpc.request("session/set_config_option", parameters, about)
            case "flag":
                parameters |= {"configId": name, "value": value == _ON, "type": "boolean"}
                shared.rpc.request("session/set_config_option", parameters, about)

    def changed(self, message: dict[str, Any], about: str) -> None:
        """Handle the reply to a change."""
        state = self._shared.state
        name, _, value = about.partition("\n")
        if "error" in message:
            self._shared.port.notice(f"{name} is not changed: {error_text(message['error'])}")
            self.emit()
            return
        if "configOptions" in (result := reading.mapping(message, "result")):
            self.take(result)
            return
        state.options = [
            _with_value(option, value) if option.setting.id == name else option for option in state.options
        ]
        if name == "mode" and state.mode is not None:
            state.mode = _with_value(state.mode, value)
        if name == "model" and state.model is not None:
            state.model = _with_value(state.model, value)
        self.emit()

    def _offered(self) -> list[OfferedSetting]:
        state = self._shared.state
        known = {option.setting.category for option in state.options}
        own = [offered for offered in (state.mode, state.model) if offered is not None]
        return [*state.options, *(offered for offered in own if offered.setting.category not in known)]


def _with_value(offered: OfferedSetting, value: str) -> OfferedSetting:
    return OfferedSetting(msgspec.structs.replace(offered.setting, value=value), offered.source)


def _option(option: Any) -> OfferedSetting | None:
    """One of the session's options; None if its type is unknown."""
    name = reading.text(option, "id")
    label = reading.text(option, "name") or name
    category: _Category = _CATEGORIES.get(reading.text(option, "category"), "")
    value = reading.at(option, "currentValue")
    if not name:
        return None
    if isinstance(value, bool):
        choices = (SettingChoice(_ON, "On"), SettingChoice(_OFF, "Off"))
        return OfferedSetting(Setting(name, label, _ON if value else _OFF, choices, category), "flag")
    if not isinstance(value, str):
        return None
    flat: list[Any] = []
    for choice in reading.array(option, "options"):
        flat += reading.array(choice, "options") if "group" in reading.mapping(choice) else [choice]
    return OfferedSetting(Setting(name, label, value, _choices(flat, "value"), category), "option")


def _choices(choices: list[Any], key: str) -> tuple[SettingChoice, ...]:
    return tuple(
        SettingChoice(value, reading.text(choice, "name") or value, reading.text(choice, "description"))
        for choice in choices
        if (value := reading.text(choice, key))
    )
