"""Commands and hosts without free descriptors: one line, no death, and recovery later."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.client.viewer.viewer import ViewerState
from session_host.errors import HostUnavailable
from session_host.paths import session_journal
from session_host.protocol.messages import Describe
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OUTLIVE, TIMEOUT_S, Done, environment, new, outlive
from tests.support.hosts import end, see, start, watching
from tests.support.journals import one_line
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")


def outlive_with(descriptors: int, *words: str) -> Done:
    """Run a command in which each process can have at most so many descriptors."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    done = subprocess.run(
        [*OUTLIVE, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(),
        timeout=TIMEOUT_S,
        check=False,
        preexec_fn=limit,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def no_more_descriptors(pid: int) -> Iterator[None]:
    """Keep a process from opening more descriptors, until the end of the block."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # A host may end inside of the block.
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


async def enter_until_refused(session_id: str, let_in: list[HostConnection]) -> None:
    """Open connections until the host refuses one; the first ones may use descriptors that the host has freed."""
    while len(let_in) < 50:
        let_in.append(await HostConnection.open(session_id, "control"))


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize("descriptors", [6, 9, 14])
def test_a_command_without_descriptors_fails_with_one_line_and_leaves_nothing(area: Area, descriptors: int) -> None:
    done = outlive_with(descriptors, "new", "-d", "--", "cat")
    if done.code != 0:
        assert "Traceback" not in done.error, done.error
        assert "check" not in done.complaint(), "nothing is wrong with files or permissions"
        assert outlive("ls", "--json", "--all").json() == []
    else:
        assert outlive("kill-all", "--yes").code == 0
    well = outlive("new", "-d", "-n", "well", "--", "cat")
    assert well.code == 0, well.error
    assert outlive("send", "well", "all is well", "--enter").code == 0
    assert outlive("wait", "well", "--text", "all is well", "--timeout", "60").code == 0
    assert outlive("kill", "well").code == 0


def test_other_commands_with_few_descriptors_work_or_fail_with_one_line(area: Area) -> None:
    session = new("-n", "one", "--", "cat")
    for descriptors in (6, 9):
        for words in (["ls"], ["ls", "--json"], ["peek", "one"], ["send", "one", "x"]):
            done = outlive_with(descriptors, *words)
            assert "Traceback" not in done.error, (words, done.error)
            if done.code != 0:
                assert "too many open files" in done.complaint().lower(), (words, descriptors, done.error)
    assert outlive("kill", session).code == 0


def test_many_chats_are_listed_with_few_descriptors(area: Area) -> None:
    names = [f"chat-{number}" for number in range(8)]
    for name in names:
        new("-n", name, "--", "cat")
    done = outlive_with(10, "ls", "--json")
    assert done.code == 0, done.error
    assert [info["name"] for info in done.json()] == names
    assert {info["viewers"] for info in done.json()} == {0}, "each was asked"
    assert outlive("kill-all", "--yes").code == 0


async def test_a_host_without_descriptors_refuses_new_viewers_and_recovers_later(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await start("cat", name="one")
    async with watching(record.id) as (viewer, watcher):
        pid = (await request(record.id, Describe(0))).facts.program.host_pid
        recorded = session_journal(record.id)
        await eventually(lambda: list(recorded.glob("*.log")), 10, "the host to have opened what it needs")
        with no_more_descriptors(pid):
            monkeypatch.setattr("session_host.client.connection.GREETING_TIMEOUT_S", 0.5)
            let_in: list[HostConnection] = []
            with pytest.raises(HostUnavailable) as caught:
                await enter_until_refused(record.id, let_in)
            one_line(caught.value)
            assert outlive("ls", "--json").json()[0]["state"] == "running", "it is not taken for lost"
            before_s = cpu_s(pid)
            viewer.text("as before\r")
            await see(viewer, watcher, "as before")
            assert viewer.line.shown is ViewerState.LIVE
            with pytest.raises(HostUnavailable):
                await HostConnection.open(record.id, "control")
            assert cpu_s(pid) - before_s < 0.25, "it does not loop over connections that it cannot accept"
            for connection in let_in:
                connection.close()
                await connection.wait_closed()
        monkeypatch.setattr("session_host.client.connection.GREETING_TIMEOUT_S", 5.0)
        async with watching(record.id) as (other, other_watcher):
            other.text("and again\r")
            await see(other, other_watcher, "and again")
            await see(viewer, watcher, "and again")
        assert outlive("peek", "one").code == 0
        description = await request(record.id, Describe(0))
        assert (description.facts.program.host_pid, description.facts.program.child_pid) == (
            pid,
            record.program.child_pid,
        )
    assert processes.is_alive(record.program.child_pid or 0)
    await end(record.id)


async def test_a_host_that_cannot_open_the_store_at_the_end_writes_later(area: Area) -> None:
    record = await start("cat", name="one")
    pid = (await request(record.id, Describe(0))).facts.program.host_pid
    async with watching(record.id) as (viewer, watcher):
        with no_more_descriptors(pid):
            viewer.text("\x04")
            await watcher.until(lambda: viewer.line.shown is ViewerState.ENDED, "the end to be reported")
    assert outlive("wait", "one", "--exited", "--timeout", "60").code == 0
    [info] = outlive("ls", "--all", "--json").json()
    assert (info["state"], info["exit_code"]) == ("exited", 0)
