"""A full or read-only disk while chats run: they go on, the user is informed, and recording resumes later."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest

from session_host.client.chats import removal
from session_host.client.chats.sleeping import put_to_sleep, wake
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.viewer import ViewerState
from session_host.errors import HostUnavailable, OutliveError
from session_host.keeper_client.discovery import keeper_status
from session_host.paths import session_journal
from session_host.protocol.messages import Describe
from session_host.protocol.values import State
from tests.programs import Gate
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment, new, outlive
from tests.support.disks import fill_disk, full_disk, small_disk, use_all_files
from tests.support.hosts import end, peek, recorded, see, shown, start, watching
from tests.support.structured_chats import new_chat, wait
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

SIZE_KIB = 8 * 1024


def test_a_full_disk_at_the_start_is_reported_and_nothing_is_started(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        ballast = fill_disk(disk)
        for _ in range(2):
            done = outlive("new", "-d", "--", "cat")
            assert done.code == 1
            assert "full" in done.complaint() or "space" in done.complaint(), done.error
        agents = [pid for pid in _ours(area) if processes.command_line(pid) == "cat"]
        assert agents == []
        ballast.unlink()
        session = new("--", "cat")
        assert outlive("kill", session).code == 0
        _end_all(area)


async def test_a_disk_that_fills_up_loses_no_output_and_no_input(
    area: Area, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with small_disk(area.root / "disk", SIZE_KIB) as disk, Gate(tmp_path / "gate") as gate:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        record = await start(
            "bash", "-c", f"read x < {gate.path}; seq 1 300000; echo all written; exec cat", name="one"
        )
        async with watching(record.id) as (viewer, watcher):
            ballast = fill_disk(disk)
            os.write(gate._descriptor, b"\n")
            await see(viewer, watcher, "all written")
            viewer.text("typed on a full disk\r")
            await see(viewer, watcher, "typed on a full disk")
            assert viewer.line.shown is ViewerState.LIVE
            numbers = [int(line) for line in shown(viewer) if line.isdigit()]
            assert numbers == list(range(numbers[0], 300001))
            for words in (["ls"], ["peek", "one"], ["send", "one", "and more", "--enter"]):
                done = outlive(*words)
                assert done.code == 0, (words, done)
            await see(viewer, watcher, "and more")
            refused = outlive("new", "-d", "--", "cat")
            assert refused.code == 1
            assert refused.complaint()
            [info] = outlive("ls", "--json").json()
            assert info["state"] == "running"

            ballast.unlink()
            second = new("-n", "two", "--", "cat")
            assert outlive("kill", second).code == 0
            viewer.text("\x04")
            await watcher.until(lambda: viewer.line.shown is ViewerState.ENDED, "the end")
        assert outlive("wait", record.id, "--exited", "--timeout", "60").code == 0
        _wait_for_code(record.id, 0)
        assert "typed on a full disk" in outlive("peek", record.id).output
        _end_all(area)


async def test_a_chat_that_is_put_to_sleep_on_a_full_disk_is_asleep_and_both_sides_say_what_is_missing(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said that the chat was not put to sleep, and why a text could not wake it only as a time that was over."""
    monkeypatch.setattr(removal, "SAVED_TIMEOUT_S", 0.5)
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        chat = await asyncio.to_thread(new_chat, area, "view")
        assert outlive("send", "view", "answer: one", "--wait", "--timeout", "60").output == "one\n"
        wait("view", "idle")
        with full_disk(disk):
            assert await put_to_sleep(chat) == "is not saved as asleep yet: the disk is full; free some space"
            assert [each["is_asleep"] for each in outlive("ls", "--json").json()] == [True]
            with pytest.raises(OutliveError, match="the disk is full; free some space"):
                await wake(chat, "answer: two")
        await asyncio.to_thread(
            wait_until, lambda: recorded(chat).outcome.was_put_to_sleep, 60, "the sleep to be saved"
        )
        assert outlive("send", "view", "answer: three", "--wait", "--timeout", "60").output == "three\n"
        _end_all(area)


