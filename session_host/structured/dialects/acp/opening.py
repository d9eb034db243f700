"""Opens the agent's session: capabilities, log-in, a new conversation or the resumed one."""

from __future__ import annotations

from typing import Any, Final

from session_host.structured.dialects import reading
from session_host.structured.dialects.base import FORK_OPTION, Start
from session_host.structured.items import Capabilities, CapabilitiesKnown, Remove

from .messages import Messages
from .settings import Settings
from .shared import AUTHENTICATION_REQUIRED, Shared, error_text
from .tools import Tools

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
        shared.rpc.request("initialize", {
            "protocolVersion": PROTOCOL_VERSION,
            "clientInfo": information,
            "clientCapabilities": client_capabilities(
                files=shared.offers("files"), terminals=shared.offers("terminals")
            ),
        })  # fmt: skip
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
        state.methods = [method for method in reading.array(result, "authMethods") if reading.text(method, "id")]
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
