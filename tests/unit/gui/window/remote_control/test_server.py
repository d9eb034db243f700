"""The window's control socket, and the claim that allows only one window process."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gui.window.remote_control import single_instance
from gui.window.remote_control.server import MAX_LINE_BYTES, RIGHTS, ControlRequest, ControlServer, Handler
from session_host import paths
from session_host.errors import NoSuchSession, NotAllowed
from session_host.protocol.rights import Right
from session_host.system.processes.permission import AGENT_CHATS
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment
from tests.support.disks import remove_in_use
from tests.support.fuzzing import chance, some, some_number, some_text, times


@pytest.fixture
async def served(area: Area, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[ControlRequest]]:
    """Serve the socket; yields the received requests."""
    got: list[ControlRequest] = []

    async def tabs(request: ControlRequest) -> list[str]:
        got.append(request)
        return ["a"]

    async def show(request: ControlRequest) -> None:
        raise NoSuchSession(f"no chat {request.session}")

    claim = single_instance.claim_or_raise()
    assert claim is not None
    far = {"session_id": "devbox/x", "name": "api"}

    async def ask_attention(request: ControlRequest, agents_chat: str) -> dict[str, str]:
        got.append(request)
        return {"asked by": agents_chat}

    async def two(_request: ControlRequest) -> list[dict[str, str]]:
        return [far, {"session_id": "y", "name": "docs"}]

    async def one(_request: ControlRequest) -> dict[str, str]:
        return far

    async def failing(_request: ControlRequest) -> None:
        raise ValueError("of ours")

    handlers: dict[str, Handler] = {
        "tabs": tabs,
        "show": show,
        "grab": tabs,
        "close": tabs,
        "two": two,
        "next": one,
        "toggle": failing,
    }
    monkeypatch.setitem(RIGHTS, "two", Right.READ)
    server = ControlServer(handlers, ask_attention)
    await server.start(claim.listener)
    yield got
    await server.close()
    claim.release()


async def ask(*lines: bytes) -> list[dict[str, Any]]:
    reader, writer = await asyncio.open_unix_connection(str(paths.window_socket()))
    try:
        writer.write(b"".join(lines))
        writer.write_eof()
        return [json.loads(line) async for line in reader]
    finally:
        writer.close()
        await writer.wait_closed()


async def test_requests_are_answered_in_order(served: list[ControlRequest]):
    answers = await ask(b'{"verb": "tabs"}\n', b'{"verb": "show", "session": "x", "later": 1}\n', b'{"verb": "tabs"}\n')
    assert answers == [
        {"ok": True, "result": ["a"]},
        {"ok": False, "error": "no chat x", "exit_code": 3},
        {"ok": True, "result": ["a"]},
    ]


async def test_a_request_that_fails_unexpectedly_is_answered_and_logged(
    served: list[ControlRequest], caplog: pytest.LogCaptureFixture
):
    answers = await ask(b'{"verb": "toggle"}\n', b'{"verb": "tabs"}\n')
    error = "unexpected error (ValueError); `outlive logs --window` has the details"
    assert answers == [{"ok": False, "error": error, "exit_code": 1}, {"ok": True, "result": ["a"]}]
    assert "of ours" in caplog.text


async def test_an_agent_may_not_take_a_picture_of_the_window_or_close_it(served: list[ControlRequest]):
    async def window(*words: str, chats: str = "an-agents-chat") -> int:
        process = await asyncio.create_subprocess_exec(
            *OUTLIVE, "window", *words, env=environment({AGENT_CHATS: chats}), stderr=subprocess.DEVNULL
        )
        return await process.wait()

    assert await window("grab", "picture.png") == NotAllowed.exit_code
    assert await window("close") == NotAllowed.exit_code
    assert served == []

    assert await window("close", chats="") == 0
    assert [request.kind for request in served] == ["close"]


@pytest.mark.parametrize("chats", ["", "an-agents-chat"])
async def test_an_agent_learns_nothing_of_another_machine_through_the_window(served: list[ControlRequest], chats: str):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _ASK,
        str(paths.window_socket()),
        env=environment({AGENT_CHATS: chats}),
        stdout=subprocess.PIPE,
    )
    output, _ = await process.communicate()
    shown, listed, following = map(json.loads, output.splitlines())
    assert ("not the machine devbox" if chats else "no chat devbox/x") in shown["error"]
    assert [each["name"] for each in listed["result"]] == (["docs"] if chats else ["api", "docs"])
    assert following["result"] == ({"asked by": chats} if chats else {"session_id": "devbox/x", "name": "api"})


_ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as window:
    window.connect(sys.argv[1])
    for request in ('"show", "session": "devbox/x"', '"two"', '"next"'):
        window.sendall(b'{"verb": %s}\\n' % request.encode())
    lines = window.makefile()
    print(*(lines.readline() for _ in range(3)), sep="", end="")
"""


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\n",
        b"[]\n",
        b'{"verb": 3}\n',
        b'{"verb": "dance"}\n',
        b"\xff\xfe\n",
        b'{"verb": "\xff"}\n',
        b'{"verb":"tabs","x":' + b"[" * 9000 + b"\n",
    ],
)
async def test_nonsense_is_refused_in_one_line_and_the_next_request_is_served(
    served: list[ControlRequest], line: bytes
):
    refused, done = await ask(line, b'{"verb": "tabs"}\n')
    assert refused["ok"] is False
    assert refused["exit_code"] == 2
    assert "\n" not in refused["error"]
    assert done["ok"] is True


