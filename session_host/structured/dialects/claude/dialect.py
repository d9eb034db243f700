"""Claude Code's stream-json protocol: turns, control requests and settings. Pure. Answer path, 11 of 15."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from session_host.structured.dialects.base import (
    EFFORTS,
    FORK_OPTION,
    Chosen,
    DialectPort,
    Start,
    UserPrompt,
    with_present,
)
from session_host.structured.dialects.limits import LIMIT_OF_CLAUDE, stopped_by_limit
from session_host.structured.dialects.reading import array, mapping, text
from session_host.structured.dialects.reading import message as read_message
from session_host.structured.items import (
    AgentRequest,
    Capabilities,
    CapabilitiesKnown,
    CommandsChanged,
    ConversationKnown,
    RequestOpened,
    RequestResolved,
    Setting,
    SettingChoice,
    SettingsChanged,
    SlashCommand,
    StateChanged,
    TitleChanged,
    TurnOver,
)
from session_host.structured.operations import AnyResult

from . import notices
from .approvals import OpenRequest, agent_request, elicitation, open_request, reply
from .background import Background
from .reader import MessageReader, ReaderState

NAMESPACE: Final = uuid.UUID("6f1d6a52-52b4-4a0e-9a3c-3c1f4f0e7c11")
"""The UUID namespace of our messages' ids, which are made from the prompts' ids."""

SCHEDULED: Final = "Scheduled: {when}"
"""The detail of the state of an idle agent that will begin a turn by itself."""

STILL_STARTING: Final = "still starting"
STILL_STARTING_AFTER_S: Final = 30.0

MODES: Final = (
    SettingChoice("default", "Ask", "Ask before edits and commands"),
    SettingChoice("acceptEdits", "Accept edits", "Edit files without asking"),
    SettingChoice("plan", "Plan", "Read and plan, change nothing"),
    SettingChoice("auto", "Auto", "Claude decides what needs no question"),
    SettingChoice("dontAsk", "Don't ask", "Decline all that is not allowed already"),
    SettingChoice("bypassPermissions", "Allow everything", "Never ask"),
)
"""Permission modes; Claude refuses those that its own settings do not allow."""

_IGNORED: Final = frozenset(
    {"keep_alive", "tool_progress", "tool_use_summary", "prompt_suggestion", "command_lifecycle"}
)


class ClaudeState(msgspec.Struct, array_like=True):
    """The state of a ``ClaudeDialect``.

    Attributes:
        reader: see ``ReaderState``.
        controls: how many control requests were sent.
        sent: control requests without a reply, by their ids: the kind, and the value that was asked for.
        answered: Claude has answered the first control request.
        prompt: the id of the prompt that is sent and not confirmed.
        steering: steering texts that are sent and not confirmed: ids of the prompts by Claude's ids of the messages.
        interrupting: the user has interrupted the running turn.
        requests: open requests, by their ids.
        fork_of: the conversation that this one is a copy of.
        conversation, model, mode, effort: as Claude last reported them.
        models: the models to choose from; ``resolved`` has their full names and ``efforts`` their levels of effort.
    """

    reader: ReaderState
    controls: int = 0
    sent: dict[str, tuple[str, str]] = {}
    answered: bool = False
    prompt: str = ""
    steering: dict[str, str] = {}
    interrupting: bool = False
    requests: dict[str, OpenRequest] = {}
    fork_of: str = ""
    conversation: str = ""
    model: str = ""
    mode: str = ""
    models: list[SettingChoice] = []
    resolved: dict[str, str] = {}
    effort: str = ""
    efforts: dict[str, list[str]] = {}


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
        self._state.reader.continues = bool(self._state.fork_of or (start.resumes and start.conversation))
        self._state.reader.used = start.used
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

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        """See ``Dialect``."""
        state = self._state
        opened = state.requests.pop(request.id, None)
        if opened is None:
            return
        response = reply(opened, answer)
        self._respond(request.id, response)
        if response.get("behavior") == "deny":
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
            oldest = next(iter(state.requests.values()))
            self._port.emit(StateChanged("requires_action", turn, oldest.title))
        elif state.reader.running or state.steering:
            # A steering text that was not added to a turn begins the next one.
            self._port.emit(StateChanged("running", turn))
        elif self._background.work:
            self._port.emit(StateChanged("background", detail=self._background.work))
        else:
            plans = self._background.plans(self._port.now_ms)
            self._port.emit(StateChanged("idle", detail=SCHEDULED.format(when=plans) if plans else ""))

    @property
    def _background(self) -> Background:
        return self._state.reader.background

    def _background_changed(self, message: Mapping[str, Any]) -> None:
        """Show what runs in the background."""
        previous = self._background.work
        if text(message, "subtype") == "background_tasks_changed":
            self._background.listed(message)
        else:
            self._background.changed(message)
        if self._background.work != previous and not (self._state.reader.running or self._state.prompt):
            self._emit_state()

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
            self._port.emit(TurnOver(turn, "interrupted"))
        elif failed:
            self._reader.finish("failed")
            reason = notices.from_failure(message)
            self._port.notice(reason)
            is_limit = state.reader.stopped_by == LIMIT_OF_CLAUDE
            facts = stopped_by_limit(state.reader.resets_ms) if is_limit else None
            self._port.emit(TurnOver(turn, "failed", reason.partition("\n")[0], facts=facts))
        else:
            self._reader.finish("done")
            self._port.emit(TurnOver(turn, "completed"))
        state.reader.running = state.interrupting = False
        state.reader.stopped_by = ""
        self._emit_state()

    # ------------------------------------------------------------ system messages, settings

    def _system(self, message: Mapping[str, Any]) -> None:
        kind = text(message, "subtype")
        self._conversation(text(message, "session_id"))
        if kind in {"background_tasks_changed", "task_started", "task_notification"}:
            self._background_changed(message)
        match kind:
            case "init":
                self._turn_runs(message)  # It is the first message of each turn.
                self._settings.set_model(text(message, "model"))
                self._settings.set_mode(text(message, "permissionMode"))
            case "status" if text(message, "permissionMode"):
                self._settings.set_mode(text(message, "permissionMode"))
            case "commands_changed":
                self._settings.set_commands(array(message, "commands"))
            case "session_title_changed":
                self._port.emit(TitleChanged(text(message, "title")))
            case "background_tasks_changed":
                pass
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
        if subtype not in {"can_use_tool", "elicitation"}:
            error = f"{subtype or 'a request without a kind'} is not supported"
            self._respond(request_id, None, error)
            self._port.raw(f"refused: {subtype}", message)
            return
        state = self._state
        if state.prompt:
            self._begin_turn(state.prompt)
        if subtype == "elicitation":
            opened, request = elicitation(request_id, body, at_ms=self._port.now_ms)
        else:
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
            {
                "type": "image",
                "source": {"type": "base64", "media_type": image.mime, "data": base64.b64encode(image.data).decode()},
            }
            for image in prompt.images
        ]
        if prompt.text or not blocks:
            blocks.append({"type": "text", "text": prompt.text})
        self._port.send({"type": "user", "message": {"role": "user", "content": blocks}, "uuid": message_id(prompt.id)})


def message_id(prompt_id: str) -> str:
    """Claude's id of a prompt's message."""
    return str(uuid.uuid5(NAMESPACE, prompt_id))


class SettingsReader:
    """Reads Claude's settings from its messages, and reports them."""

    def __init__(self, port: DialectPort, state: ClaudeState) -> None:
        self._port = port
        self._state = state

    @staticmethod
    def control(setting: str, value: str) -> tuple[str, dict[str, Any]] | None:
        """The control request that changes a setting, and its fields; None for an unknown setting."""
        match setting:
            case "model":
                return "set_model", {"model": value}
            case "mode":
                return "set_permission_mode", {"mode": value}
            case "effort":
                return "apply_flag_settings", {"settings": {"effortLevel": value}}
            case _:
                return None

    def initialized(self, body: Mapping[str, Any]) -> None:
        """Take the reply to "initialize"."""
        state = self._state
        models = [model for model in array(body, "models") if text(model, "value")]
        state.models = [
            SettingChoice(text(model, "value"), text(model, "displayName"), text(model, "description"))
            for model in models
        ]
        state.resolved = {text(model, "value"): text(model, "resolvedModel") for model in models}
        state.efforts = {
            text(model, "value"): [level for level in array(model, "supportedEffortLevels") if isinstance(level, str)]
            for model in models
        }
        state.mode = text(body, "current_permission_mode") or state.mode
        self._emit()
        self.set_commands(array(body, "commands"))

    def applied(self, body: Mapping[str, Any]) -> None:
        """Take the reply to "get_settings"."""
        self._state.effort = text(body, "applied", "effort")
        self.set_model(text(body, "applied", "model"))
        self._emit()

    def set_model(self, model: str) -> None:
        """Take the full name of the model in use."""
        state = self._state
        if not model or state.resolved.get(state.model) == model:
            return
        value = next((value for value, full in state.resolved.items() if full == model), model)
        if value != state.model:
            state.model = value
            self._emit()

    def set_mode(self, mode: str) -> None:
        """Take the permission mode in use."""
        if mode and mode != self._state.mode:
            self._state.mode = mode
            self._emit()

    def changed(self, control: str, value: str) -> None:
        """Take the reply to a control request; "" if Claude refused it."""
        match control:
            case "set_model" if value:
                self._state.model = value
            case "set_permission_mode" if value:
                self._state.mode = value
            case "apply_flag_settings" if value:
                self._state.effort = value
            case _:
                pass
        self._emit()

    def set_commands(self, commands: list[Any]) -> None:
        """Take the list of commands."""
        offered = [
            SlashCommand(text(command, "name"), text(command, "description"), text(command, "argumentHint"))
            for command in commands
        ]
        self._port.emit(CommandsChanged(tuple(command for command in offered if command.name)))

    def _emit(self) -> None:
        state = self._state
        model = Setting("model", "Model", state.model, with_present(tuple(state.models), state.model), "model")
        mode = Setting("mode", "Permissions", state.mode, with_present(MODES, state.mode), "mode")
        efforts = tuple(SettingChoice(level, EFFORTS.get(level, level)) for level in state.efforts.get(state.model, ()))
        effort = Setting("effort", "Effort", state.effort, with_present(efforts, state.effort), "effort")
        self._port.emit(SettingsChanged((model, mode, effort) if efforts and state.effort else (model, mode)))
