"""The conversation with ``codex app-server``: opens the thread, sends prompts, and follows messages and requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from session_host.structured.dialects import reading
from session_host.structured.dialects.base import FORK_OPTION, THROUGH_OPTION, Chosen, DialectPort, Start, UserPrompt
from session_host.structured.dialects.json_rpc import METHOD_NOT_FOUND, OVERLOADED, SentRequest
from session_host.structured.dialects.limits import codex_limits_in_reply, codex_limits_of_pool
from session_host.structured.dialects.reading import array, at, error_words, integer, mapping, text
from session_host.structured.items import (
    AgentRequest,
    Capabilities,
    CapabilitiesKnown,
    CommandsChanged,
    ConversationKnown,
    RequestOpened,
    RequestResolved,
    SettingsChanged,
    SlashCommand,
    TitleChanged,
)
from session_host.structured.operations import AnyResult

from . import approvals, items, settings
from .state import MAX_TRIES, CodexState, Context, OpenRequest, SentPrompt
from .turns import Turns, item_id_of

# fmt: off
IGNORED: Final = frozenset({
    "account/updated", "app/list/updated", "deprecationNotice", "fs/changed",
    "hook/completed", "hook/started", "item/autoApprovalReview/completed", "item/autoApprovalReview/started",
    "item/commandExecution/terminalInteraction", "item/fileChange/outputDelta", "item/reasoning/summaryPartAdded",
    "mcpServer/event/stream/notification", "mcpServer/oauthLogin/completed", "model/safetyBuffering/updated",
    "model/verification", "project/changed", "remoteControl/status/changed", "skills/changed",
    "thread/attachment/updated", "thread/compacted", "thread/environment/connected", "thread/environment/disconnected",
    "thread/goal/cleared", "thread/goal/updated", "thread/prediction/updated", "thread/project/updated",
    "thread/queue/changed", "thread/readState/changed", "thread/section/changed", "thread/unarchived",
    "turn/diff/updated", "turn/moderationMetadata",
})
"""Notifications that are not about the chat, or that repeat others."""
# fmt: on

NOTICES: Final[dict[str, str]] = {
    "thread/archived": "The conversation was archived.",
    "thread/deleted": "The conversation was deleted: it cannot be resumed.",
    "thread/reverted": "The conversation was taken back to an earlier point.",
    "thread/closed": "Codex has closed the conversation.",
}
"""The notices for notifications about the thread; each is shown once."""

Params = dict[str, Any]

COMMANDS: Final = (
    SlashCommand("compact", "Summarise the conversation to make room"),
    SlashCommand("review", "Review changes", "[branch NAME | commit SHA | what to look at]"),
    SlashCommand("rename", "Name the conversation", "NAME"),
)
METHODS: Final = frozenset({"turn/start", "turn/steer", "review/start", "thread/compact/start", "thread/name/set"})
"""The methods that prompts lead to."""

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
        """See ``Dialect``."""
        return msgspec.msgpack.encode(self._state)

    def take_result(self, result: AnyResult) -> None:
        """See ``Dialect``."""

    def load(self, state: bytes) -> None:
        """See ``Dialect``."""
        self._context.state = msgspec.msgpack.decode(state, type=CodexState)
        self._context.rpc.state = self._state.rpc

    # ------------------------------------------------------------ beginning

    def begin(self, start: Start) -> None:
        """See ``Dialect``."""
        self._context.state = CodexState(start, self._context.rpc.state)
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
        """See ``Dialect``."""
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
        """See ``Dialect``."""
        if name == OPEN:
            self._open_thread()
        else:
            self._prompts.send_again(name)

    # ------------------------------------------------------------ calls of the rules

    def prompt(self, prompt: UserPrompt) -> None:
        """See ``Dialect``."""
        self._prompts.send(prompt)

    def steer(self, prompt: UserPrompt) -> None:
        """See ``Dialect``."""
        self._prompts.send(prompt, steers=True)

    def interrupt(self) -> None:
        """See ``Dialect``."""
        self._turns.interrupt()

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        """See ``Dialect``."""
        self._requests.answer(request, answer)

    def change_setting(self, setting: str, value: str) -> None:
        """See ``Dialect``."""
        params = settings.change(self._state.settings, setting, value)
        if params is None:
            self._port.notice(f"Codex has no such setting: {setting} = {value}")
        else:
            self._context.rpc.request("thread/settings/update", {"threadId": self._state.thread, **params})


class Notifications:
    """Follows the notifications about the thread, and about the items of its sub-agents' threads."""

    def __init__(self, context: Context, turns: Turns, requests: Requests) -> None:
        self._context = context
        self._turns = turns
        self._requests = requests
        self._handlers: dict[str, Callable[[Params], None]] = {
            "turn/started": self._turn_started,
            "thread/status/changed": self._status_changed,
            "turn/completed": self._turn_completed,
            "turn/plan/updated": turns.plan_updated,
            "thread/tokenUsage/updated": turns.usage,
            "account/rateLimits/updated": self._limits_updated,
            "error": turns.error,
            "serverRequest/resolved": requests.resolved,
            "thread/name/updated": lambda params: context.port.emit(TitleChanged(text(params, "threadName"))),
            "thread/settings/updated": self._settings_updated,
            "warning": lambda params: context.notice_once(text(params, "message")),
            "guardianWarning": lambda params: context.notice_once(text(params, "message")),
            "configWarning": self._config_warning,
            "model/rerouted": lambda params: context.notice_once(
                f"Codex uses {text(params, 'toModel')} in place of {text(params, 'fromModel')}."
            ),
            "mcpServer/startupStatus/updated": self._mcp_server_started,
        }

    def receive(self, message: dict[str, Any]) -> None:
        """Handle a notification; an unknown one becomes a raw item."""
        method, params = text(message, "method"), mapping(message, "params")
        thread = text(params, "threadId")
        if method == "thread/started":
            self._thread_started(mapping(params, "thread"))
        elif method in IGNORED:
            pass
        elif thread and thread != self._context.state.thread:
            self._receive_from_other_thread(method, params, thread)
        elif method in NOTICES:
            self._context.notice_once(NOTICES[method])
        elif not self._receive_about_item(method, params, ""):
            handle = self._handlers.get(method)
            if handle is None:
                self._context.port.raw(method, params)
            else:
                handle(params)

    def _receive_about_item(self, method: str, params: Params, parent: str) -> bool:
        """Handle a notification about an item; returns False for any other one."""
        turns = self._turns
        match method:
            case "item/started":
                turns.item_started(params, parent)
            case "item/completed":
                turns.item_completed(params, parent)
            case "item/agentMessage/delta":
                turns.append(params, "agent", "text", parent=parent)
            case "item/plan/delta":
                turns.append(params, "plan", "text", parent=parent)
            case "item/commandExecution/outputDelta" | "item/mcpToolCall/progress":
                turns.append(params, "tool", "output", parent=parent)
            case "item/reasoning/summaryTextDelta":
                section = f"summary {integer(params, 'summaryIndex')}"
                turns.append(params, "thought", "text", section=section, parent=parent)
            case "item/reasoning/textDelta":
                section = f"text {integer(params, 'contentIndex')}"
                turns.append(params, "thought", "text", section=section, parent=parent)
            case "item/fileChange/patchUpdated":
                turns.changes_updated(params, parent)
            case _:
                return False
        return True

    def _receive_from_other_thread(self, method: str, params: Params, thread: str) -> None:
        """Show a sub-agent's work below its tool item; ignore threads that do not belong to this chat."""
        parent = self._context.state.parents.get(thread)
        if method == "turn/started":
            turn = mapping(params, "turn")
            self._turns.agent_began(thread, text(turn, "id"), text(turn, "rootTurnId"))
        elif method in {"turn/completed", "thread/closed"}:
            self._turns.agent_ended(thread)
        if method == "serverRequest/resolved":
            self._requests.resolved(params)
        elif method == "thread/tokenUsage/updated":
            self._turns.agents_usage(params, thread)
        elif parent is not None and method == "turn/completed":
            turn = mapping(params, "turn")
            self._turns.finish_items(text(turn, "id"), "failed" if text(turn, "status") == "failed" else "interrupted")
            self._requests.turn_ended(text(turn, "id"))
        elif parent is not None:
            self._receive_about_item(method, params, parent)

    def _thread_started(self, thread: Params) -> None:
        """Assign a sub-agent's new thread to the tool item that is starting a sub-agent."""
        state = self._context.state
        if not state.thread or text(thread, "parentThreadId") != state.thread:
            return
        starting = [item.id for item in state.items.values() if item.starts_agent]
        if starting:
            state.parents.setdefault(text(thread, "id"), starting[-1])

    def _turn_started(self, params: Params) -> None:
        """A turn runs. Within a review, the turn has an id of its own, but only the review's end is reported."""
        turn, root = text(params, "turn", "id"), text(params, "turn", "rootTurnId")
        self._turns.began(root if root and root == self._context.state.turn else turn, turn)

    def _status_changed(self, params: Params) -> None:
        self._context.state.server_idle = text(params, "status", "type") in {"idle", "systemError"}

    def _turn_completed(self, params: Params) -> None:
        turn = mapping(params, "turn")
        self._requests.turn_ended(text(turn, "id"))
        self._turns.ended(turn)

    def _settings_updated(self, params: Params) -> None:
        thread_settings = self._context.state.settings
        settings.read(thread_settings, mapping(params, "threadSettings"))
        self._context.port.emit(SettingsChanged(settings.shown(thread_settings)))

    def _limits_updated(self, params: Params) -> None:
        context = self._context
        context.limits_reported(codex_limits_of_pool(mapping(params, "rateLimits"), context.port.now_ms))

    def _mcp_server_started(self, params: Params) -> None:
        if error := text(params, "error"):
            self._context.notice_once(f"The MCP server {text(params, 'name')} did not start: {error}")

    def _config_warning(self, params: Params) -> None:
        """Show a warning about the user's settings, only in a new conversation: the server repeats it at each start."""
        if not self._context.state.start.has_history:
            details = text(params, "details")
            self._context.notice_once(text(params, "summary") + (f" {details}" if details else ""))


