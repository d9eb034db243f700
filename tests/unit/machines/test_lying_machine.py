"""A machine whose Outlive is a program that lies: the process here lives, and says so in one line."""

from __future__ import annotations

import asyncio
import json
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from session_host.client import connection
from session_host.client.sessions.listing import session_named
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import HostUnavailable, OutliveError, Unreachable
from session_host.machines import bridge, install, link, listing, names, remote, stream
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.paths import short_directory
from session_host.protocol.bridge import (
    BRIDGE_PROTOCOL,
    CHUNK_BYTES,
    Data,
    Ended,
    Frame,
    Grant,
    Opened,
    Ping,
    Pong,
    Ready,
)
from session_host.protocol.codec import encode
from session_host.protocol.facts import Foreground
from session_host.protocol.messages import HostReport
from session_host.protocol.values import State
from session_host.system.clock import as_text, earlier, now_ms
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.facts import changed, chat_facts

ENTRY = MachineEntry("liar", "liar")

SSH = """#!/bin/sh
case "$*" in -G*) exit 0;; *"-O check"*) exit 255;; esac
for last; do :; done
token=${{last#*bridge }}
cat {noise}
printf '\\n{mark}%s\\n' "${{token%%;*}}"
cat {ready}
head -c 5 > /dev/null
while cat {answer} && [ -e {endless} ]; do :; done
exec cat > /dev/null
"""

READY = encode(Ready(BRIDGE_PROTOCOL, "9"))

Lie = Callable[..., None]


@pytest.fixture
def lie(area: Area, monkeypatch: pytest.MonkeyPatch) -> Lie:
    """Sets what the machine ``liar`` says at each connection: before and as it is ready, and to the first request."""
    ssh, noise, ready_file, answer, endless = (
        area.root / name for name in ("ssh", "noise", "ready", "answer", "endless")
    )
    ssh.write_text(SSH.format(mark=bridge.MARK, noise=noise, ready=ready_file, answer=answer, endless=endless))
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(area.root), prepend=":")
    names.add(ENTRY)

    def say(*frames: Frame | bytes, ready: bytes = READY, is_endless: bool = False, before: bytes = b"") -> None:
        noise.write_bytes(before)
        ready_file.write_bytes(ready)
        answer.write_bytes(b"".join(each if isinstance(each, bytes) else encode(each) for each in frames))
        if is_endless:
            endless.touch()

    return say


def _reply(value: Any) -> list[Frame]:
    data = msgspec.msgpack.encode(value)
    return [*(Data(1, data[at : at + CHUNK_BYTES]) for at in range(0, len(data), CHUNK_BYTES)), Ended(1)]


def _info(*, notice: str = "", foreground: Any = None, **columns: Any) -> Any:
    """A chat of a list, as another machine sends it; nothing checks these values here."""
    facts = changed(chat_facts(id="x", name="x", agent="claude", created_at="", state=State.RUNNING), **columns)
    if foreground is not None:
        facts = replace(facts, foreground=Foreground(foreground))
    info = SessionInfo(facts=facts, host=HostReport(0, 0, notice=notice))
    return msgspec.to_builtins(info, builtin_types=(bytes,))


LIES: dict[str, tuple[Sequence[Frame | bytes], str]] = {
    "garbage": ([b"\xff" * 1000], "is not Outlive"),
    "a huge frame": ([b"\x7f\xff\xff\xff"], "is not Outlive"),
    "a message of the other direction": ([Ping()], "is not Outlive"),
    "nested values": ([(1000).to_bytes(4, "big") + b"\x91" * 1000], "is not Outlive"),
    "unknown channels": (
        [Data(99, b"x"), Opened(98), Grant(97, 5), Ended(96), Pong(), Opened(1), Grant(1, -5), *_reply("x")],
        "cannot be read",
    ),
    "an end without an answer": ([Ended(1)], "cannot be read"),
    "an answer of another type": (_reply([_info(columns="eighty")]), "cannot be read"),
    "an answer that is no list": (_reply({"a": 1}), "cannot be read"),
    "an error with escape sequences": ([Ended(1, "NoSuchSession", "\x1b]0;title\x07no")], r"liar: +\]0;title no"),
    "an error of no kind": ([Ended(1, "__doc__", "no")], "liar: no"),
}