def test_a_chat_started_in_a_shell_that_limits_files_does_not_freeze() -> None:
    limited = ["sh", "-c", 'ulimit -S -f 1000; exec "$@"', "sh", *OUTLIVE]
    chat = ["new", "-n", "one", "-d", "--", "sh", "-c", "seq 300000; echo all written; exec cat"]
    subprocess.run([*limited, *chat], env=environment(), check=True, capture_output=True)
    assert outlive("wait", "one", "--text", "all written", "--timeout", "60").code == 0
    assert outlive("kill", "one").code == 0


def test_a_command_in_a_shell_that_limits_files_names_the_limit_and_loses_nothing(area: Area) -> None:
    """It said "disk I/O error"."""
    new("-n", "one", "--", "cat")
    limited = ["sh", "-c", 'ulimit -f "$0"; exec "$@"']
    done = subprocess.run(
        [*limited, "0", *OUTLIVE, "rename", "one", "two"],
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    limit = "this shell limits files to 0 bytes (ulimit -f); nothing is lost, use another shell"
    assert done.stderr.endswith(f"outlive.db: cannot write it: {limit}\n")
    exported = [*OUTLIVE, "export", "one", str(area.root / "one.txt")]
    assert outlive("send", "one", "hello", "--enter").code == 0
    assert outlive("wait", "one", "--text", "hello", "--timeout", "60").code == 0
    done = subprocess.run([*limited, "0", *exported], env=environment(), check=False, capture_output=True, text=True)
    assert (done.returncode, limit in done.stderr) == (1, True)
    assert [each["name"] for each in outlive("ls", "--json").json()] == ["one"]
    assert outlive("kill", "one").code == 0


def test_a_chat_is_reachable_while_the_disk_has_no_room_for_another_file(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(area.root / "disk", SIZE_KIB, files=100) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        new("-n", "one", "--", "cat")
        files = use_all_files(disk)  # Its host still makes files of its own meanwhile.
        [info] = outlive("ls", "--json").json()
        assert info["state"] == "running"
        assert outlive("send", "one", "still here", "--enter").code == 0
        assert outlive("wait", "one", "--text", "still here", "--timeout", "60").code == 0
        refused = outlive("new", "-d", "--", "cat")
        assert "no room for another file (df -i); remove some files" in refused.complaint()
        assert outlive("kill", "one").code == 0
        for file in files:
            file.unlink()
        wait_until(lambda: outlive("ls", "--all", "--json").json()[0]["state"] == "exited", 20, "the end to be saved")
        _end_all(area)


def test_a_start_without_room_for_a_file_in_the_runtime_directory_says_so(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said "move it away"."""
    with small_disk(area.root / "disk", SIZE_KIB, files=10) as disk:
        monkeypatch.setenv("OUTLIVE_RUNTIME_DIR", str(disk))
        use_all_files(disk)
        done = outlive("new", "-d", "--", "cat")
        assert done.code == HostUnavailable.exit_code
        assert done.complaint() == f"{disk}: the disk has no room for another file (df -i); remove some files"


async def test_an_export_says_that_the_full_disk_stopped_the_recording(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        record = await start("sh", "-c", "read x; seq 1 20000; exec cat", name="one")
        fill_disk(disk)
        assert outlive("send", record.id, "--enter").code == 0
        wait_until(lambda: outlive("ls", "--json").json()[0]["notice"], 20, "the notice")
        exported = outlive("export", "one", str(area.root / "one.txt"))
        assert exported.complaint().startswith(f"one has no recording: {disk}")
        assert "the disk is full, so recording has stopped; free some space" in exported.error
        _end_all(area)


async def test_an_export_while_the_disk_is_full_has_what_only_the_host_has_and_says_when_that_is_lost(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had the lines of before the disk was full, and its exit code was 0."""
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        record = await start("sh", "-c", "echo begun; read x; seq 1 3000; echo the last; exec cat", name="one")
        exported = ("export", record.id)
        text, page, cast = (area.root / f"one.{kind}" for kind in ("txt", "html", "cast"))
        recorded = session_journal(record.id)
        wait_until(lambda: any(b"begun" in log.read_bytes() for log in recorded.glob("*.log")), 20, "the recording")
        assert outlive(*exported, str(text)).code == 0
        with full_disk(disk):
            assert outlive("send", record.id, "--enter").code == 0
            assert outlive("wait", record.id, "--text", "the last", "--timeout", "60").code == 0
            wait_until(lambda: outlive("ls", "--json").json()[0]["notice"], 20, "the notice")
            pids = await _pids(record.id)
            for command in ("ls", "kill"):  # while it runs, and once it was killed
                assert outlive(command, *[record.id][: command == "kill"]).code == 0
                for file in (text, page, cast):
                    done = outlive(*exported, str(file))
                    assert (done.code, done.error) == (0, ""), command
                    assert "3000" in file.read_text()
                numbers = [int(line) for line in text.read_text().splitlines() if line.isdigit()]
                assert numbers == list(range(1, 3001)), command
            for pid in pids:
                os.kill(pid, signal.SIGTERM)  # as at a shutdown
            wait_until(lambda: not _ours(area), 20, "all processes to end")
        for file in (text, page, cast):
            done = outlive(*exported, str(file))
            assert done.code == 1
            assert "the disk was full; the file says what is missing" in done.complaint()
            assert "missing: the recording is damaged, or the disk was full" in file.read_text()
        assert "begun" in text.read_text()
        assert outlive("rm", "one").code == 0


async def test_a_chat_view_is_exported_whole_while_the_disk_is_full_and_says_when_its_end_is_lost(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        chat = new_chat(area, "one")
        assert outlive("send", "one", "answer: begun", "--enter").code == 0
        recorded = session_journal(chat)
        wait_until(lambda: any(b"begun" in log.read_bytes() for log in recorded.glob("*.log")), 20, "the recording")
        with full_disk(disk):
            words = os.urandom(40_000).hex()  # What the host can compress, it saves in the last free bytes.
            assert outlive("send", "one", f"answer: {words} the last", "--enter").code == 0
            assert outlive("wait", "one", "--text", "^[0-9a-f]+ the last", "--timeout", "60").code == 0
            wait_until(lambda: outlive("ls", "--json").json()[0]["notice"], 20, "the notice")
            text, page, source = (area.root / f"one.{kind}" for kind in ("txt", "html", "md"))
            for file in (text, page, source):
                done = outlive("export", "one", str(file))
                assert (done.code, done.error) == (0, "")
                assert "the last" in file.read_text()
            for pid in await _pids(chat):
                os.kill(pid, signal.SIGTERM)  # as at a shutdown
            wait_until(lambda: not _ours(area), 20, "all processes to end")
        for file in (text, page, source):
            done = outlive("export", "one", str(file))
            assert done.code == 1
            assert "the disk was full; the file says what is missing" in done.complaint()
            assert "missing: the recording is damaged, or the disk was full" in file.read_text()
            assert "begun" in file.read_text()
        assert outlive("rm", "one").code == 0


async def test_an_end_on_a_full_disk_is_recorded_with_its_output_once_there_is_room(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        record = await start("sh", "-c", "read x; seq 1 20000; echo the last words; exit 6", name="one")
        async with watching(record.id) as (viewer, watcher):
            ballast = fill_disk(disk)
            viewer.text("\r")
            await watcher.until(lambda: viewer.line.shown is ViewerState.ENDED, "the end to be reported")
        ballast.unlink()
        _wait_for_code(record.id, 6)
        wait_until(lambda: "the last words" in outlive("peek", record.id).output, 20, "the last screen to be kept")
        text = area.root / "one.txt"
        # Until all is saved, the screen above comes from the host.
        exported = ("export", record.id, str(text))
        wait_until(lambda: outlive(*exported, timeout_s=60).code == 0, 20, "the output to be recorded")
        assert [line for line in text.read_text().splitlines() if line][-2:] == ["20000", "the last words"]
        _end_all(area)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["keepers first", "host first"])
async def test_sigterm_ends_all_processes_of_a_chat_that_was_killed_on_a_full_disk(
    order: tuple[int, ...], area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as at a shutdown, which would otherwise wait for the host as long as it waits for any process."""
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        record = await start("cat", name="one")
        description = await request(record.id, Describe(0))
        ballast = fill_disk(disk)
        assert outlive("kill", record.id).code == 0
        active = description.host.keeper_pid
        pids = [processes.parent(active), active, description.facts.program.host_pid]
        assert sorted(_ours(area)) == sorted(pids), "the end cannot be recorded yet"
        for each in order:
            os.kill(pids[each], signal.SIGTERM)
        wait_until(lambda: not _ours(area), 20, "all processes to end")
        ballast.unlink()
        [info] = outlive("ls", "--all", "--json").json()
        assert (info["id"], info["state"], info["reason"]) == (record.id, "exited", None)
        assert (info["exit_signal"], info["end_request"]) == (signal.SIGKILL, "kill")


async def test_a_chat_that_ran_at_a_shutdown_with_a_full_disk_is_interrupted(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        record = await start("cat", name="one")
        active = (await request(record.id, Describe(0))).host.keeper_pid
        ballast = fill_disk(disk)
        for each in (processes.parent(active), active, (await request(record.id, Describe(0))).facts.program.host_pid):
            os.kill(each, signal.SIGTERM)
        wait_until(lambda: not _ours(area), 20, "all processes to end")
        ballast.unlink()
        [info] = outlive("ls", "--all", "--json").json()
        assert (info["id"], info["state"], info["reason"]) == (record.id, "lost", "interrupted")
        assert outlive("rm", "one").code == 0


async def test_a_chat_killed_on_a_full_disk_is_released_once_there_is_room(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        record = await start("cat", name="one")
        host_pid = (await request(record.id, Describe(0))).facts.program.host_pid
        ballast = fill_disk(disk)
        assert outlive("kill", record.id).code == 0
        os.kill(host_pid, signal.SIGTERM)  # It stays, because its keeper would start another host.
        assert _kept() == [record.id]
        ballast.unlink()
        wait_until(lambda: not _kept(), 20, "the session to be released")
        assert not processes.is_alive(host_pid)
        [info] = outlive("ls", "--all", "--json").json()
        assert (info["state"], info["exit_signal"], info["end_request"]) == ("exited", signal.SIGKILL, "kill")
        _end_all(area)


async def test_a_read_only_state_directory_ends_no_running_chat(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(area.root / "disk", SIZE_KIB) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        record = await start("cat", name="one")
        async with watching(record.id) as (viewer, watcher):
            wait_until(lambda: _is_running(record.id), 10, "the start to be recorded")
            bind_read_only(disk)
            viewer.text("typed\r")
            await see(viewer, watcher, "typed")
            assert "typed" in await peek(record.id)
            for words in (["ls"], ["peek", "one"], ["send", "one", "and more", "--enter"]):
                done = outlive(*words)
                assert done.code == 0, (words, done)
            await see(viewer, watcher, "and more")
            refused = outlive("new", "-d", "--", "cat")
            assert refused.code == 1
            assert refused.complaint()
            description = await request(record.id, Describe(0))
            assert description.facts.program.child_pid == record.program.child_pid
        await end(record.id)
        subprocess.run(["umount", "--lazy", disk], check=True)
        _wait_for_end(record.id)
        _end_all(area)


def bind_read_only(disk: Path) -> None:
    """Make a disk read-only for files that are opened from now on; files that are already open stay writable."""
    subprocess.run(["mount", "--bind", disk, disk], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)


def _kept() -> list[str]:
    status = keeper_status()
    assert status is not None
    return [each.facts.id for each in status.sessions]


def _is_running(session: str) -> bool:
    with open_store() as store:
        record = store.get(session)
    return record is not None and record.outcome.state is State.RUNNING


def _wait_for_end(session: str) -> None:
    wait_until(lambda: not _is_running(session), 20, "the end to be recorded", every_s=0.2)


def _wait_for_code(session: str, code: int) -> None:
    def recorded() -> bool:
        [info] = [info for info in outlive("ls", "--all", "--json").json() if info["id"] == session]
        return bool(info["state"] == "exited" and info["exit_code"] == code)

    wait_until(recorded, 20, "the end to be recorded", every_s=0.2)


async def _pids(session_id: str) -> list[int]:
    """The keepers and the chat's host."""
    description = await request(session_id, Describe(0))
    keeper = description.host.keeper_pid
    return [processes.parent(keeper), keeper, description.facts.program.host_pid]


def _ours(area: Area) -> list[int]:
    return processes.with_environment("OUTLIVE_RUNTIME_DIR", str(area.runtime))


def _end_all(area: Area) -> None:
    """End all processes of the product: with open files, they would keep the disk from being unmounted."""
    processes.end(_ours(area))
