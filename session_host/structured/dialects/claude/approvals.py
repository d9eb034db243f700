"""Claude's permissions and questions as requests to the user, what "Always allow" covers, and the replies. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from session_host.structured.dialects.base import Chosen
from session_host.structured.dialects.forms import Field, filled_form, read_form
from session_host.structured.dialects.patches import whole_diff
from session_host.structured.dialects.reading import array, at, mapping, one_line, pretty, text
from session_host.structured.items import AgentRequest, Question, RequestOption
from session_host.structured.shortening import RULE_CHARACTERS, counted, cut, short_rule, short_subject, shown_command

from .tools import DECLINED, EDITS, call_title, file_changes

ALLOW: Final = RequestOption("allow", "Allow", "allow_once")
DECLINE: Final = RequestOption("decline", "Decline", "reject_once")
STOP: Final = RequestOption("stop", "Decline and stop", "cancel")
CANCEL: Final = RequestOption("cancel", "Cancel", "cancel")
ACCEPT: Final = "accept"
ALWAYS: Final = "always"

NO_PLAN: Final = "No plan file was written. Read the messages above."
"""The text of the question at the end of planning, if there is no plan."""

MAX_MORE_CHARACTERS: Final = 100
"""The limit of the fields that the title has and the subject lacks; beyond it, the subject is the whole input."""

MAX_OPTION_CHARACTERS: Final = 500
"""An option with a longer name is left out: the user cannot read all of it on a button."""

_SHOWN: Final[Mapping[str, frozenset[str]]] = {
    "Bash": frozenset({"command", "description"}),
    "Edit": frozenset({"file_path", "old_string", "new_string"}),
    "MultiEdit": frozenset({"file_path"}),
    "Write": frozenset({"file_path", "content"}),
    "NotebookEdit": frozenset({"notebook_path", "new_source"}),
}
"""The texts of a tool's input that need no line of their own: the subject or the title shows them."""

_SWITCHES: Final = frozenset({"run_in_background", "dangerouslyDisableSandbox", "replace_all"})
"""The fields of a tool's input that change nothing while they are off."""

_MODES: Final = {
    "acceptEdits": "accept edits",
    "plan": "plan only",
    "bypassPermissions": "allow everything",
    "auto": "let Claude decide",
    "dontAsk": "decline what is not allowed",
    "default": "ask again",
}
_DESTINATIONS: Final = {
    "localSettings": "in this directory",
    "projectSettings": "in this project",
    "userSettings": "everywhere",
    "session": "in this chat",
}


class OpenRequest(msgspec.Struct, array_like=True):
    """A request of Claude's that waits for the user's answer.

    Attributes:
        input: the tool's input, in Claude's own bytes.
        suggestions: the rules that Claude suggests, as JSON.
        call: Claude's id of the tool call.
        title: see ``items.AgentRequest``.
        fields: the form's fields, if the request is an MCP server's question to the user (an elicitation); else None.
    """

    tool: str
    input: bytes
    suggestions: bytes
    call: str
    title: str = ""
    fields: list[Field] | None = None


class _Body(msgspec.Struct):
    input: msgspec.Raw = msgspec.Raw(b"null")
    permission_suggestions: msgspec.Raw = msgspec.Raw(b"[]")


class _Ask(msgspec.Struct):
    request: _Body


_ask_decoder = msgspec.json.Decoder(_Ask)


def open_request(line: bytes, body: Mapping[str, Any]) -> OpenRequest:
    """The parts of a "can_use_tool" request that its reply needs; ``line`` is the whole message."""
    try:
        raw = _ask_decoder.decode(line).request
        tool_input, suggestions = bytes(raw.input), bytes(raw.permission_suggestions)
    except (msgspec.DecodeError, UnicodeDecodeError):
        tool_input = msgspec.json.encode(body.get("input"))
        suggestions = msgspec.json.encode(body.get("permission_suggestions"))
    return OpenRequest(text(body, "tool_name"), tool_input, suggestions, text(body, "tool_use_id"))


