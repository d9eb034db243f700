"""Claude Code's stream-json protocol: turns, control requests and settings. Pure."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from session_host.structured.dialects.base import FORK_OPTION, Answer, DialectPort, Start, UserPrompt
from session_host.structured.dialects.reading import array, mapping, text
from session_host.structured.dialects.reading import message as read_message
from session_host.structured.items import (
    AgentRequest,
    Capabilities,
    CapabilitiesKnown,
    ConversationKnown,
    RequestOpened,
    RequestResolved,
    StateChanged,
    TitleChanged,
    TurnEnded,
)
from session_host.structured.operations import AnyResult

from . import notices
from .reader import MessageReader
from .requests import agent_request, open_request, reply
from .settings import SettingsReader
from .state import ClaudeState, ReaderState

NAMESPACE: Final = uuid.UUID("6f1d6a52-52b4-4a0e-9a3c-3c1f4f0e7c11")
"""The UUID namespace of our messages' ids, which are made from the prompts' ids."""

STILL_STARTING: Final = "still starting"
STILL_STARTING_AFTER_S: Final = 30.0

_IGNORED: Final = frozenset(
    {"keep_alive", "tool_progress", "tool_use_summary", "prompt_suggestion", "command_lifecycle"}
)


class ClaudeDialect:
    """Translates between Claude Code and the vocabulary.

    A turn has the id of its prompt. Claude adds a steering text to the running turn after the next tool's result; if
    there is no such result, the text begins a turn of its own. Claude reports this by repeating the text, or by
    "command_lifecycle" messages, with the id that we gave to the text.
    """

    def __init__(self, port: DialectPort) -> None:
        self._port = port
        self._state = ClaudeState(ReaderState())
        self._reader = MessageReader(port, self._state.reader)
        self._settings = SettingsReader(port, self._state)

    # ------------------------------------------------------------ calls of the rules

    def begin(self, start: Start) -> None:
        """See ``Dialect``."""
        self._state.reader.directory = start.directory
        self._state.fork_of = str(start.options.get(FORK_OPTION, ""))
        self._control("initialize", {"hooks": None})
        self._port.start_timer(STILL_STARTING, STILL_STARTING_AFTER_S)
        self._port.emit(CapabilitiesKnown(Capabilities(steer=True, images=True)))
        if start.conversation:
            self._conversation(start.conversation)
            if start.resumes and not start.has_history:
                self._port.notice("Claude Code has the earlier messages of this conversation; they are not shown here.")

    def prompt(self, prompt: UserPrompt) -> None:
        """See ``Dialect``."""
        self._state.prompt = prompt.id
        self._send_user(prompt)

    def steer(self, prompt: UserPrompt) -> None:
        """See ``Dialect``."""
        self._state.steering[message_id(prompt.id)] = prompt.id
        self._send_user(prompt)

    def interrupt(self) -> None:
        """See ``Dialect``."""
        self._state.interrupting = True
        self._control("interrupt", {})

    def answer(self, request: AgentRequest, answer: Answer) -> None:
        """See ``Dialect``."""
        state = self._state
        opened = state.requests.pop(request.id, None)
        if opened is None:
            return
        response = reply(opened, answer)
        self._respond(request.id, response)
        if response["behavior"] == "deny":
            self._reader.deny(opened.call)
            state.interrupting = state.interrupting or response["interrupt"]
        self._emit_state()

    def change_setting(self, setting: str, value: str) -> None:
        """See ``Dialect``."""
        control = self._settings.control(setting, value)
        if control is not None:
            self._control(*control, value)
        else:
            self._port.notice(f"Claude Code has no setting {setting!r}")

    def timer_due(self, name: str) -> None:
        """See ``Dialect``."""
        if name == STILL_STARTING and not self._state.answered:
            self._port.notice("Claude Code has not answered yet.")

    def save(self) -> bytes:
        """See ``Dialect``."""
        return msgspec.msgpack.encode(self._state)

    def take_result(self, result: AnyResult) -> None:
        """See ``Dialect``."""

    def load(self, state: bytes) -> None:
        """See ``Dialect``."""
        self._state = msgspec.msgpack.decode(state, type=ClaudeState)
        self._reader = MessageReader(self._port, self._state.reader)
        self._settings = SettingsReader(self._port, self._state)

    # ------------------------------------------------------------ messages of Claude

    def receive(self, line: bytes) -> None:
        """See ``Dialect``."""
        message = read_message(line)
        if message is None:
            self._port.raw("not a JSON object", line.decode(errors="replace"))
            return
        kind = text(message, "type")
        match kind:
            case "stream_event":
                self._turn_runs(message)
                self._reader.stream_event(message)
            case "assistant":
                self._turn_runs(message)
                self._reader.assistant(message, interrupting=self._state.interrupting)
            case "user":
                self._user(message)
            case "result":
                self._result(message)
            case "system":
                self._system(message)
            case "command_lifecycle":
                self._lifecycle(message)
            case "control_request":
                self._control_request(message, line)
            case "control_response":
                self._control_response(mapping(message, "response"))
            case "control_cancel_request":
                self._withdraw(text(message, "request_id"))
            case "rate_limit_event":
                self._reader.rate_limit(message)
            case "conversation_reset" | "auth_status":
                self._notice(notices.from_event(message))
            case _ if kind not in _IGNORED:
                self._port.raw(kind or "a message without a type", message)

    def _notice(self, words: str) -> None:
        if words:
            self._port.notice(words)

    # ------------------------------------------------------------ turns

    def _turn_runs(self, message: Mapping[str, Any]) -> None:
        """Begin a turn, if the message belongs to a new one."""
        state = self._state
        if state.prompt:
            self._begin_turn(state.prompt)
        elif not state.reader.running and state.steering:
            # This version does not report which texts it has added to a turn.
            for sent_id in list(state.steering):
                self._confirm_message(sent_id)
        elif not state.reader.running and not text(message, "parent_tool_use_id"):
            # Claude begins a turn by itself when a task in the background has ended.
            self._begin_turn(f"turn-{text(message, 'uuid') or state.reader.made}")

    def _begin_turn(self, turn: str) -> None:
        state = self._state
        state.reader.turn, state.reader.running = turn, True
        if state.prompt:
            state.prompt = ""
            self._port.accepted(turn, turn)
        self._emit_state()

    def _emit_state(self) -> None:
        state = self._state
        turn = state.reader.turn if state.reader.running else ""
        if state.requests:
            newest = list(state.requests.values())[-1]
            self._port.emit(StateChanged("requires_action", turn, newest.title))
        elif state.reader.running or state.steering:
            # A steering text that was not added to a turn begins the next one.
            self._port.emit(StateChanged("running", turn))
        else:
            self._port.emit(StateChanged("idle"))

    def _lifecycle(self, message: Mapping[str, Any]) -> None:
        """Handle the outcome of one of our messages."""
        state = self._state
        sent_id, stage = text(message, "command_uuid"), text(message, "state")
        if stage == "started":
            self._confirm_message(sent_id)
        elif stage in {"cancelled", "discarded", "refused"}:
            reason = f"Claude Code did not take the prompt: {stage}"
            if state.prompt and message_id(state.prompt) == sent_id:
                prompt, state.prompt = state.prompt, ""
                self._port.refused(prompt, reason)
            elif sent_id in state.steering:
                self._port.refused(state.steering.pop(sent_id), reason)
                self._emit_state()

    def _confirm_message(self, sent_id: str) -> None:
        """Handle the confirmation of one of our messages: it belongs to the running turn, or to a new one."""
        state = self._state
        if state.prompt and message_id(state.prompt) == sent_id:
            self._begin_turn(state.prompt)
        elif sent_id in state.steering:
            prompt = state.steering.pop(sent_id)
            if not state.reader.running:
                self._begin_turn(prompt)
            self._port.accepted(prompt, state.reader.turn)

    def _user(self, message: Mapping[str, Any]) -> None:
        if message.get("isReplay") is True:
            self._confirm_message(text(message, "uuid"))
        self._reader.user(message)

    def _result(self, message: Mapping[str, Any]) -> None:
        """The turn has ended."""
        state = self._state
        failed = message.get("is_error") is True or text(message, "subtype") not in {"", "success"}
        if not state.answered and failed:
            # The conversation to resume does not exist.
            self._port.fail(notices.from_failure(message))
            return
        self._turn_runs(message)
        turn = state.reader.turn
        self._reader.note_result(message)
        for request_id, opened in list(state.requests.items()):
            # A sub-agent in the background still waits for the answer to its own.
            if self._reader.is_of_turn(opened.call):
                self._withdraw(request_id)
        aborted = text(message, "terminal_reason").startswith("aborted")
        if aborted or (state.interrupting and text(message, "subtype") == "error_during_execution"):
            self._reader.finish("interrupted")
            self._port.emit(TurnEnded(turn, "interrupted"))
        elif failed:
            self._reader.finish("failed")
            reason = notices.from_failure(message)
            self._port.notice(reason)
            self._port.emit(TurnEnded(turn, "failed", reason.partition("\n")[0]))
        else:
            self._reader.finish("done")
            self._port.emit(TurnEnded(turn, "completed"))
        state.reader.running = state.interrupting = False
        self._emit_state()

    # ------------------------------------------------------------ system messages, settings

    def _system(self, message: Mapping[str, Any]) -> None:
        kind = text(message, "subtype")
        self._conversation(text(message, "session_id"))
        match kind:
            case "init":
                if self._state.prompt:
                    self._begin_turn(self._state.prompt)
                self._settings.set_model(text(message, "model"))
                self._settings.set_mode(text(message, "permissionMode"))
            case "status" if text(message, "permissionMode"):
                self._settings.set_mode(text(message, "permissionMode"))
            case "commands_changed":
                self._settings.set_commands(array(message, "commands"))
            case "session_title_changed":
                self._port.emit(TitleChanged(text(message, "title")))
            case "task_notification" if self._reader.report(message):
                pass
            case "permission_denied":
                self._reader.deny(text(message, "tool_use_id"))
            case "local_command_output":
                self._reader.add_command_output(text(message, "content"))
            case _:
                line = notices.from_system(message)
                if line is None:
                    self._port.raw(f"system: {kind}", message)
                else:
                    self._notice(line)

    def _conversation(self, conversation: str) -> None:
        if conversation and conversation not in {self._state.conversation, self._state.fork_of}:
            self._state.conversation = conversation
            self._state.reader.tasks = {}
            self._port.emit(ConversationKnown(conversation))

    # ------------------------------------------------------------ control requests

    def _control(self, subtype: str, fields: Mapping[str, Any], value: str = "") -> None:
        state = self._state
        state.controls += 1
        request_id = f"outlive-{state.controls}"
        state.sent[request_id] = (subtype, value)
        self._port.send(
            {"type": "control_request", "request_id": request_id, "request": {"subtype": subtype, **fields}}
        )

    def _control_response(self, response: Mapping[str, Any]) -> None:
        state = self._state
        subtype, value = state.sent.pop(text(response, "request_id"), ("", ""))
        body = mapping(response, "response")
        error = text(response, "error") if text(response, "subtype") == "error" else ""
        if error and subtype != "get_settings":
            self._port.notice(f"Claude Code: {error}")
        match subtype:
            case "initialize":
                state.answered = True
                self._settings.initialized(body)
                self._port.ready()
                self._control("get_settings", {})
            case "get_settings":
                self._settings.applied(body)
            case "set_model" | "set_permission_mode" | "apply_flag_settings":
                self._settings.changed(subtype, "" if error else text(body, "mode") or value)
            case _:
                pass

    def _control_request(self, message: Mapping[str, Any], line: bytes) -> None:
        request_id, body = text(message, "request_id"), mapping(message, "request")
        subtype = text(body, "subtype")
        if subtype != "can_use_tool":
            error = f"{subtype or 'a request without a kind'} is not supported"
            self._respond(request_id, None, error)
            self._port.raw(f"refused: {subtype}", message)
            return
        state = self._state
        if state.prompt:
            self._begin_turn(state.prompt)
        opened = open_request(line, body)
        item, directory = self._reader.item_of(opened.call), state.reader.directory
        request = agent_request(request_id, body, at_ms=self._port.now_ms, item=item, directory=directory)
        opened.title = request.title
        state.requests[request_id] = opened
        self._port.emit(RequestOpened(request))
        self._emit_state()

    def _withdraw(self, request_id: str) -> None:
        """Withdraw a request: Claude does not wait for the answer any more."""
        if self._state.requests.pop(request_id, None) is not None:
            self._port.emit(RequestResolved(request_id, "", at_ms=self._port.now_ms))
            self._emit_state()

    def _respond(self, request_id: str, response: Any, error: str = "") -> None:
        body: dict[str, Any] = {"subtype": "error" if error else "success", "request_id": request_id}
        body |= {"error": error} if error else {"response": response}
        self._port.send({"type": "control_response", "response": body})

    def _send_user(self, prompt: UserPrompt) -> None:
        blocks: list[dict[str, Any]] = [
            {"type": "image", "source": {
                "type": "base64", "media_type": image.mime, "data": base64.b64encode(image.data).decode()}}
            for image in prompt.images
        ]  # fmt: skip
        if prompt.text or not blocks:
            blocks.append({"type": "text", "text": prompt.text})
        self._port.send({"type": "user", "message": {"role": "user", "content": blocks}, "uuid": message_id(prompt.id)})


def message_id(prompt_id: str) -> str:
    """Claude's id of a prompt's message."""
    return str(uuid.uuid5(NAMESPACE, prompt_id))