@pytest.mark.parametrize("name", LIES)
async def test_a_list_from_a_machine_that_lies_is_one_line(lie: Lie, name: str) -> None:
    frames, message = LIES[name]
    lie(*frames)
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, problem: problems.append(problem))
    [result] = await listing.listed([ENTRY], Selection(), ended=False, wait_s=5.0)
    assert isinstance(result, OutliveError)
    with pytest.raises(OutliveError, match=message):
        raise result
    assert str(result).isprintable()
    assert not problems


async def test_a_silent_machine_keeps_the_next_list_waiting_less(lie: Lie, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_at_most(first_s: float, silent_s: float) -> None:
        monkeypatch.setattr(listing, "LIST_TIMEOUT_S", first_s)
        monkeypatch.setattr(listing, "SILENT_LIST_TIMEOUT_S", silent_s)

    lie(ready=b"")
    for waits in [(0.3, 60.0), (60.0, 0.1)]:
        wait_at_most(*waits)
        [result] = await listing.listed([ENTRY], Selection(), ended=False)
        assert str(result) == "liar: no answer"
    lie(*_reply([]))
    wait_at_most(0.0, 60.0)
    [result] = await listing.listed([ENTRY], Selection(), ended=False)
    assert isinstance(result, listing.Listed)


@pytest.mark.parametrize("ahead_h", [-1, 0, 1])
async def test_ages_of_chats_where_the_clock_is_wrong_are_right(lie: Lie, ahead_h: int) -> None:
    ahead_s = ahead_h * 3600
    began, now = (as_text(time.time() + ahead_s - ago_s) for ago_s in (120, 60))
    ready = Ready(BRIDGE_PROTOCOL, "9", now_ms() + 1000 * ahead_s)
    lie(*_reply([_info(created_at=began, activity="idle", since=now)]), ready=encode(ready))
    [result] = await listing.listed([ENTRY], Selection(), ended=False)
    assert isinstance(result, listing.Listed)
    [info] = result.infos
    for text, ago_s in [(info.facts.origin.created_at, 120), (info.status.since, 60)]:
        assert ago_s - 2 < time.time() - datetime.fromisoformat(text or "").timestamp() < ago_s + 30
    assert info.facts.outcome.ended_at is None


@pytest.mark.parametrize(
    ("there_s", "ahead_s"),
    [(1.0, 0), (-4.0, 0), (3600.4, 3600), (-3600.4, -3600), (86400 * 365, 0), (-1.7e9, 0), (2**60, 0), (-(2**60), 0)],
)
def test_a_clock_that_is_wrong_is_corrected_within_bounds(there_s: float, ahead_s: int) -> None:
    here_ms = 1_700_000_000_000
    assert stream.clock_ahead(here_ms + int(there_s * 1000), here_ms) == timedelta(seconds=ahead_s)


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00Z", "\x1b[2J"])
def test_a_time_that_cannot_be_corrected_stays(text: str) -> None:
    assert earlier(text, timedelta(hours=1)) == text


async def test_a_machine_that_never_is_ready_is_given_up(lie: Lie, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "CONNECT_TIMEOUT_S", 0.3)
    lie(ready=b"")
    far = link.Link(ENTRY)
    with pytest.raises(Unreachable, match="liar: no answer within"):
        await far.ready()
    await far.close()


@pytest.mark.parametrize(
    ("ready", "before", "message"),
    [
        (READY + b"\xff" * 100, b"", "is not Outlive"),
        (
            encode(Ready(BRIDGE_PROTOCOL + 1, "\x1b[2J9.0")),
            b"",
            r"liar: it has Outlive \[2J9.0, which this version cannot",
        ),
        (b"", b"welcome\n" * 50_000, "liar: its login shell prints too much"),
    ],
)
async def test_a_beginning_that_is_no_beginning_is_one_line(
    lie: Lie, ready: bytes, before: bytes, message: str
) -> None:
    lie(ready=ready, before=before)
    far = link.Link(ENTRY)
    with pytest.raises(Unreachable, match=message):
        await far.ready()
    await far.close()


@pytest.mark.parametrize(
    ("told", "home"),
    [("/home/a b", "/home/a b"), ("home", ""), ("/\x1b[2J", ""), ("/a\nb", ""), ("/" + "a" * 5000, ""), ("", "")],
)
async def test_a_home_that_can_be_none_is_not_believed(lie: Lie, told: str, home: str) -> None:
    lie(ready=encode(Ready(BRIDGE_PROTOCOL, "9", home=told)))
    far = RemoteMachine(link.Link(ENTRY))
    await far.link.ready()
    assert far.home == home
    assert short_directory("/home/a b/src", far.home) == ("~/src" if home else "/home/a b/src")
    await far.link.close()


async def test_start_files_may_print_64_kilobytes(lie: Lie) -> None:
    lie(before=b"x" * 65536)
    far = link.Link(ENTRY)
    await far.ready()
    await far.close()


async def test_an_endless_answer_ends_with_an_error_and_takes_little_memory(
    lie: Lie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "MAX_REPLY_BYTES", 1024 * 1024)
    lie(*[Data(1, bytes(CHUNK_BYTES))] * 4, is_endless=True)
    far = link.Link(ENTRY)
    tracemalloc.start()
    try:
        with pytest.raises(OutliveError):
            await remote.RemoteMachine(far).call(session_named, "x")
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()
        await far.close()


@pytest.mark.parametrize(
    "frames",
    [
        [Data(1, b"too early")],
        [Ended(1)],
        [Ended(1, "HostUnavailable", "no")],
        [Opened(1), Opened(1), Data(1, b"\xff" * 100)],
        [Opened(1), Ended(1)],
        [Opened(1), *[Data(1, bytes(CHUNK_BYTES))] * 20],
    ],
)
async def test_a_connection_to_a_chat_of_a_machine_that_lies_fails(
    lie: Lie, monkeypatch: pytest.MonkeyPatch, frames: list[Frame]
) -> None:
    lie(*frames)
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, problem: problems.append(problem))
    monkeypatch.setattr(connection, "GREETING_TIMEOUT_S", 0.3)
    far = link.Link(ENTRY)
    with pytest.raises(HostUnavailable):
        await remote.RemoteMachine(far).connect("x", "viewer")
    await far.close()
    assert not problems


def test_a_machine_without_outlive_that_prints_without_end_is_given_up(lie: Lie) -> None:
    lie(b"y\n" * 4096, is_endless=True)
    with pytest.raises(Unreachable, match="liar: it prints too much"):
        install.plan(ENTRY)


def test_hostile_values_of_chats_are_printed_as_harmless_text(lie: Lie) -> None:
    hostile = "\x1b]0;owned\x07\x9b2J\u202e\n"
    values: dict[str, Any] = {
        "name": hostile,
        "agent": hostile,
        "cwd": hostile,
        "activity": hostile,
        "since": hostile,
        "detail": hostile,
        "created_at": "2026-01-01T00:00:00",
        "foreground": hostile,
        "notice": hostile,
        "id": hostile,
        "exit_signal": 10**9,
    }
    lie(*_reply([_info(**values), _info(argv=[hostile]), _info(**values, state="exited", runtime="structured")]))
    table = outlive("ls", "--on", "liar")
    assert (table.code, table.error) == (0, "")
    assert all(line.isprintable() for line in table.output.splitlines())
    listed = outlive("ls", "--on", "liar", "--json")
    assert json.loads(listed.output)[0]["name"] == hostile
    assert all(line.isprintable() for line in listed.output.splitlines())


def test_the_exit_code_of_a_command_is_one_of_a_process(lie: Lie) -> None:
    lie(Data(1, b"done\n"), Ended(1, code=256))
    done = outlive("peek", "liar:x")
    assert (done.code, done.output) == (1, "done\n")


def test_what_a_command_there_prints_into_a_pipe_has_no_control_characters(lie: Lie) -> None:
    text = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m\tand\x9b31m\r more\nnächste 👩\u200d💻\n".encode()
    lie(Data(1, text), Data(1, b"\x1b[2Jproblem\n", is_error=True), Ended(1))
    done = outlive("peek", "liar:x")
    assert (done.output, done.error) == ("]0;owned[2J[31mred[0m\tand31m more\nnächste 👩\u200d💻\n", "[2Jproblem\n")
    done = outlive("peek", "liar:x", "--ansi")
    assert done.output == "]0;owned[2J\x1b[31mred\x1b[0m\tand31m more\nnächste 👩\u200d💻\n"