def agent_request(request_id: str, body: Mapping[str, Any], *, at_ms: int, item: str, directory: str) -> AgentRequest:
    """A "can_use_tool" request, as the user sees it."""
    name, values = text(body, "tool_name"), mapping(body, "input")
    reason = _plain(text(body, "decision_reason"))
    complete = isinstance(body.get("input"), dict)
    if name == "AskUserQuestion" and array(values, "questions"):
        return _questions(request_id, values, at_ms, item)
    suggestions = array(body, "permission_suggestions")
    options = (ALLOW, *always_options(suggestions), DECLINE, STOP)
    more = _more(name, values)
    title = text(body, "title") or _title(name, values, directory)
    title = f"With {more}: {title}" if 0 < len(more) < MAX_MORE_CHARACTERS else title
    kind: Literal["command", "edit", "permission"]
    match name:
        case "Bash" if text(values, "command") and not more:
            kind, subject = "command", text(values, "command")
        case _ if name in EDITS and len(more) < MAX_MORE_CHARACTERS:
            kind, subject = "edit", whole_diff(file_changes(name, values))
        case "ExitPlanMode" if complete:
            kind, title, subject = "permission", *_plan(values)
            options = (
                RequestOption(ALLOW.id, "Start", "allow_once"),
                *options[1:-2],
                RequestOption(DECLINE.id, "Keep planning", "reject_once"),
                STOP,
            )
        case _:
            kind, subject = "permission", f"{name}\n{pretty(body.get('input'))}"
    return AgentRequest(
        request_id,
        kind,
        at_ms,
        one_line(_plain(title)),
        subject,
        options,
        item,
        directory,
        reason,
        (),
        complete,
        short_subject(subject) if kind == "command" else "",
    )


def _plan(values: Mapping[str, Any]) -> tuple[str, str]:
    """The question at the end of planning: its title, and the plan with all further fields."""
    plan = text(values, "plan")
    further = {key: value for key, value in values.items() if key not in {"plan", "planFilePath"} or not plan}
    subject = f"{plan or NO_PLAN}\n\n{pretty(further)}" if further else plan or NO_PLAN
    return ("Work by this plan?" if plan else "End planning, and start?"), subject


def _title(name: str, values: Mapping[str, Any], directory: str) -> str:
    """The request in one line."""
    if name == "Bash":
        command = cut(shown_command(text(values, "command")))
        return text(values, "description") or (f"Run {command}?" if command else "Run a command?")
    title = call_title(name, values, directory)
    return title if name in EDITS else f"Use {title}"


def _more(name: str, values: Mapping[str, Any]) -> str:
    """The fields of a call that the subject does not show, such as the one that disables the sandbox."""
    shown = _SHOWN.get(name)
    if shown is None:
        return ""
    return ", ".join(
        f"{key}: {msgspec.json.encode(value).decode()}"
        for key, value in values.items()
        if not _is_shown(shown, key, value)
    )


def _is_shown(shown: frozenset[str], key: str, value: Any) -> bool:
    """Whether a field of a call needs no line of its own."""
    if isinstance(value, str):
        return key in shown or not value
    if key == "edits" and isinstance(value, list):
        edit = _SHOWN["Edit"]
        return all(
            isinstance(each, dict) and all(_is_shown(edit, name, part) for name, part in each.items()) for each in value
        )
    is_limit = key == "timeout" and isinstance(value, int | float)  # Claude stops the command then.
    return value is None or is_limit or (value is False and key in _SWITCHES)


def _questions(request_id: str, values: Mapping[str, Any], at_ms: int, item: str) -> AgentRequest:
    questions: list[Question] = []
    for number, question in enumerate(array(values, "questions")):
        named = [option for option in array(question, "options") if text(option, "label")]
        labels = tuple(text(option, "label") for option in named)
        described = tuple(text(option, "description") for option in named)
        several = at(question, "multiSelect") is True
        words = text(question, "question")
        questions.append(Question(str(number), words, labels, several=several, descriptions=described))
    return AgentRequest(
        request_id,
        "question",
        at_ms,
        one_line(questions[0].text or "Claude asks"),
        "",
        (RequestOption(DECLINE.id, "Do not answer", "reject_once"), STOP),
        item,
        questions=tuple(questions),
    )


def elicitation(request_id: str, body: Mapping[str, Any], *, at_ms: int) -> tuple[OpenRequest, AgentRequest]:
    """An MCP server's question: a form, or a page to visit, which Outlive only names."""
    server, message = text(body, "mcp_server_name"), _plain(text(body, "message"))
    fields, questions = read_form(mapping(body, "requested_schema"))
    url = text(body, "url")
    asks = f"{server}: {message}" if server else message or "An MCP server asks"
    title = one_line(asks)
    accept = [] if fields else [RequestOption(ACCEPT, "I have done it" if url else "Accept", "choice")]
    subject = "\n".join(filter(None, (message if title != asks else "", url)))  # The title may be cut.
    asked = AgentRequest(request_id, "question", at_ms, title, subject, (*accept, DECLINE, CANCEL), questions=questions)
    return OpenRequest("", b"{}", b"[]", "", title, fields), asked


