"""An agent's own state file: which files count, and that any content is harmless."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.host.watchers.state_file import (
    StateFile,
    StateFileContent,
    _State,
    _Unreadable,
    claude_directory,
    parse,
    qwen_directory,
)
from session_host.system.processes.identity import start_time

TIMEOUT_S = 60.0


def content(**changes: object) -> bytes:
    fields: dict[str, object] = {"pid": os.getpid(), "procStart": str(start_time(os.getpid())), "sessionId": "c1"}
    return json.dumps(fields | {"status": "busy"} | changes).encode()


class ReportedStates:
    """Collects the reported contents of a state file."""

    def __init__(self) -> None:
        self.states: asyncio.Queue[StateFileContent] = asyncio.Queue()

    async def next(self) -> StateFileContent:
        return await asyncio.wait_for(self.states.get(), TIMEOUT_S)


@asynccontextmanager
async def following(directory: Path, child: int | None = None) -> AsyncIterator[ReportedStates]:
    reports = ReportedStates()
    file = StateFile(directory, child or os.getpid(), reports.states.put_nowait)
    file.start()
    try:
        yield reports
    finally:
        file.close()


async def test_the_file_is_followed_from_its_first_content_to_its_removal(tmp_path: Path) -> None:
    path = tmp_path / f"{os.getpid()}.json"
    path.write_bytes(content())
    (tmp_path / f"{os.getpid()}.abcd.key").write_bytes(b"secret")
    async with following(tmp_path) as reports:
        assert await reports.next() == StateFileContent("busy", "", "c1")
        path.write_bytes(content(status="waiting", waitingFor="permission prompt"))
        assert await reports.next() == StateFileContent("waiting", "permission prompt", "c1")
        path.write_bytes(content(status="waiting", waitingFor="permission prompt"))
        path.write_bytes(content(status="idle", waitingFor=None, sessionId="c2"))
        assert await reports.next() == StateFileContent("idle", "", "c2"), "an unchanged state is not reported again"
        path.unlink()
        assert (await reports.next()).is_gone
        path.write_bytes(content())
        assert (await reports.next()).status == "busy"
        assert reports.states.empty()


async def test_a_wrappers_agent_that_is_killed_leaves_no_state(tmp_path: Path) -> None:
    agent = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
    path = tmp_path / f"{agent.pid}.json"
    path.write_bytes(content(pid=agent.pid, procStart=str(start_time(agent.pid)), status="waiting"))
    async with following(tmp_path) as reports:
        assert (await reports.next()).status == "waiting"
        agent.kill()
        assert (await reports.next()).is_gone
        assert path.exists()
        path.with_name(f"{os.getpid()}.json").write_bytes(content(status="idle"))
        assert (await reports.next()).status == "idle", "the next agent of the same wrapper"
    await agent.wait()


async def test_a_directory_that_is_created_removed_and_created_again_is_followed(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b" / "sessions"
    async with following(directory) as reports:
        for status in ("idle", "busy"):
            directory.mkdir(parents=True)
            path = directory / f"{os.getpid()}.json"
            path.write_bytes(content(status=status))
            assert (await reports.next()).status == status
            path.unlink()
            assert (await reports.next()).is_gone
            directory.rmdir()
            directory.parent.rmdir()


async def test_a_file_that_replaces_another_by_rename_is_read(tmp_path: Path) -> None:
    path = tmp_path / f"{os.getpid()}.json"
    async with following(tmp_path) as reports:
        for status in ("idle", "busy", "idle"):
            (tmp_path / "aside").write_bytes(content(status=status))
            (tmp_path / "aside").rename(path)
            assert (await reports.next()).status == status


async def test_a_half_written_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / f"{os.getpid()}.json"
    path.write_bytes(content())
    async with following(tmp_path) as reports:
        await reports.next()
        descriptor = os.open(path, os.O_WRONLY)
        os.pwrite(descriptor, content(status="idle")[:20] + b"}", 0)
        os.fsync(descriptor)
        os.pwrite(descriptor, content(status="idle"), 0)
        os.ftruncate(descriptor, len(content(status="idle")))
        os.close(descriptor)
        assert (await reports.next()).status == "idle"


@pytest.mark.parametrize(
    "changes", [{"procStart": "1"}, {"procStart": None}, {"pid": 1}, {"pid": -1}, {"pid": "x"}, {"status": 3}]
)
async def test_the_file_of_another_process_is_ignored(tmp_path: Path, changes: dict[str, object]) -> None:
    (tmp_path / f"{os.getpid()}.json").write_bytes(content(**changes))
    (tmp_path / f"{os.getppid()}.json").write_bytes(content(pid=os.getppid(), procStart=start_time(os.getppid())))
    (tmp_path / "x.json").mkdir()
    os.mkfifo(tmp_path / "1.json")
    async with following(tmp_path) as reports:
        (tmp_path / f"{os.getpid()}.json").write_bytes(content(status="idle"))
        assert await reports.next() == StateFileContent("idle", "", "c1")
        assert reports.states.empty()


async def test_qwens_start_time_contains_the_boot_id_and_its_file_has_no_status(tmp_path: Path) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    fields = {"pid": os.getpid(), "procStart": f"{boot}:{start_time(os.getpid())}", "sessionId": "c1", "kind": "tui"}
    (tmp_path / f"{os.getpid()}.json").write_text(json.dumps(fields), encoding="utf-8")
    async with following(tmp_path) as reports:
        assert await reports.next() == StateFileContent("", "", "c1")


async def test_the_file_of_a_launchers_child_counts_unless_another_agent_is_between(tmp_path: Path) -> None:
    (tmp_path / f"{os.getpid()}.json").write_bytes(content())
    async with following(tmp_path, child=os.getppid()) as reports:
        assert (await reports.next()).status == "busy"
    launcher = content(pid=os.getppid(), procStart=start_time(os.getppid()), status="idle")
    (tmp_path / f"{os.getppid()}.json").write_bytes(launcher)
    async with following(tmp_path, child=os.getppid()) as reports:
        assert (await reports.next()).status == "idle"
        assert reports.states.empty()


async def test_an_unreadable_file_of_an_agent_in_between_is_read_again(tmp_path: Path) -> None:
    """Until then, it is unknown whether the child's file counts. The error used to end the host."""
    (tmp_path / f"{os.getpid()}.json").write_bytes(content())
    (tmp_path / f"{os.getppid()}.json").write_bytes(b"{")
    reports: list[StateFileContent] = []
    file = StateFile(tmp_path, os.getppid(), reports.append)
    file._scan([f"{os.getpid()}.json"])
    assert file._retry is not None
    file.close()
    assert reports == []


