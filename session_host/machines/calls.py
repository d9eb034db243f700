"""The functions that another machine's window and commands may call here, and how calls travel.

A function is called by its name, with arguments and a result that msgspec converts by the function's annotations. Only
what ``CALLS`` names can be called.

A file's name that is not UTF-8 has surrogates here (``os.fsdecode``), which msgpack cannot carry. In a result, a
replacement character stands for each; an argument with one is refused.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

import session_host.errors
from session_host.client.machine import run_here
from session_host.client.permission import check_may_change_settings, check_may_control_chats
from session_host.commands import Where, with_any
from session_host.errors import OutliveError, ProtocolViolation, Unreachable
from session_host.protocol.rights import Right
from session_host.protocol.untrusted_text import as_message

from .login_path import LoginPath


class Callee(NamedTuple):
    """A function that can be called.

    Attributes:
        module: its module.
        right: what an agent needs to call it.
        of: the argument that names the chats to which it needs the right; "" if the function itself, or the process
            that it asks, refuses what an agent may not do.
    """

    module: str
    right: Right
    of: str = ""


READ, CONTROL, SETTINGS = Right.READ, Right.CONTROL, Right.SETTINGS

CALLS: Final = {
    "find_files": Callee("session_host.client.chats.named_files", READ),
    "named_file": Callee("session_host.client.chats.named_files", READ),
    "linked_file": Callee("session_host.client.chats.named_files", READ),
    "named_directory": Callee("session_host.client.chats.named_files", READ),
    "terminal_editor": Callee("session_host.client.editors", READ),
    "outcome_of": Callee("session_host.client.sessions.store_access", READ),
    "later_saved_screen": Callee("session_host.client.sessions.last_screen", READ),
    "program_directories": Callee("session_host.client.sessions.foreground", READ),
    "shell_has_jobs": Callee("session_host.client.sessions.foreground", READ),
    "name_host": Callee("session_host.client.sessions.hosts", READ),
    "is_host_stopped": Callee("session_host.client.sessions.hosts", READ),
    "kill_unresponsive": Callee("session_host.client.sessions.hosts", CONTROL, "session_id"),
    "end_without_host": Callee("session_host.client.sessions.hosts", CONTROL, "session_id"),
    "session_named": Callee("session_host.client.sessions.listing", READ),
    "sessions_listed": Callee("session_host.client.sessions.listing", READ),
    "memory_of": Callee("session_host.client.sessions.memory", READ),
    "rename_chat": Callee("session_host.client.sessions.store_calls", CONTROL, "session_id"),
    "order_chats": Callee("session_host.client.sessions.store_calls", CONTROL, "changes"),
    "recent_directories": Callee("session_host.client.sessions.store_calls", READ),
    "changes_since": Callee("session_host.client.sessions.store_calls", READ),
    "later_changes": Callee("session_host.client.sessions.following", READ),
    "inspect_ended_chat": Callee("session_host.client.chats.ended_chat", READ),
    "error_output": Callee("session_host.client.chats.ended_chat", READ),
    "chat_days": Callee("session_host.client.chats.chat_days", READ),
    "read_usage": Callee("session_host.client.usage", READ),
    "counted_since_s": Callee("session_host.client.usage", READ),
    "limits_of_accounts": Callee("session_host.client.usage", READ),
    "amount_reached": Callee("session_host.client.usage", READ),
    "last_transitions": Callee("session_host.client.chats.ended_chat", READ),
    "last_screen_for": Callee("session_host.client.chats.last_view", READ),
    "last_transcript_for": Callee("session_host.client.chats.last_view", READ),
    "save_piece": Callee("session_host.client.chats.pasted_files", CONTROL, "session_id"),
    "discard_upload": Callee("session_host.client.chats.pasted_files", CONTROL, "session_id"),
    "remove_chats": Callee("session_host.client.chats.ended_chat", CONTROL, "session_ids"),
    "note_viewed": Callee("session_host.client.chats.retention", CONTROL, "session_id"),
    "measured_chats": Callee("session_host.client.chats.retention", READ),
    "size_of": Callee("session_host.client.chats.retention", READ),
    "search_lines": Callee("session_host.client.chats.search_lines", READ),
    "lines_around": Callee("session_host.client.chats.search_lines", READ),
    "end_left": Callee("session_host.client.chats.ended_chat", CONTROL, "session_id"),
    "resumable_among": Callee("session_host.client.chats.resumability", READ),
    "launch": Callee("session_host.client.chats.launch", CONTROL),
    "prepare_start": Callee("session_host.client.chats.launch", READ),
    "installed_agents": Callee("session_host.client.chats.installed_agents", READ),
    "complete_path": Callee("session_host.client.chats.directories", READ),
    "list_directory": Callee("session_host.client.chats.directories", READ),
    "look_at_directory": Callee("session_host.client.chats.directories", READ),
    "create_directory": Callee("session_host.client.chats.directories", READ),
    "repository_of": Callee("session_host.client.chats.setup_entries", READ),
    "write_setup": Callee("session_host.client.chats.setup_entries", SETTINGS),
    "arguments_of_new_conversation": Callee("session_host.client.chats.launch_spec", READ),
    "list_conversations": Callee("session_host.client.chats.earlier_conversations", READ),
    "continue_conversation": Callee("session_host.client.chats.earlier_conversations", CONTROL),
    "command_to_continue": Callee("session_host.client.chats.earlier_conversations", READ),
    "resume": Callee("session_host.client.chats.resume", CONTROL, "session_id"),
    "resume_command": Callee("session_host.client.chats.resume", READ),
    "why_awake_of": Callee("session_host.client.chats.sleeping", READ),
    "put_to_sleep": Callee("session_host.client.chats.sleeping", CONTROL, "session_id"),
    "stop_asleep": Callee("session_host.client.chats.sleeping", CONTROL, "session_id"),
    "wake": Callee("session_host.client.chats.sleeping", CONTROL, "session_id"),
    "fork": Callee("session_host.client.chats.fork", CONTROL, "session_id"),
    "offer_hand_over": Callee("session_host.client.chats.handing_over", READ),
    "hand_over": Callee("session_host.client.chats.handing_over", CONTROL, "session_id"),
    "find_answer": Callee("session_host.client.chats.agent_record", READ),
    "recorded_conversation": Callee("session_host.client.chats.agent_record", READ),
    "note_on_worktree": Callee("session_host.client.chats.chat_worktree", READ),
    "restore_list": Callee("session_host.client.chats.restore_list", READ),
    "read_changes": Callee("session_host.client.worktrees.changes", READ),
    "lines_before": Callee("session_host.client.worktrees.changes", READ),
    "discard": Callee("session_host.client.worktrees.discarding", CONTROL, "session"),
    "undo": Callee("session_host.client.worktrees.discarding", CONTROL, "session"),
    "line_of_hunk": Callee("session_host.client.worktrees.taking_back", READ),
    "take_back": Callee("session_host.client.worktrees.taking_back", CONTROL, "session"),
    "repository_files": Callee("session_host.client.worktrees.repository_files", READ),
    "status_of": Callee("session_host.client.worktrees.status", READ),
    "plan_restore": Callee("session_host.restore_points.restoring", READ),
    "restore": Callee("session_host.restore_points.restoring", CONTROL, "session"),
    "file_counts": Callee("session_host.restore_points.restoring", READ),
    "changed_since_restore": Callee("session_host.restore_points.undoing", READ),
}
"""The functions. A bridge may be started by an agent, which then has no more rights by it than by the commands."""

_OF_STARTS = {"environment", "request"}
"""The parameters of functions that start programs."""


_ABOUT_CHATS, _ON = with_any(Where.CHAT), with_any(Where.ON | Where.ASKS_ALL)
_WITH_CHAT = rf"\boutlive (?:{'|'.join(_ABOUT_CHATS)}) (?=[\w'\"])"
_WITHOUT_CHAT = rf"\boutlive (?:(?:{'|'.join(_ON - _ABOUT_CHATS)})\b|(?:{'|'.join(_ON & _ABOUT_CHATS)})\b(?! [\w'\"]))"


def _to_plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"cannot send {type(value)}")


def _from_plain(kind: type[Any], value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"cannot receive {kind}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_to_plain)

_SURROGATES = re.compile("[\ud800-\udfff]")


def _encode(value: Any) -> bytes:
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value, builtin_types=(bytes,), enc_hook=_to_plain)
        return _encoder.encode(_readable(plain))


def _readable(value: Any) -> Any:
    """A value without surrogates in its texts."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_readable(key): _readable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(each) for each in value]
    return value


