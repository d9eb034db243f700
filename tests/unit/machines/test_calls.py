"""Functions that another machine can call: their arguments and results travel."""

from __future__ import annotations

import ast
import inspect
import os
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

import gui
from session_host.client.chats.named_files import find_files
from session_host.client.editors import terminal_editor
from session_host.client.sessions.store_calls import rename_chat
from session_host.errors import FilesChanged, OutliveError, ProtocolViolation, Unreachable, WorktreeError
from session_host.git import GitRefused
from session_host.machines import calls
from session_host.machines.calls import CALLS, call, decode_result, encode_arguments, kind_of
from session_host.machines.login_path import LoginPath
from session_host.protocol.values import FileLocation
from tests.support.area import Area


@pytest.mark.parametrize("name", CALLS)
def test_the_arguments_and_the_result_of_a_call_can_be_read(name: str) -> None:
    function = getattr(import_module(CALLS[name].module), name)
    hints = typing.get_type_hints(function)
    assert hints.keys() == inspect.signature(function).parameters.keys() | {"return"}
    for hint in hints.values():
        msgspec.msgpack.Decoder(hint, dec_hook=calls._from_plain)
        assert not [each for each in _custom_types(hint) if each is not Path], f"{name}: {hint}"


async def test_a_file_opens_in_the_editor_that_the_shells_start_files_set(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    (area.home / ".profile").write_text("export EDITOR=cat\n")
    monkeypatch.setattr("session_host.machines.login_path.is_from_terminal", lambda _environment: False)
    for name, value in {"SHELL": "/bin/sh", "PATH": os.environ["PATH"], "EDITOR": ""}.items():
        monkeypatch.setenv(name, value)
    arguments = encode_arguments(terminal_editor, (FileLocation("/a b"),), {})
    result = await call("terminal_editor", arguments, LoginPath())
    assert decode_result(terminal_editor, result) == ["cat", "/a b"]


def _custom_types(hint: typing.Any) -> Iterator[type]:
    """The types that msgspec does not know, in a type and its fields."""
    todo, seen = [msgspec.inspect.type_info(hint)], set[int]()
    while todo:
        info = todo.pop()
        if isinstance(info, msgspec.inspect.CustomType):
            yield info.cls
        for name in getattr(info, "__struct_fields__", ()):
            value = getattr(info, name)
            for each in value if isinstance(value, tuple) else (value,):
                inner = each.type if isinstance(each, msgspec.inspect.Field) else each
                if isinstance(inner, msgspec.inspect.Type) and id(inner) not in seen:
                    seen.add(id(inner))
                    todo.append(inner)


def test_the_window_calls_only_functions_that_another_machine_has() -> None:
    places = {"machine.call": 0, "directories.look": 1}
    called = {
        function.id
        for file in Path(gui.__file__).parent.rglob("*.py")
        if any(f"{place}(" in (text := file.read_text()) for place in places)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        for place, index in places.items()
        if ast.unparse(node.func).endswith(place) and isinstance(function := node.args[index], ast.Name)
    } - {"function"}  # One that ``look`` passes on.
    assert len(called) > 20
    passed_on = {"find"}  # The parameter of a method of the window.
    assert called - passed_on <= CALLS.keys()


async def test_a_function_of_the_store_has_no_store_among_its_arguments() -> None:
    arguments = encode_arguments(rename_chat, ("0", "new"), {})
    assert msgspec.msgpack.decode(arguments) == {"session_id": "0", "name": "new"}
    with pytest.raises(OutliveError, match="does not fit"):
        await call("rename_chat", msgspec.msgpack.encode({"store": "x"}))


def test_an_error_travels_as_the_nearest_kind_that_the_other_end_knows() -> None:
    assert [kind_of(each) for each in (FilesChanged("x"), GitRefused("no", 1))] == ["FilesChanged", "WorktreeError"]
    assert isinstance(calls.error_of("build1", "WorktreeError", "git failed"), WorktreeError)
    with pytest.raises(ProtocolViolation):
        decode_result(rename_chat, b"\x01")
    assert decode_result(rename_chat, msgspec.msgpack.encode(None)) is None


class _Named(NamedTuple):
    path: Path
    contents: dict[str, bytes]
    texts: list[str]


def test_a_file_whose_name_is_not_utf_8_loses_no_list() -> None:
    sent = _Named(Path("/\udcff"), {"\udcff": b"\xff"}, ["\ud800", "x"])
    assert calls._decode(calls._encode(sent), _Named) == (Path("/\ufffd"), {"\ufffd": b"\xff"}, ["\ufffd", "x"])


def test_a_file_whose_name_is_not_utf_8_is_named_when_something_is_done_with_it() -> None:
    with pytest.raises(OutliveError, match="other machines can do nothing with a name"):
        encode_arguments(terminal_editor, (FileLocation("caf\udce9"),), {})


@pytest.mark.parametrize("key", [["a list"], {"a": 1}])
def test_an_answer_with_a_key_that_no_dictionary_can_have_is_refused(key: object) -> None:
    answer = b"\x82" + msgspec.msgpack.encode(key) + b"\x01" + msgspec.msgpack.encode("x") + b"\x01"
    with pytest.raises(ProtocolViolation):
        decode_result(find_files, answer)


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("it is running; attach to it: outlive attach ab12cd34", "outlive attach build1:ab12cd34"),
        ("api was interrupted by a restart; go on with: outlive resume api", "outlive resume build1:api"),
        ("3 files restored; undo: outlive restore 'my api' --undo", "outlive restore build1:'my api' --undo"),
        ("answer with `outlive approve` or `outlive send api`", "`outlive approve` or `outlive send build1:api`"),
        ("no such call; run `outlive upgrade`", "run `outlive upgrade --on build1`"),
        ("no chat runs; `outlive new AGENT` starts one", "`outlive new --on build1 AGENT` starts one"),
        ("remove them with `outlive rm --ended`", "`outlive rm --on build1 --ended`"),
    ],
)
def test_a_remedy_of_another_machine_is_a_command_that_works_here(there: str, here: str) -> None:
    assert here in str(calls.error_of("build1", "NotResumable", there))


@pytest.mark.parametrize("kind", ["Unreachable", "LoginNeeded", "NotInstalled"])
def test_a_machine_that_answers_that_it_is_unreachable_is_not_asked_again_and_again(kind: str) -> None:
    assert not isinstance(calls.error_of("build1", kind, "no"), Unreachable)