class Prompts:
    """Sends prompts, and reports whether the server accepts them."""

    def __init__(self, context: Context, turns: Turns) -> None:
        self._context = context
        self._turns = turns

    def send(self, prompt: UserPrompt, *, steers: bool = False) -> None:
        """Send a prompt, or a text for the running turn."""
        found = self._context.state.prompts[prompt.id] = SentPrompt(prompt, steers)
        self._context.state.interrupting = False  # An earlier prompt could have begun no turn.
        self._send(found)

    def send_again(self, prompt_id: str) -> None:
        """Send a prompt again that was refused because of overload."""
        found = self._context.state.prompts.get(prompt_id)
        if found is not None:
            self._send(found)

    def _send(self, found: SentPrompt) -> None:
        context, prompt = self._context, found.prompt
        state = context.state
        found.turns = state.turns
        if found.steers and not state.turn:
            del state.prompts[prompt.id]
            context.port.too_late(prompt.id)
            return
        method, params = ("turn/start", {}) if found.steers else slash_command(prompt.text)
        if found.steers:
            method, params = "turn/steer", {"expectedTurnId": state.turn}
        if method in {"turn/start", "turn/steer"}:
            state.echoes[prompt.id] = prompt.text
            params |= {"clientUserMessageId": prompt.id, "input": items.input_of(prompt.text, prompt.images)}
        context.rpc.request(method, {"threadId": state.thread, **params}, prompt.id)

    def confirmed(self, sent: SentRequest, result: dict[str, Any]) -> None:
        """The server has taken a prompt."""
        context = self._context
        state = context.state
        prompt = state.prompts.pop(sent.about, None)
        turn = text(result, "turn", "id") or text(result, "turnId")
        if sent.method == "review/start":
            state.reviews.append(turn)
        if sent.method in {"turn/start", "review/start"}:
            self._turns.began(turn)
        elif sent.method == "thread/compact/start" and prompt is not None and prompt.turns == state.turns:
            state.busy = True  # Its turn begins just now, and this reply does not name it.
            context.show_state()
        context.port.accepted(sent.about, turn)

    def refused(self, sent: SentRequest, error: dict[str, Any]) -> None:
        """The server has refused a prompt."""
        context = self._context
        state = context.state
        found = state.prompts.get(sent.about)
        if found is not None and integer(error, "code") == OVERLOADED and found.tries < MAX_TRIES:
            found.tries += 1
            if found.tries == 1:
                context.port.notice("Codex is overloaded: it is asked again.")
            context.retry_later(sent.about, found.tries)
            return
        state.prompts.pop(sent.about, None)
        state.echoes.pop(sent.about, None)
        if found is not None and found.steers:
            context.port.too_late(sent.about)
        else:
            reason = error_words(text(error, "message")) or "no reason given"
            context.port.refused(sent.about, f"Codex refused the prompt: {reason}")