def _decode(data: bytes | msgspec.Raw, kind: Any) -> Any:
    return msgspec.msgpack.decode(data, type=kind, dec_hook=_from_plain)


def encode_arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """The arguments of a call, by name.

    Raises:
        TypeError: they are not the function's, or the function cannot be called from another machine.
        OutliveError: one is a file's name that is not UTF-8.
    """
    callee = CALLS.get(function.__name__)
    if callee is None or callee.module != function.__module__:
        raise TypeError(f"{function.__module__}.{function.__name__} cannot be called on another machine")
    bound = inspect.signature(function).bind(*args, **kwargs)
    try:
        return _encoder.encode(bound.arguments)
    except UnicodeEncodeError as error:
        name = _readable(error.object)
        raise OutliveError(f"{name}: other machines can do nothing with a name that is not UTF-8; rename it") from error


async def call(name: str, arguments: bytes, login_path: LoginPath | None = None) -> bytes:
    """Call a function of ``CALLS``; returns its result for ``decode_result``.

    ``login_path``: where a function that starts programs, or looks for them, finds those.

    Raises:
        NotAllowed: this process belongs to an agent that may not do this.
        OutliveError: the function's, or there is no such function, or the arguments do not fit it.
    """
    function, values = await asyncio.to_thread(_decoded_call, name, arguments)
    if login_path is not None and function.__annotations__.keys() & _OF_STARTS:
        await login_path.read(again=name == "installed_agents")
    result = await run_here(function, **values)
    return await asyncio.to_thread(_encode, result)


