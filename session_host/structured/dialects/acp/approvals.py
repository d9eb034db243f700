"""Permissions and questions of the agent. Each gets one reply, also if the turn ends before its answer."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from session_host.structured.dialects import reading
from session_host.structured.dialects.base import Chosen
from session_host.structured.dialects.forms import filled_form, read_form
from session_host.structured.dialects.json_rpc import METHOD_NOT_FOUND
from session_host.structured.dialects.patches import whole_diff
from session_host.structured.items import (
    REJECTIONS,
    AgentRequest,
    FileChange,
    OptionKind,
    RequestOpened,
    RequestOption,
    RequestResolved,
    StateChanged,
)
from session_host.structured.shortening import cut, short_name, short_subject, shown_command

from .items import COMMANDS, DIRECTORIES, Tools, command_of, text_digest
from .state import REQUEST_CANCELLED, OpenRequest, Shared, Tool, decode_id, encode_id

_CANCEL: Final = "outlive-cancel"
_OPTION_KINDS: Final[dict[str, OptionKind]] = {
    "allow_once": "allow_once",
    "allow_always": "allow_always",
    "reject_once": "reject_once",
    "reject_always": "reject_always",
}

_OPERATORS: Final = r"[\s;&|()]*"
_SWITCHES: Final = frozenset({"is_background", "run_in_background", "background", "replace_all", "replaceAll"})
"""Fields of a call's input that change nothing while they are off."""
_LIMITS: Final = frozenset({"timeout", "timeout_ms", "max_output_tokens", "yield_time_ms"})
"""Fields of a call's input that only limit its time or its output."""


class Requests:
    """The requests of the agent."""

    def __init__(self, shared: Shared, tools: Tools) -> None:
        self._shared = shared
        self._tools = tools

    def receive(self, rpc_id: Any, method: str, params: dict[str, Any]) -> None:
        """Handle a request of the agent."""
        match method:
            case "session/request_permission":
                self._permission(rpc_id, params)
            case "elicitation/create" | "session/elicitation":
                self._form(rpc_id, params)
            case _:
                self._shared.rpc.reply_error(rpc_id, METHOD_NOT_FOUND, f"{method} is not offered")
                # Requests for files and terminals come here if they are not offered: opencode reports its edits by them
                # anyway, and Qwen Code ("craft/") asks for queued prompts.
                if not method.startswith(("fs/", "terminal/", "craft/")):
                    self._shared.port.raw(method, params)

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        """Reply with the user's answer."""
        found = self._shared.state.requests.pop(request.id, None)
        if found is None:
            return
        kinds = {option.id: option.kind for option in request.options}
        if found.kind == "form":
            self._answer_form(found, answer)
        elif answer.option == _CANCEL:
            self._reply_cancelled(found)
        else:
            outcome = {"outcome": "selected", "optionId": answer.option}
            self._shared.rpc.reply(decode_id(found.rpc_id), {"outcome": outcome})
        if found.call and kinds.get(answer.option) in REJECTIONS:
            self._tools.decline(found.call)
        self._emit_state()

    def withdraw_all(self) -> None:
        """Cancel all open requests: the turn ends."""
        state = self._shared.state
        for request_id, found in state.requests.items():
            self._reply_cancelled(found)
            self._shared.port.emit(RequestResolved(request_id, "", at_ms=self._shared.port.now_ms))
        state.requests = {}

    def withdrawn(self, rpc_id: Any) -> None:
        """Withdraw a request that the agent cancelled."""
        state, encoded = self._shared.state, encode_id(rpc_id)
        for request_id, found in list(state.requests.items()):
            if found.rpc_id == encoded:
                del state.requests[request_id]
                self._shared.rpc.reply_error(rpc_id, REQUEST_CANCELLED, "cancelled")
                self._shared.port.emit(RequestResolved(request_id, "", at_ms=self._shared.port.now_ms))
                self._emit_state()

    # ------------------------------------------------------------ permissions

    def _permission(self, rpc_id: Any, params: dict[str, Any]) -> None:
        shared, state = self._shared, self._shared.state
        call = reading.mapping(params, "toolCall")
        tool = self._tools.update(call, asks=True) if call else None
        found = OpenRequest(encode_id(rpc_id), "permission", "", reading.text(call, "toolCallId"))
        if state.cancelling:
            self._reply_cancelled(found)
            return
        options = [_option(option) for option in reading.array(params, "options") if reading.text(option, "optionId")]
        if not any(option.kind in REJECTIONS for option in options):
            options.append(RequestOption(_CANCEL, "Cancel", "cancel"))
        kind, title, subject = _subject(tool)
        found.title = title
        request = AgentRequest(
            shared.new_id("request"),
            kind,
            shared.port.now_ms,
            title,
            subject,
            tuple(options),
            tool.item.id if tool else "",
            (tool.item.directory if tool else "") or state.start.directory,
            tool.reason if tool else "",
            complete=bool(subject),
            short_subject=short_subject(subject) if kind == "command" else "",
        )
        self._open(request, found)

    # ------------------------------------------------------------ questions

    def _form(self, rpc_id: Any, params: dict[str, Any]) -> None:
        shared, state = self._shared, self._shared.state
        message, url = reading.text(params, "message"), reading.text(params, "url")
        fields, questions = read_form(reading.mapping(params, "requestedSchema"))
        title = reading.one_line(message or "The agent asks")
        found = OpenRequest(encode_id(rpc_id), "form", title, reading.text(params, "toolCallId"), fields)
        if state.cancelling:
            self._reply_cancelled(found)
            return
        options = [RequestOption("decline", "Decline", "reject_once"), RequestOption("cancel", "Cancel", "cancel")]
        if not fields:
            options.insert(0, RequestOption("accept", "Done" if url else "Accept", "choice"))
        tool = state.tools.get(found.call)
        request = AgentRequest(
            shared.new_id("request"),
            "question",
            shared.port.now_ms,
            title,
            "\n".join(part for part in (message, url) if part),
            tuple(options),
            tool.item.id if tool else "",
            questions=questions,
        )
        self._open(request, found)

    def _answer_form(self, found: OpenRequest, answer: Chosen) -> None:
        rpc_id = decode_id(found.rpc_id)
        if answer.option in {"", "accept"}:
            self._shared.rpc.reply(rpc_id, {"action": "accept", "content": filled_form(found.fields, answer.texts)})
        else:
            self._shared.rpc.reply(rpc_id, {"action": answer.option})

    # ------------------------------------------------------------ both

    def _open(self, request: AgentRequest, found: OpenRequest) -> None:
        self._shared.state.requests[request.id] = found
        self._shared.port.emit(RequestOpened(request))
        self._emit_state()

    def _emit_state(self) -> None:
        """Report the agent's state: an open request means that it waits for the user."""
        state = self._shared.state
        oldest = next(iter(state.requests.values()), None)
        if oldest is not None:
            self._shared.port.emit(StateChanged("requires_action", state.turn, oldest.title))
        else:
            self._shared.port.emit(StateChanged("running" if state.turn else "idle", state.turn))

    def _reply_cancelled(self, found: OpenRequest) -> None:
        rpc_id = decode_id(found.rpc_id)
        if found.kind == "form":
            self._shared.rpc.reply(rpc_id, {"action": "cancel"})
        else:
            self._shared.rpc.reply(rpc_id, {"outcome": {"outcome": "cancelled"}})


