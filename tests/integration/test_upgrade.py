"""Upgrades of running chats; a version that does not work changes nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from session_host.client.control import request
from session_host.client.sessions.hosts import replace_host, replace_keeper, upgrade
from session_host.errors import OutliveError
from session_host.keeper_client.discovery import connect_or_start_keeper, keeper_argv, keeper_environment, keeper_status
from session_host.paths import database
from session_host.protocol.keeper import Replaced, ReplaceKeeper
from session_host.protocol.messages import Describe, Description
from session_host.storage.store import Store
from tests.support.hosts import peek, see, shown, start, watching
from tests.support.processes import start_ticks

pytestmark = pytest.mark.usefixtures("sessions")


async def described(session_id: str) -> Description:
    """The host's description of a chat, without the journal's size, which still changes after the start."""
    answer: Description = await request(session_id, Describe(0))
    return replace(answer, host=replace(answer.host, journal_bytes=None))


async def test_an_upgrade_does_not_disturb_an_agent_in_mid_answer(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = "seq -f 'line %g' 300; read go < $0; seq -f 'line %g' 301 600; cat"
    record = await start("sh", "-c", script, str(gate))
    before = await described(record.id)
    assert before.facts.program.child_pid is not None
    ticks = start_ticks(before.facts.program.child_pid)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "line 300")
        with Store.open(database()) as store:
            [result] = upgrade(store)
        assert result.ok, result
        gate.write_text("go\n")
        await see(viewer, watcher, "line 600")
        assert shown(viewer) == [f"line {number}" for number in range(1, 601)]
        assert await peek(record.id) == shown(viewer)
        for character in "typed":
            viewer.key(character, character)
        await see(viewer, watcher, "typed")
    after = await described(record.id)
    assert after.facts.program.child_pid == before.facts.program.child_pid
    assert start_ticks(before.facts.program.child_pid) == ticks
    assert after.facts.program.host_pid != before.facts.program.host_pid


async def test_the_exit_is_recorded_after_an_upgrade() -> None:
    record = await start("sh", "-c", "read line; exit 23")
    with Store.open(database()) as store:
        upgrade(store)
        async with watching(record.id) as (viewer, watcher):
            viewer.key("Enter", "\r")
            await watcher.until(lambda: viewer.line.now.end.exit_code is not None, "the end")
            assert viewer.line.now.end.exit_code == 23


async def test_a_version_that_does_not_start_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = await start("cat")
    before = await described(record.id)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ImportError: no module named outlive' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with Store.open(database()) as store, pytest.raises(OutliveError, match=r"ImportError.*nothing was changed"):
        upgrade(store)
    assert await described(record.id) == before


async def test_a_keeper_that_cannot_be_replaced_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    record = await start("cat")
    before = await described(record.id)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(OutliveError, match=r"not replaced: /no/such/python: No such file"):
        replace_keeper()
    assert await described(record.id) == before


async def test_the_previous_host_continues_if_the_new_one_cannot_restore_the_chat(tmp_path: Path) -> None:
    """The new version starts but cannot restore this chat, as may happen with another build of an engine."""
    record = await start("cat")
    before = await described(record.id)
    (tmp_path / "sitecustomize.py").write_text(
        "import session_host.host.main as main\n"
        "def fail(*_, **__):\n"
        "    raise RuntimeError('not like this')\n"
        "main.rebuild = fail\n"
    )
    environment = keeper_environment()
    environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{environment['PYTHONPATH']}"
    channel = connect_or_start_keeper()
    assert isinstance(channel.request(ReplaceKeeper(keeper_argv(), environment), 30), Replaced)
    channel.close()
    result = replace_host(record.id, record.entry.name)
    assert not result.ok
    assert "not updated: the new version cannot restore the chat (RuntimeError)" in result.message
    async with watching(record.id) as (viewer, watcher):
        viewer.key("x", "x")
        await see(viewer, watcher, "x")
    assert (await described(record.id)).facts.program.host_pid == before.facts.program.host_pid


async def test_a_chat_started_during_an_upgrade_works() -> None:
    first = await start("cat")
    replace_keeper()
    second = await start("cat")
    status = keeper_status()
    assert status is not None
    assert {each.facts.id for each in status.sessions} == {first.id, second.id}
    for record in (first, second):
        assert replace_host(record.id, record.entry.name).ok


async def test_an_unknown_chat_is_not_replaced() -> None:
    await start("cat")
    result = replace_host("5e55104e-0000-4000-8000-000000000001", "nobody")
    assert not result.ok
    assert "not running" in result.message


async def test_the_other_engines_screen_is_unchanged_after_an_upgrade() -> None:
    record = await start("sh", "-c", "seq 50; cat", engine="pyte")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "50")
        seen = shown(viewer)
        assert replace_host(record.id, record.entry.name).ok
        assert await peek(record.id) == seen
