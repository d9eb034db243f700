"""Requests of the server as questions, what "Always allow" covers, and the reply's result for each answer. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from session_host.structured.dialects.forms import Field, filled_form, read_form
from session_host.structured.dialects.patches import whole_diff
from session_host.structured.dialects.reading import array, at, mapping, one_line, text
from session_host.structured.items import AgentRequest, FileChange, OptionKind, Question, RequestOption
from session_host.structured.shortening import cut, short_rule, short_subject, shown_command

from .items import changes_title

SKIP: Final = "skip"


class UserRequest(NamedTuple):
    """A request as the user sees it.

    Attributes:
        request: the request.
        results: the reply's result for each option, as JSON.
        fields: the fields of a form.
    """

    request: AgentRequest
    results: dict[str, str]
    fields: Sequence[Field] = ()


class KnownItem(NamedTuple):
    """The item that a request is about, as far as the server has reported it.

    Attributes:
        id: the item's id in the transcript, "" for none.
        command: its command.
        changes: its changes of files; None if they are not known.
    """

    id: str = ""
    command: str = ""
    changes: tuple[FileChange, ...] | None = None


class _Choice(NamedTuple):
    id: str
    name: str
    kind: OptionKind
    result: Any
    short: str = ""


_DECISIONS: Final[dict[str, tuple[str, OptionKind]]] = {
    "accept": ("Allow", "allow_once"),
    "acceptForSession": ("Allow for this session", "allow_always"),
    "decline": ("Decline", "reject_once"),
    "cancel": ("Decline and stop", "cancel"),
}


_SPANS: Final = {"session": "Allow for this session", "always": "Always allow this tool"}
"""The durations of a permission for a tool of an MCP server."""


def translate(
    method: str, params: dict[str, Any], request_id: str, known: KnownItem, now_ms: int
) -> UserRequest | None:
    """The request as the user sees it; None if Outlive does not answer requests of this method."""
    request = AgentRequest(
        request_id,
        "command",
        now_ms,
        "",
        "",
        item=known.id,
        reason=text(params, "reason"),
        directory=text(params, "cwd"),
    )
    match method:
        case "item/commandExecution/requestApproval":
            return _command(params, request, known)
        case "item/fileChange/requestApproval":
            return _file_change(params, request, known)
        case "item/permissions/requestApproval":
            return _permissions(params, request)
        case "item/tool/requestUserInput":
            return _user_input(params, request)
        case "mcpServer/elicitation/request":
            return _elicitation(params, request)
        case _:
            return None


def _user_request(request: AgentRequest, choices: list[_Choice], **fields: Any) -> UserRequest:
    options = tuple(RequestOption(choice.id, choice.name, choice.kind, choice.short) for choice in choices)
    fields = {"title": one_line(fields.pop("title")), "options": options, **fields}
    results = {choice.id: msgspec.json.encode(choice.result).decode() for choice in choices}
    return UserRequest(msgspec.structs.replace(request, **fields), results)


# ---------------------------------------------------------------- commands and files


def _command(params: dict[str, Any], request: AgentRequest, known: KnownItem) -> UserRequest:
    command = text(params, "command") or known.command
    shown = cut(shown_command(command))
    host = text(params, "networkApprovalContext", "host")
    title = f"Run {shown}"
    parts = []
    if host:
        protocol = text(params, "networkApprovalContext", "protocol")
        title = f"Connect to {host}"
        parts.append(f"Network access to {host}" + (f" ({protocol})" if protocol else ""))
    if text(params, "kind") == "writeStdin":
        title = f"Type into {shown}"
    parts += _permission_lines(mapping(params, "additionalPermissions"))
    parts += _further(params)
    decisions = array(params, "availableDecisions") or ["accept", "decline", "cancel"]
    complete = bool(command or host) and isinstance(params.get("command"), str | None)
    return _user_request(
        request,
        _choices(decisions),
        title=title,
        subject=_lines(command, parts),
        short_subject=_lines(inner, parts) if (inner := short_subject(command)) else "",
        complete=complete,
    )


def _lines(command: str, parts: list[str]) -> str:
    return "\n".join([command, *parts] if command else parts)


# fmt: off
_KNOWN: Final = frozenset({
    "additionalPermissions", "approvalId", "availableDecisions", "command", "commandActions", "cwd", "grantRoot",
    "itemId", "kind", "networkApprovalContext", "permissions", "proposedExecpolicyAmendment",
    "proposedNetworkPolicyAmendments", "reason", "startedAtMs", "threadId", "turnId",
})
"""The fields of an approval that are shown, or that change nothing. The proposed amendments are decisions, too."""
# fmt: on


def _further(params: dict[str, Any]) -> list[str]:
    """The fields that nothing else shows, a line each."""
    found = {name: value for name, value in params.items() if name not in _KNOWN and value is not None}
    if found.get("environmentId") == "local":
        del found["environmentId"]
    context = mapping(params, "networkApprovalContext")
    found |= {name: value for name, value in context.items() if name not in {"host", "protocol"} and value is not None}
    return [f"{name}: {_json(value)}" for name, value in found.items()]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _choices(decisions: list[Any]) -> list[_Choice]:
    """Options for the decisions that the server offers; a plain "decline" is always understood."""
    choices: list[_Choice] = []
    for decision in decisions:
        if isinstance(decision, str):
            name, kind = _DECISIONS.get(decision, (decision, "choice"))
            choices.append(_Choice(decision, name, kind, {"decision": decision}))
        elif isinstance(decision, dict) and decision:
            choices.append(_amendment(decision, len(choices)))
    if all(choice.id != "decline" for choice in choices):
        name, kind = _DECISIONS["decline"]
        end = next((number for number, choice in enumerate(choices) if choice.kind == "cancel"), len(choices))
        choices.insert(end, _Choice("decline", name, kind, {"decision": "decline"}))
    return choices


def _amendment(decision: dict[str, Any], number: int) -> _Choice:
    """A decision that also holds for later commands."""
    word = next(iter(decision))
    argv = array(decision, word, "execpolicy_amendment")
    rule = mapping(decision, word, "network_policy_amendment")
    name, short = f"{word}: {_json(decision[word])}", ""
    kind: OptionKind = "choice"
    if len(decision) > 1 or len(mapping(decision, word)) > 1 or rule.keys() - {"action", "host"}:
        name = _json(decision)
    elif argv and all(isinstance(argument, str) for argument in argv):
        command = shlex.join(argv)
        name, kind = f"Always allow commands that begin with {command}", "allow_always"
        is_script = bool(short_subject(command))  # A shell's script is the whole command.
        short = f"Always allow {short_rule(command, is_beginning=not is_script)}"
    elif rule:
        allows = text(rule, "action") == "allow"
        name = f"Always {'allow' if allows else 'refuse'} connections to {text(rule, 'host')}"
        kind = "allow_always" if allows else "reject_always"
    return _Choice(f"{word}-{number}", name, kind, {"decision": decision}, short)


def _file_change(params: dict[str, Any], request: AgentRequest, known: KnownItem) -> UserRequest:
    changes = known.changes or ()
    subject = whole_diff(changes)
    root = text(params, "grantRoot")
    if root:
        subject += f"Writing anywhere below {root} is allowed for the rest of the session.\n"
    return _user_request(
        request,
        _choices(["accept", "acceptForSession", "decline", "cancel"]),
        kind="edit",
        title=changes_title(changes),
        subject=subject + "".join(f"{line}\n" for line in _further(params)),
        complete=_is_whole(changes),
    )


def _is_whole(changes: tuple[FileChange, ...]) -> bool:
    return bool(changes) and all(change.patch or change.moved_to or change.kind == "add" for change in changes)


def _permission_lines(permissions: dict[str, Any]) -> list[str]:
    """Permissions beyond the sandbox, a line each; all of them as JSON if there are others than these."""
    if not _has_known_fields(permissions):
        return [_json(permissions)]
    lines = ["Network access"] if at(permissions, "network", "enabled") else []
    files = mapping(permissions, "fileSystem")
    for access in ("read", "write"):
        lines += [f"{access.capitalize()} {path}" for path in array(files, access) if isinstance(path, str)]
    for entry in array(files, "entries"):
        path_entry = mapping(entry, "path")
        where = text(path_entry, "path") or text(path_entry, "pattern") or _json(at(path_entry, "value"))
        lines.append(f"{text(entry, 'access').capitalize()} {where}")
    return list(dict.fromkeys(lines))


def _has_known_fields(permissions: dict[str, Any]) -> bool:
    """Whether lines of words show everything that these permissions allow."""
    network, files = permissions.get("network") or {}, permissions.get("fileSystem") or {}
    if not isinstance(network, dict) or not isinstance(files, dict) or _more(permissions, "network", "fileSystem"):
        return False
    read, write, entries = (files.get(name) or [] for name in ("read", "write", "entries"))
    if not (isinstance(read, list) and isinstance(write, list) and isinstance(entries, list)):
        return False
    return (
        not _more(network, "enabled")
        and not _more(files, "read", "write", "entries")
        and all(isinstance(path, str) for path in (*read, *write))
        and all(isinstance(entry, dict) and not _more(entry, "path", "access") for entry in entries)
        and all(len(mapping(entry, "path").keys() - {"type"}) == 1 for entry in entries)
    )


def _more(given: dict[str, Any], *names: str) -> bool:
    """Whether an object has other fields than these."""
    return any(value is not None for name, value in given.items() if name not in names)


def _permissions(params: dict[str, Any], request: AgentRequest) -> UserRequest:
    requested = {key: value for key, value in mapping(params, "permissions").items() if value is not None}
    lines = _permission_lines(requested)
    choices = [
        _Choice("turn", "Allow for this turn", "allow_once", {"permissions": requested, "scope": "turn"}),
        _Choice("session", "Allow for this session", "allow_always", {"permissions": requested, "scope": "session"}),
        _Choice("decline", "Decline", "reject_once", {"permissions": {}, "scope": "turn"}),
    ]
    title = "Get more permissions"
    subject = "\n".join([*lines, *_further(params)])
    return _user_request(request, choices, kind="permission", title=title, subject=subject, complete=bool(lines))


# ---------------------------------------------------------------- questions


def _user_input(params: dict[str, Any], request: AgentRequest) -> UserRequest:
    questions = tuple(
        Question(
            text(question, "id"),
            text(question, "question") or text(question, "header"),
            tuple(text(option, "label") for option in array(question, "options")),
            free=bool(at(question, "isOther")) or not array(question, "options"),
            secret=bool(at(question, "isSecret")),
            descriptions=tuple(text(option, "description") for option in array(question, "options")),
        )
        for question in array(params, "questions")
    )
    title = questions[0].text if questions else "A question without text"
    choices = [_Choice(SKIP, "Give no answer", "cancel", {"answers": {}})]
    return _user_request(request, choices, kind="question", title=title, questions=questions)


def _elicitation(params: dict[str, Any], request: AgentRequest) -> UserRequest | None:
    """A question of an MCP server: a form, a page to visit, or the permission to call a tool."""
    server, message = text(params, "serverName"), text(params, "message")
    refusals = [
        _Choice("decline", "Decline", "reject_once", _elicited("decline")),
        _Choice("cancel", "Decline and stop", "cancel", _elicited("cancel")),
    ]
    mode = text(params, "mode")
    if mode == "url":
        done = _Choice("accept", "I have done it", "choice", _elicited("accept"))
        subject = f"{message}\n{text(params, 'url')}"
        return _user_request(
            request, [done, *refusals], kind="permission", title=f"{server}: {message}", subject=subject
        )
    if mode not in {"form", "openai/form", "openaiForm"}:
        return None
    arguments = at(params, "_meta", "tool_params")
    subject = message + (f"\n{_json(arguments)}" if arguments else "")
    if not mapping(params, "requestedSchema", "properties"):
        spans = [span for span in array(params, "_meta", "persist") if isinstance(span, str) and span in _SPANS]
        allow = [
            _Choice("accept", "Allow", "allow_once", _elicited("accept", {})),
            *(
                _Choice(f"accept-{span}", _SPANS[span], "allow_always", _elicited("accept", {}, {"persist": span}))
                for span in spans
            ),
        ]
        title = message if text(params, "_meta", "codex_approval_kind") else f"{server}: {message}"
        return _user_request(request, [*allow, *refusals], kind="permission", title=title, subject=subject)
    fields, questions = read_form(mapping(params, "requestedSchema"))
    asked = _user_request(
        request, refusals, kind="question", title=f"{server}: {message}", subject=subject, questions=questions
    )
    return asked._replace(fields=fields)


def _elicited(action: str, content: Any = None, meta: Any = None) -> dict[str, Any]:
    return {"action": action, "content": content, "_meta": meta}


def result_of_texts(method: str, fields: Sequence[Field], texts: dict[str, str]) -> dict[str, Any]:
    """The reply's result for answers in the user's words."""
    if method == "mcpServer/elicitation/request":
        return _elicited("accept", filled_form(fields, texts))
    return {"answers": {name: {"answers": [answer]} for name, answer in texts.items()}}
