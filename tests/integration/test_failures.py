"""Bad input and failures: each is reported in one line, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sqlite3
import uuid
from pathlib import Path

import pytest

from session_host.cli.doctor import files
from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.client.sessions.session_info import list_sessions
from session_host.client.sessions.store_access import open_or_recover, open_store
from session_host.errors import (
    HostUnavailable,
    LaunchFailed,
    OutliveError,
    ProtocolMismatch,
    SessionEnded,
)
from session_host.paths import database, session_socket
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.messages import (
    PROTOCOL_VERSION,
    Describe,
    Done,
    Error,
    Failed,
    FromClient,
    FromHost,
    Hello,
    Key,
    Kill,
    Welcome,
)
from session_host.protocol.values import ErrorCode, State
from session_host.storage.store import Store
from session_host.storage.store.session_row import copied_columns
from session_host.system.clock import now
from session_host.version import VERSION
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.facts import chat_facts
from tests.support.hosts import end, start, watching
from tests.support.journals import one_line
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


async def test_a_program_that_the_kernel_cannot_execute_is_reported_in_one_line(area: Area) -> None:
    broken = area.home / "broken"
    broken.write_bytes(b"\x7fELF is not enough")
    broken.chmod(0o755)
    with pytest.raises(LaunchFailed) as caught:
        await start(str(broken))
    assert ": Exec format error" in one_line(caught.value)


async def test_a_socket_path_that_is_too_long_is_reported(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLIVE_RUNTIME_DIR", str(area.root / ("d" * 90)))
    with pytest.raises(OutliveError, match=r"too long \(\d+ bytes, 107 at most\); set OUTLIVE_RUNTIME_DIR"):
        await start("true")


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x00\x00\x01\xc1"])
async def test_an_unknown_process_at_the_socket_is_reported(
    area: Area, says: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not says:
        monkeypatch.setattr("session_host.client.connection.GREETING_TIMEOUT_S", 0.3)
    session_id = str(uuid.uuid4())
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(session_socket(session_id)))
        stranger.listen()
        description = asyncio.ensure_future(request(session_id, Describe(0)))
        peer, _ = await asyncio.to_thread(stranger.accept)
        with peer:
            peer.sendall(says)
            with pytest.raises(HostUnavailable) as caught:
                await description
        one_line(caught.value)


async def test_another_chats_host_at_the_socket_is_reported(area: Area) -> None:
    record = await start("cat")
    other = str(uuid.uuid4())
    session_socket(other).symlink_to(session_socket(record.id))
    with pytest.raises(HostUnavailable, match="belongs to another chat"):
        await request(other, Describe(0))
    session_socket(other).unlink()
    await end(record.id)


async def test_a_stale_socket_is_reported_and_does_no_harm(area: Area) -> None:
    session_id = str(uuid.uuid4())
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(session_socket(session_id)))
    with pytest.raises(HostUnavailable, match="cannot connect to the chat"):
        await HostConnection.open(session_id, "control")


async def test_a_peer_that_breaks_the_protocol_gets_an_error_and_is_dropped(area: Area) -> None:
    record = await start("cat")

    async def conversation(data: bytes) -> list[object]:
        reader, writer = await asyncio.open_unix_connection(str(session_socket(record.id)))
        writer.write(data)
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return list(Decoder(FromHost).feed(answer))

    hello = encode(Hello(PROTOCOL_VERSION, "viewer"))
    assert isinstance((await conversation(encode(Key("", 1, "a", "a"))))[-1], Error)
    assert isinstance((await conversation(b"\xff\xff\xff\xff"))[-1], Error)
    assert isinstance((await conversation(hello + hello))[-1], Error)
    answer = (await conversation(hello + b"\x00\x00\x00\x03\x93\xa3x"))[-1]
    assert isinstance(answer, Error)
    assert isinstance(await request(record.id, Describe(0)), object), "the session does not mind"
    await end(record.id)


async def test_a_host_of_another_protocol_version_is_reported(area: Area) -> None:
    session_id = str(uuid.uuid4())

    gone = asyncio.Event()

    async def old_host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = Decoder(FromClient)
        while not list(decoder.feed(await reader.read(4096))):
            pass
        writer.write(encode(Welcome(999, "9", session_id, State.RUNNING)))
        with contextlib.suppress(ConnectionError):  # It may leave before all is sent.
            await reader.read()
            writer.close()
            await writer.wait_closed()
        gone.set()

    server = await asyncio.start_unix_server(old_host, str(session_socket(session_id)))
    try:
        with pytest.raises(ProtocolMismatch):
            await request(session_id, Describe(0))
        await asyncio.wait_for(gone.wait(), 60)
    finally:
        server.close()
    session_socket(session_id).unlink(missing_ok=True)  # from Python 3.13 on, close() removes it


async def test_a_stop_repeated_after_the_hosts_death_finds_the_chat_ended(area: Area) -> None:
    """The host dies during the request, and the host after it finds the chat already ended."""
    session_id = str(uuid.uuid4())
    requests: list[Kill] = []

    async def host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(Welcome(PROTOCOL_VERSION, VERSION, session_id, State.RUNNING)))
        decoder = Decoder(FromClient)
        with contextlib.suppress(ConnectionError):  # A caller that only looks for a host leaves at once.
            while data := await reader.read(4096):
                for message in decoder.feed(data):
                    if isinstance(message, Kill):
                        requests.append(message)
                        if len(requests) == 1:
                            writer.close()
                            return
                        writer.write(encode(Failed(message.request, ErrorCode.ENDED, "the chat has ended")))
        writer.close()

    area.state.mkdir(exist_ok=True)
    with Store.open(database()) as store:
        store.insert(
            chat_facts(
                id=session_id, name="x", agent="command", argv=["cat"], cwd="/", state=State.RUNNING, created_at=now()
            )
        )
    server = await asyncio.start_unix_server(host, str(session_socket(session_id)))
    try:
        assert isinstance(await request(session_id, Kill(0)), Done)
        assert len(requests) == 2
        with pytest.raises(SessionEnded):
            await request(session_id, Kill(0))
    finally:
        server.close()
    session_socket(session_id).unlink(missing_ok=True)  # from Python 3.13 on, close() removes it


async def test_a_damaged_store_ends_no_running_chat(area: Area) -> None:
    first = await start("cat", name="first")
    second = await start("cat", name="second")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database()}{suffix}").unlink(missing_ok=True)
    database().write_bytes(b"not a database at all" * 500)
    store, warning = open_or_recover()
    with store:
        assert "; 2 running chats were found; the damaged file is" in warning
        assert "\n" not in warning
        assert {info.name for info in list_sessions(store, ended=False)} == {"first", "second"}
    for record in (first, second):
        async with watching(record.id):
            pass
        await end(record.id)


def damage_pages() -> None:
    """Damage all pages but the first, so that the file can be opened."""
    with contextlib.closing(sqlite3.connect(database())) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with database().open("r+b") as file:
        for page in range(1, database().stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xde\xad\xbe\xef" * 64)


@pytest.mark.parametrize(
    "words",
    [["ls"], ["new", "-d", "--", "cat"], ["kill", "first"]],
    ids=lambda words: words[0],
)
async def test_a_command_rebuilds_a_store_in_which_it_finds_damage(area: Area, words: list[str]) -> None:
    first = await start("cat", name="first")
    damage_pages()
    done = outlive(*words)
    assert done.code == 0, done.error
    assert done.error.count("\n") == 1
    assert "damaged and has been rebuilt; 1 running chat was found; the damaged file is" in done.error
    assert outlive("ls", "--all").error == ""
    assert len(outlive("ls", "--all", "--json").json()) == (2 if words[0] == "new" else 1)
    if words[0] != "kill":
        await end(first.id)


def remove_record() -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database()}{suffix}").unlink(missing_ok=True)


async def test_a_removed_store_hides_no_running_chat(area: Area) -> None:
    first, second = await start("cat", name="first"), await start("cat", name="second")
    remove_record()
    assert "2 chats are missing" in _doctor_message()
    listed = outlive("ls", "--json")
    assert {info["id"] for info in listed.json()} == {first.id, second.id}
    assert listed.error.endswith("; 2 running chats were found\n")
    assert outlive("ls").error == "", "said once"
    third = await start("cat", name="third")
    remove_record()
    done = outlive("kill-all", "--yes")
    assert (done.code, done.output) == (0, "killed 3 chats\n")
    for record in (first, second, third):
        assert record.program.child_pid is not None
        assert not processes.is_alive(record.program.child_pid)


async def test_ended_chats_are_listed_again_after_the_store_is_lost(area: Area) -> None:
    ended = outlive("new", "-d", "-n", "ended", "--", "sh", "-c", "echo was here; exit 3").output.split()[-1]
    outlive("wait", ended, "--exited")
    outlive("rename", ended, "renamed")
    running = await start("cat", name="running")
    removed = outlive("new", "-d", "--", "true").output.split()[-1]
    outlive("wait", removed, "--exited")
    outlive("rm", removed)
    wait_until(lambda: not session_socket(removed).exists(), 10, "its host to end")
    remove_record()
    assert "2 chats are missing" in _doctor_message()

    listed = outlive("ls", "--all", "--json")

    assert listed.error.endswith("; 1 running and 1 ended chats were found\n")
    assert [(each["name"], each["state"], each["exit_code"]) for each in listed.json()] == [
        ("renamed", "exited", 3),
        ("running", "running", None),
    ]
    assert outlive("peek", "renamed").output == "was here\n"
    await end(running.id)
    remove_record()
    assert outlive("ls", "--all").error.endswith("; 2 ended chats were found\n")


async def test_a_store_recreated_by_another_chat_is_not_taken_as_complete(area: Area) -> None:
    first = await start("cat", name="first")
    remove_record()
    second = await start("cat", name="second")
    assert {info["id"] for info in outlive("ls", "--json").json()} == {first.id, second.id}
    await end(first.id)
    await end(second.id)


async def test_a_removed_store_hides_no_chat_with_a_silent_host(area: Area) -> None:
    record = await start("cat", name="stuck", directory="/tmp")
    host = (await request(record.id, Describe(0))).facts.program.host_pid
    wait_until(lambda: open_and_get(record.id) is State.RUNNING, 10, "its start to be written down")
    processes.stop(host)
    remove_record()
    [info] = outlive("ls", "--json").json()
    assert (info["id"], info["child_pid"]) == (record.id, record.program.child_pid)
    assert info["argv"][0].endswith("cat")
    columns = copied_columns(record)
    known = {"name", "agent", "cwd", "created_at", "engine"}
    assert {each: info[each] for each in known} == {each: columns[each] for each in known}
    assert outlive("kill", "stuck").code == 0
    assert record.program.child_pid is not None
    assert not processes.is_alive(record.program.child_pid)


def open_and_get(session_id: str) -> State | None:
    with open_store() as store:
        record = store.get(session_id)
    return record.outcome.state if record is not None else None


def _doctor_message() -> str:
    return " ".join(check.message for check in files.database())


async def test_a_store_damaged_under_a_running_chat_gets_its_end(area: Area) -> None:
    record = await start("sh", "-c", "read x; exit 6")
    for suffix in ("-wal", "-shm"):
        Path(f"{database()}{suffix}").unlink(missing_ok=True)
    database().write_bytes(os.urandom(8192))
    async with watching(record.id) as (viewer, watcher):
        viewer.text("\r")
        await watcher.until(lambda: viewer.line.shown == "ended", "the end")
    from tests.support.waiting import eventually

    def ended() -> bool:
        try:
            with open_store() as store:
                stored = store.get(record.id)
        except OutliveError:
            return False
        return stored is not None and stored.outcome.exit_code == 6

    await eventually(ended, 15, "the end to be recorded in a fresh record")