def slash_command(words: str) -> tuple[str, dict[str, Any]]:
    """The method for a prompt's text, and its parameters."""
    word, _, rest = words.strip().partition(" ")
    rest = rest.strip()
    match word:
        case "/compact" if not rest:
            return "thread/compact/start", {}
        case "/rename" if rest:
            return "thread/name/set", {"name": rest}
        case "/review":
            return "review/start", {"target": _review_target(rest), "delivery": "inline"}
        case _:
            return "turn/start", {}


def _review_target(words: str) -> dict[str, Any]:
    kind, _, name = words.partition(" ")
    if not words:
        return {"type": "uncommittedChanges"}
    if kind == "branch" and name:
        return {"type": "baseBranch", "branch": name.strip()}
    if kind == "commit" and name:
        return {"type": "commit", "sha": name.strip(), "title": None}
    return {"type": "custom", "instructions": words}


class Requests:
    """Shows the server's requests and replies to them: each gets one reply."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def receive(self, message: dict[str, Any]) -> None:
        """Show a request, or refuse one that Outlive does not answer."""
        context = self._context
        state, number, method = context.state, message["id"], text(message, "method")
        if not isinstance(number, str) and integer(number, default=-1) != number:
            context.port.raw(method, message)
            return
        params = mapping(message, "params")
        turn = text(params, "turnId")
        request_id = f"{turn or text(params, 'threadId') or state.thread}-{number}"
        shown = approvals.translate(method, params, request_id, self._known_item(params), context.port.now_ms)
        if shown is None:
            context.rpc.reply_error(number, METHOD_NOT_FOUND, f"{method}: not supported here")
            context.port.raw(method, message)
            return
        request = shown.request
        state.requests[request_id] = OpenRequest(number, method, turn, request.title, shown.results, list(shown.fields))
        context.port.emit(RequestOpened(request))
        context.show_state()

    def _known_item(self, params: dict[str, Any]) -> approvals.KnownItem:
        """The item that a request is about."""
        item_id = text(params, "itemId")
        found = self._context.state.items.get(item_id_of(text(params, "turnId"), item_id))
        return approvals.KnownItem(found.id, found.command, found.changes) if found else approvals.KnownItem()

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        """Reply with the user's answer."""
        context = self._context
        found = context.state.requests.pop(request.id, None)
        if found is None:
            return
        result: Any = msgspec.Raw(found.results.get(answer.option, "").encode())
        chosen = next((option for option in request.options if option.id == answer.option), None)
        if chosen is not None and chosen.kind in {"allow_once", "allow_always"} and request.item in context.state.items:
            item = context.state.items[request.item]
            item.runs = bool(item.command)
        if answer.option not in found.results:
            result = approvals.result_of_texts(found.method, found.fields, answer.texts)
        context.rpc.reply(found.number, result)
        context.show_state()

    def resolved(self, params: dict[str, Any]) -> None:
        """Withdraw a request that needs no reply any more: its turn is over."""
        number = at(params, "requestId")
        self._withdraw([key for key, request in self._context.state.requests.items() if request.number == number])

    def turn_ended(self, turn: str) -> None:
        """Withdraw the requests of a turn that has ended."""
        self._withdraw([key for key, request in self._context.state.requests.items() if request.turn == turn])

    def _withdraw(self, keys: list[str]) -> None:
        context = self._context
        for key in keys:
            del context.state.requests[key]
            context.port.emit(RequestResolved(key, "", at_ms=context.port.now_ms))
        if keys:
            context.show_state()