def _decoded_call(name: str, arguments: bytes) -> tuple[Callable[..., Any], dict[str, Any]]:
    callee = CALLS.get(name)
    if callee is None:
        raise OutliveError(f"this version of Outlive has no call {name!r}; run `outlive upgrade`")
    function = getattr(importlib.import_module(callee.module), name)
    hints = typing.get_type_hints(function)
    try:
        given = msgspec.msgpack.decode(arguments, type=dict[str, msgspec.Raw])
        values = {key: _decode(value, hints[key]) for key, value in given.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as error:
        raise OutliveError(f"the call {name!r} does not fit this version of Outlive; run `outlive upgrade`") from error
    _check_right(callee, values)
    return function, values


def _check_right(callee: Callee, values: dict[str, Any]) -> None:
    """Refuse a call that this process may not make.

    Raises:
        NotAllowed: it belongs to an agent that may not do this.
    """
    if callee.right is SETTINGS:
        check_may_change_settings()
    elif callee.of:
        named = values.get(callee.of, ())
        chats = [named] if isinstance(named, str) else [each if isinstance(each, str) else each[0] for each in named]
        check_may_control_chats(chats, values.get("directory"))


def decode_result(function: Callable[..., Any], result: bytes) -> Any:
    """The result of a call.

    Raises:
        ProtocolViolation: the bytes are no such result.
    """
    kind = typing.get_type_hints(function)["return"]
    try:
        return _decode(result, kind)
    except (msgspec.MsgspecError, RecursionError, TypeError, ValueError) as error:  # A key can be a list, for example.
        raise ProtocolViolation("the answer cannot be read") from error


def with_remedies_here(text: str, machine: str) -> str:
    """A message of a machine's Outlive, with the commands in it changed to those that the user can run here."""
    text = re.sub(_WITH_CHAT, rf"\g<0>{machine}:", text)
    return re.sub(_WITHOUT_CHAT, rf"\g<0> --on {machine}", text)


def kind_of(error: OutliveError) -> str:
    """The name of the nearest class of an error that both ends know."""
    return next(kind.__name__ for kind in type(error).__mro__ if hasattr(session_host.errors, kind.__name__))


def error_of(machine: str, name: str, message: str) -> OutliveError:
    """The error that a machine reports; its text is made harmless, and its kind is one that we know.

    Whether the machine is unreachable, only its link knows.
    """
    kind = getattr(session_host.errors, name, None)
    text = with_remedies_here(as_message(message), machine) or "no reason given"
    if not (isinstance(kind, type) and issubclass(kind, OutliveError)) or issubclass(kind, Unreachable):
        kind = OutliveError
    try:
        return kind(text)
    except TypeError:
        return OutliveError(text)