def test_the_directory_of_claudes_state_files() -> None:
    assert claude_directory({"HOME": "/h"}) == Path("/h/.claude/sessions")
    assert claude_directory({"HOME": "/h", "CLAUDE_CONFIG_DIR": "/c"}) == Path("/c/sessions")
    assert claude_directory({"CLAUDE_CONFIG_DIR": "c", "HOME": "/h"}) is None
    assert claude_directory({}) is None


def test_the_directory_of_qwens_state_files() -> None:
    assert qwen_directory({"HOME": "/h"}) == Path("/h/.qwen/sessions")
    assert qwen_directory({"HOME": "/h", "QWEN_HOME": "/q"}) == Path("/q/sessions")
    assert qwen_directory({"HOME": "/h", "QWEN_HOME": "q"}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def read(data: bytes) -> _State | None:
    try:
        return parse(data)
    except _Unreadable:
        return None


@given(st.binary())
def test_any_bytes_are_read_or_ignored_without_an_error(data: bytes) -> None:
    read(data)


@given(st.dictionaries(st.sampled_from(["pid", "status", "procStart", "sessionId", "waitingFor"]), JSON))
def test_any_json_object_is_read_or_ignored_without_an_error(fields: dict[str, object]) -> None:
    state = read(json.dumps(fields).encode())
    if state is not None:
        assert isinstance(state.status, str)
        assert isinstance(state.session_id, str)


def test_deeply_nested_json_is_ignored() -> None:
    assert read(b'{"pid":' + b"[" * 100_000) is None