def always_options(suggestions: list[Any]) -> list[RequestOption]:
    """Options that allow more than this call: all suggested rules together, and each suggested mode."""
    chosen = [suggestion for suggestion in suggestions if _is_rule(suggestion) and _rule(suggestion)]
    rules = [_rule(suggestion) for suggestion in chosen]
    name = f"Always allow {'; '.join(rules)}"
    options: list[RequestOption] = []
    if rules and len(name) <= MAX_OPTION_CHARACTERS:
        short = f"Always allow {counted([rule for suggestion in chosen for rule in _short_rules(suggestion)])}"
        options.append(RequestOption(ALWAYS, name, "allow_always", short if short != name else ""))
    for suggestion in suggestions:
        mode = text(suggestion, "mode")
        if mode and not _is_rule(suggestion):
            name = f"Allow, and {_MODES.get(mode, mode)} from now on"
            options.append(RequestOption(f"mode {mode}", name, "allow_always", sets_mode=True))
    return options


def _is_rule(suggestion: Any) -> bool:
    """Whether a suggestion is a rule about calls; the others set a mode."""
    return text(suggestion, "type") != "setMode"


def _rule(suggestion: Any) -> str:
    """A suggested rule as words; "" if it does not allow more."""
    destination = _destination(suggestion)
    match text(suggestion, "type"):
        case "addRules" | "replaceRules":
            if text(suggestion, "behavior") != "allow":
                return ""
            rules = [
                f"{text(rule, 'toolName')}({text(rule, 'ruleContent')})"
                if text(rule, "ruleContent")
                else text(rule, "toolName")
                for rule in array(suggestion, "rules")
            ]
            return f"{', '.join(rules)} {destination}".strip()
        case "addDirectories":
            names = [directory for directory in array(suggestion, "directories") if isinstance(directory, str)]
            return f"the directory {', '.join(names)} {destination}".strip()
        case _:
            return ""


def _short_rules(suggestion: Any) -> list[str]:
    """The rules of a suggestion for a button, such as "`npm test`… in this directory" for ``Bash(npm test:*)``."""
    directories = [name for name in array(suggestion, "directories") if isinstance(name, str)]
    names = [f"the directory {cut(name, RULE_CHARACTERS)}" for name in directories]
    for rule in array(suggestion, "rules"):
        tool, content = text(rule, "toolName"), text(rule, "ruleContent")
        if tool == "Bash" and content:
            command = content.removesuffix(":*")
            names.append(short_rule(command, is_beginning=command != content))
        else:
            names.append(f"{tool}({cut(content, RULE_CHARACTERS)})" if content else tool)
    return [f"{name} {_destination(suggestion)}".strip() for name in names]


def _destination(suggestion: Any) -> str:
    return _DESTINATIONS.get(text(suggestion, "destination"), text(suggestion, "destination"))


def reply(request: OpenRequest, answer: Chosen) -> dict[str, Any]:
    """The reply to Claude. If the user declines to answer questions, the answers already chosen are dropped."""
    if request.fields is not None:
        if answer.option in {DECLINE.id, CANCEL.id}:
            return {"action": answer.option}
        return {"action": ACCEPT, "content": filled_form(request.fields, answer.texts)}
    if answer.option in {DECLINE.id, STOP.id}:
        message = answer.texts.get("", "").strip() or DECLINED
        return {"behavior": "deny", "message": message, "interrupt": answer.option == STOP.id}
    if request.tool == "AskUserQuestion":
        values = mapping(msgspec.json.decode(request.input))
        answers = {
            text(question, "question"): ", ".join(answer.texts.get(str(number), "").split("\n"))
            for number, question in enumerate(array(values, "questions"))
        }
        return {"behavior": "allow", "updatedInput": {**values, "answers": answers}}
    allowed: dict[str, Any] = {"behavior": "allow", "updatedInput": msgspec.Raw(request.input)}
    chosen = _chosen(msgspec.json.decode(request.suggestions), answer.option)
    return {**allowed, "updatedPermissions": chosen} if chosen else allowed


def _chosen(suggestions: Any, option: str) -> list[Any]:
    """The suggestions that an option stands for."""
    if not isinstance(suggestions, list):
        return []
    if option == ALWAYS:
        return [suggestion for suggestion in suggestions if _is_rule(suggestion) and _rule(suggestion)]
    modes = (suggestion for suggestion in suggestions if not _is_rule(suggestion))
    return [suggestion for suggestion in modes if option == f"mode {text(suggestion, 'mode')}"]


def _plain(words: str) -> str:
    """The text without escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]", "", words)