async def test_an_error_that_names_a_chat_with_control_characters_is_one_line(served: list[ControlRequest]):
    names = ["a\nb\r\x1b[31m\u2028\x00c", "x" * 9000]
    wrong, long = await ask(*[json.dumps({"verb": "show", "session": name}).encode() + b"\n" for name in names])
    assert wrong["error"] == "no chat a b [31m c"
    assert len(long["error"]) < 1000


async def test_a_line_without_end_is_dropped(served: list[ControlRequest]):
    assert await ask(b"x" * (MAX_LINE_BYTES * 3)) == []
    assert await ask(b'{"verb": "tabs"}') == [], "half a request is none"
    assert served == []


def test_only_its_owner_can_use_the_socket(area: Area):
    claim = single_instance.claim_or_raise()
    assert claim is not None
    assert paths.window_socket().stat().st_mode & 0o777 == 0o600
    claim.release()
    assert not paths.window_socket().exists()


def test_a_socket_that_a_dead_window_left_is_replaced(area: Area):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(paths.window_socket()))
    claim = single_instance.claim_or_raise()
    assert claim is not None
    claim.release()


def test_a_start_right_after_the_window_was_killed_opens_another(area: Area):
    claim = single_instance.claim_or_raise()
    assert claim is not None

    def die() -> None:
        connection, _ = claim.listener.accept()
        connection.close()
        claim.release()

    window = threading.Thread(target=die)
    window.start()
    second = single_instance.claim_or_raise()
    window.join(60)
    assert second is not None
    second.release()


def test_a_second_start_waits_for_a_window_that_is_just_ending(area: Area):
    claim = single_instance.claim_or_raise()
    assert claim is not None
    paths.window_socket().unlink()
    later = threading.Timer(0.2, claim.release)
    later.start()
    second = single_instance.claim_or_raise()
    later.join()
    assert second is not None
    second.release()


def test_removed_lock_and_socket_are_restored_and_a_second_start_is_refused(area: Area):
    claim = single_instance.claim_or_raise()
    assert claim is not None
    assert not claim.check_socket(), "all is there"
    previous = claim.listener
    remove_in_use(paths.runtime_dir())
    assert claim.check_socket()
    previous.close()
    assert single_instance._take_lock(single_instance._lock_path()) is None
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(paths.window_socket()))
    claim.release()
    assert not paths.window_socket().exists()


def test_a_window_started_while_the_directory_was_missing_keeps_its_socket(area: Area):
    first = single_instance.claim_or_raise()
    assert first is not None
    remove_in_use(paths.runtime_dir())
    second = single_instance.claim_or_raise()
    assert second is not None
    assert not first.check_socket()
    assert first.is_lost
    first.release()
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(paths.window_socket()))
    second.release()


async def test_random_lines_are_answered_or_dropped_and_the_next_is_served(
    served: list[ControlRequest], caplog: pytest.LogCaptureFixture
):
    with chance() as choose:
        for _ in range(times(40)):
            lines = [_some_line(choose) for _ in range(choose.randrange(1, 6))]
            data = b"".join(lines)
            if choose.random() < 0.2:
                data = data[: choose.randrange(len(data) + 1)]
            for answer in await ask(data):
                assert isinstance(answer["ok"], bool)
                if not answer["ok"]:
                    assert answer["error"]
                    assert "\n" not in answer["error"]
                    assert len(answer["error"]) < 1000
                    assert isinstance(answer["exit_code"], int)
        assert (await ask(b'{"verb": "tabs"}\n'))[0]["ok"] is True
    assert caplog.records == [], "no exception was left unhandled"


def _some_line(choose: random.Random) -> bytes:
    match choose.randrange(7):
        case 0:
            return choose.randbytes(choose.randrange(80)).replace(b"\n", b"") + b"\n"
        case 1:
            return b"[" * choose.randrange(1, 30000) + b"\n"
        case 2:
            return b'{"verb":"tabs","x":' + b'{"a":' * choose.randrange(1, 5000) + b"\n"
        case 3:
            return b'{"verb":"tabs","x":' + b"[" * 3000 + b"]" * 3000 + b"}\n"
        case 4:
            return b'{"verb":"' + choose.randbytes(20).replace(b"\n", b"").replace(b'"', b"") + b'"}\n'
        case _:
            request = {"verb": some(choose, ["tabs", "show", some_text(choose), some_number(choose)])}
            for name in ("session", "file", "verb", some_text(choose)):
                if choose.random() < 0.3:
                    request[name] = choose.choice([some_text(choose), some_number(choose), None, [1], {"a": 1}])
            return json.dumps(request).encode() + b"\n"
