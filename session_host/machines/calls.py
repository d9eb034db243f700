"""The functions that another machine's window and commands may call here, and how calls travel.

A function is called by its name, with arguments and a result that msgspec converts by the function's annotations. Only
what ``CALLS`` names can be called.

A file's name that is not UTF-8 has surrogates here (``os.fsdecode``), which msgpack cannot carry. They travel as the
characters from ``_CARRIER`` on, which are in a private plane.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import re
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

import session_host.errors
from session_host.client.machine import run_here
from session_host.errors import OutliveError, ProtocolViolation, Unreachable
from session_host.protocol.untrusted_text import as_message

from .login_path import LoginPath

CALLS = {
    "find_files": "session_host.client.chats.named_files",
    "named_file": "session_host.client.chats.named_files",
    "linked_file": "session_host.client.chats.named_files",
    "named_directory": "session_host.client.chats.named_files",
    "terminal_editor": "session_host.client.editors",
    "outcome_of": "session_host.client.sessions.store_access",
    "later_saved_screen": "session_host.client.sessions.last_screen",
    "program_directories": "session_host.client.sessions.foreground",
    "shell_has_jobs": "session_host.client.sessions.foreground",
    "name_host": "session_host.client.sessions.hosts",
    "is_host_stopped": "session_host.client.sessions.hosts",
    "kill_unresponsive": "session_host.client.sessions.hosts",
    "session_named": "session_host.client.sessions.listing",
    "sessions_listed": "session_host.client.sessions.listing",
    "rename_chat": "session_host.client.sessions.store_calls",
    "order_chats": "session_host.client.sessions.store_calls",
    "recent_directories": "session_host.client.sessions.store_calls",
    "changes_since": "session_host.client.sessions.store_calls",
    "later_changes": "session_host.client.sessions.store_calls",
    "inspect_ended_chat": "session_host.client.chats.ended_chat",
    "error_output": "session_host.client.chats.ended_chat",
    "last_transitions": "session_host.client.chats.ended_chat",
    "last_screen_for": "session_host.client.chats.last_view",
    "last_transcript_for": "session_host.client.chats.last_view",
    "save_piece": "session_host.client.chats.pasted_files",
    "discard_upload": "session_host.client.chats.pasted_files",
    "remove_chats": "session_host.client.chats.ended_chat",
    "note_viewed": "session_host.client.chats.retention",
    "measured_chats": "session_host.client.chats.retention",
    "size_of": "session_host.client.chats.retention",
    "search_lines": "session_host.client.chats.search_lines",
    "lines_around": "session_host.client.chats.search_lines",
    "end_left": "session_host.client.chats.ended_chat",
    "resumable_among": "session_host.client.chats.resumability",
    "launch": "session_host.client.chats.launch",
    "prepare_start": "session_host.client.chats.launch",
    "installed_agents": "session_host.client.chats.installed_agents",
    "complete_path": "session_host.client.chats.directories",
    "list_directory": "session_host.client.chats.directories",
    "look_at_directory": "session_host.client.chats.directories",
    "create_directory": "session_host.client.chats.directories",
    "repository_of": "session_host.client.chats.setup_entries",
    "write_setup": "session_host.client.chats.setup_entries",
    "arguments_of_new_conversation": "session_host.client.chats.launch_spec",
    "list_conversations": "session_host.client.chats.earlier_conversations",
    "continue_conversation": "session_host.client.chats.earlier_conversations",
    "command_to_continue": "session_host.client.chats.earlier_conversations",
    "resume": "session_host.client.chats.resume",
    "resume_command": "session_host.client.chats.resume",
    "fork": "session_host.client.chats.fork",
    "find_answer": "session_host.client.chats.agent_record",
    "note_on_worktree": "session_host.client.chats.chat_worktree",
    "restore_list": "session_host.client.chats.restore_list",
    "read_changes": "session_host.client.worktrees.changes",
    "lines_before": "session_host.client.worktrees.changes",
    "discard": "session_host.client.worktrees.discarding",
    "undo": "session_host.client.worktrees.discarding",
    "repository_files": "session_host.client.worktrees.repository_files",
    "status_of": "session_host.client.worktrees.status",
    "plan_restore": "session_host.restore_points.restoring",
    "restore": "session_host.restore_points.restoring",
    "file_counts": "session_host.restore_points.restoring",
}
"""The module of each function."""

_OF_STARTS = {"environment", "request"}
"""The parameters of functions that start programs."""

_OF_A_CHAT = (
    r"\boutlive (?:attach|peek|send|approve|deny|wait|stop|kill|resume|restore|rm|pin|rename|explain|replay|export"
    r"|logs) (?=[\w'\"])"
)
_OF_A_MACHINE = r"\boutlive (?:new|search|doctor|upgrade|kill-all|ls)\b"


def _to_plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"cannot send {type(value)}")


def _from_plain(kind: type[Any], value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"cannot receive {kind}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_to_plain)

_CARRIER = 0x10DC00
_CARRIED = re.compile(f"[{chr(_CARRIER + 0x80)}-{chr(_CARRIER + 0xFF)}]")
_CARRIED_BYTES = re.compile(b"\xf4\x8d[\xb2\xb3]")
"""The beginnings of those characters in UTF-8."""
_TO_CARRY = re.compile(f"[\ud800-\udfff]|{_CARRIED.pattern}")


def _encode(value: Any) -> bytes:
    with contextlib.suppress(UnicodeEncodeError):
        data = _encoder.encode(value)
        if _CARRIED_BYTES.search(data) is None:
            return data
    plain = msgspec.to_builtins(value, builtin_types=(bytes,), enc_hook=_to_plain)
    return _encoder.encode(_mapped(plain, _TO_CARRY, _carried))


def _decode(data: bytes | msgspec.Raw, kind: Any) -> Any:
    if _CARRIED_BYTES.search(data) is None:
        return msgspec.msgpack.decode(data, type=kind, dec_hook=_from_plain)
    plain = _mapped(msgspec.msgpack.decode(data), _CARRIED, lambda found: chr(ord(found.group()) - _CARRIER + 0xDC00))
    return msgspec.convert(plain, kind, dec_hook=_from_plain)


def _carried(found: re.Match[str]) -> str:
    try:
        return "".join(chr(_CARRIER + byte) for byte in found.group().encode(errors="surrogateescape"))
    except UnicodeEncodeError:
        return "\ufffd"  # It is of no file's name.


def _mapped(value: Any, characters: re.Pattern[str], become: Callable[[re.Match[str]], str]) -> Any:
    """A value with other characters in place of these ones of its texts."""
    if isinstance(value, str):
        return characters.sub(become, value)
    if isinstance(value, dict):
        return {_mapped(key, characters, become): _mapped(each, characters, become) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(each, characters, become) for each in value]
    return value


def encode_arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """The arguments of a call, by name.

    Raises:
        TypeError: they are not the function's, or the function cannot be called from another machine.
    """
    if CALLS.get(function.__name__) != function.__module__:
        raise TypeError(f"{function.__module__}.{function.__name__} cannot be called on another machine")
    bound = inspect.signature(function).bind(*args, **kwargs)
    return _encode(bound.arguments)


async def call(name: str, arguments: bytes, login_path: LoginPath | None = None) -> bytes:
    """Call a function of ``CALLS``; returns its result for ``decode_result``.

    ``login_path``: where a function that starts programs, or looks for them, finds those.

    Raises:
        OutliveError: the function's, or there is no such function, or the arguments do not fit it.
    """
    function, values = await asyncio.to_thread(_decoded_call, name, arguments)
    if login_path is not None and function.__annotations__.keys() & _OF_STARTS:
        await login_path.read(again=name == "installed_agents")
    result = await run_here(function, **values)
    return await asyncio.to_thread(_encode, result)


def _decoded_call(name: str, arguments: bytes) -> tuple[Callable[..., Any], dict[str, Any]]:
    module = CALLS.get(name)
    if module is None:
        raise OutliveError(f"this version of Outlive has no call {name!r}; run `outlive upgrade`")
    function = getattr(importlib.import_module(module), name)
    hints = typing.get_type_hints(function)
    try:
        given = msgspec.msgpack.decode(arguments, type=dict[str, msgspec.Raw])
        values = {key: _decode(value, hints[key]) for key, value in given.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as error:
        raise OutliveError(f"the call {name!r} does not fit this version of Outlive; run `outlive upgrade`") from error
    return function, values


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
    text = re.sub(_OF_A_CHAT, rf"\g<0>{machine}:", text)
    return re.sub(_OF_A_MACHINE, rf"\g<0> --on {machine}", text)


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