def _option(option: Any) -> RequestOption:
    option_id = reading.text(option, "optionId")
    kind = _OPTION_KINDS.get(reading.text(option, "kind"), "choice")
    name = reading.text(option, "name") or option_id
    return RequestOption(option_id, name, kind, short_name(name))


def _subject(tool: Tool | None) -> tuple[Any, str, str]:
    """A permission's kind, title, and subject: all that the answer allows; "" if the agent does not report it.

    If a command or a diff does not say all, the subject has the call's whole input.
    """
    if tool is None:
        return "permission", "Allow a tool call?", ""
    item, has_more = tool.item, _has_more(tool)
    if item.command and not item.changes and not has_more:
        return "command", f"Run {cut(shown_command(item.command))}?", item.command
    files = whole_diff(item.changes)
    if files and not item.command and not has_more:
        names = item.changes[0].path if len(item.changes) == 1 else f"{len(item.changes)} files"
        return "edit", f"Change {names}?", files
    return "permission", f"Allow {item.title}?", "\n".join(filter(None, (tool.input or item.command, files)))


def _has_more(tool: Tool) -> bool:
    """Whether a call's input has a field that neither its command, its directory nor its diffs show."""
    given = msgspec.json.decode(tool.input) if tool.input else {}
    if not isinstance(given, dict):
        return True
    return any(
        not (value is None or _changes_nothing(name, value) or _is_shown(tool, name, value))
        for name, value in given.items()
    )


def _changes_nothing(name: str, value: Any) -> bool:
    """Whether a field does not change what a call does: agents send these with each call."""
    if name == "description":
        return isinstance(value, str)  # Shown as the agent's reason.
    return value is False if name in _SWITCHES else name in _LIMITS and isinstance(value, int | float)


def _is_shown(tool: Tool, name: str, value: Any) -> bool:
    """Whether a command, its directory or the diffs show a field's whole value."""
    item = tool.item
    if item.command and name in COMMANDS:
        return command_of({name: value}) == item.command
    if item.command and name == "commands":
        return _are_parts(value, item.command)
    if name in DIRECTORIES:
        return bool(value == item.directory)
    if name in {"diff", "patch"} and isinstance(value, str):
        return bool(item.changes) and _is_same_diff(value, item.changes)
    return bool(item.changes) and _is_in_diffs(tool, value)


def _are_parts(value: Any, command: str) -> bool:
    """Whether these are the parts of a command line, in order, with nothing but the shell's operators between them."""
    if not isinstance(value, list) or not value or not all(isinstance(part, str) and part for part in value):
        return False
    parts = _OPERATORS.join(re.escape(part) for part in value)
    return re.fullmatch(f"{_OPERATORS}{parts}{_OPERATORS}", command) is not None


def _is_same_diff(diff: str, changes: tuple[FileChange, ...]) -> bool:
    """Whether a diff adds and removes the lines of these changes, in their files."""
    patches = "\n".join(change.patch for change in changes)
    if _signed(diff) != _signed(patches):
        return False
    headers = [line for line in diff.split("\n") if line.startswith(("--- ", "+++ ", "diff ", "Index: "))]
    names = [*(change.path.removeprefix("/") for change in changes), "/dev/null"]
    return all(any(name in line for name in names) for line in headers)


def _signed(diff: str) -> list[str]:
    return [line for line in diff.split("\n") if line[:1] in {"+", "-"} and not line.startswith(("--- ", "+++ "))]


def _is_in_diffs(tool: Tool, value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_in_diffs(tool, each) for each in value)
    if isinstance(value, dict):
        return all(
            each is None or _changes_nothing(name, each) or _is_in_diffs(tool, each) for name, each in value.items()
        )
    if not isinstance(value, str):
        return False
    changes = tool.item.changes
    is_path = any(value == change.path or change.path.endswith(f"/{value}") for change in changes)
    if is_path or text_digest(value) in tool.texts:
        return True
    lines = {line[1:] for change in changes for line in change.patch.split("\n") if not line.startswith("@@")}
    return all(line in lines for line in value.split("\n"))
