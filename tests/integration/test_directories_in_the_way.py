"""A file or directory in the place of one of Outlive's own: it is named, and running chats stay reachable."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.facts import known
from tests.support.hosts import description_of

pytestmark = pytest.mark.usefixtures("sessions")


def found_by_doctor() -> list[dict[str, str]]:
    done = outlive("doctor", "--json", timeout_s=60)
    assert done.code == 1
    return [check for check in done.json() if check["status"] == "fail"]


@pytest.mark.parametrize("name", ["keeper.sock", "keeper.lock", "keeper.starting"])
def test_a_directory_in_place_of_a_file_of_the_keeper_is_named(area: Area, name: str) -> None:
    area.runtime.mkdir(mode=0o700, exist_ok=True)
    path = area.runtime / name
    path.mkdir()
    done = outlive("new", "-d", "--", "cat")
    assert done.code == 7
    assert done.error == f"outlive: {path}: a directory is in the way; move it away\n"
    [check] = found_by_doctor()
    assert (check["message"], check["remedy"]) == (f"{path}: a directory is in the way", "move it away")
    path.rmdir()
    assert outlive("new", "-d", "--", "cat").code == 0


def test_a_directory_in_place_of_the_keepers_socket_ends_no_keeper(area: Area) -> None:
    """Without its keeper, a chat would be lost when its host is killed."""
    session = new("-n", "running", "--", "cat")
    before = description_of(session)
    path = area.runtime / "keeper.sock"
    path.unlink()
    path.mkdir()
    assert outlive("new", "-d", "--", "cat").error == f"outlive: {path}: a directory is in the way; move it away\n"
    assert before.host.keeper_pid is not None
    os.kill(known(before.facts.program.host_pid), signal.SIGKILL)
    assert outlive("send", session, "still here", "--enter").code == 0
    assert outlive("wait", session, "--text", "still here", "--timeout", "60").code == 0
    after = description_of(session)
    assert after.host.keeper_pid == before.host.keeper_pid
    path.rmdir()
    assert outlive("new", "-d", "--", "cat").code == 0
    description_of(session)


def test_a_file_in_place_of_the_directory_of_recordings_is_named(area: Area) -> None:
    running = new("-n", "running", "--", "cat")
    ended = new("-n", "ended", "--", "true")
    assert outlive("wait", ended, "--exited", "--timeout", "60").code == 0
    path, away = area.state / "sessions", area.state / "away"
    path.rename(away)
    path.touch()
    for words in (["new", "-d", "--", "cat"], ["rm", "ended"]):
        assert outlive(*words).error == f"outlive: {path} is not a directory; move it away\n"
    [check] = found_by_doctor()
    assert (check["message"], check["remedy"]) == (f"{path} is not a directory", "move it away")
    assert outlive("send", running, "still here", "--enter").code == 0
    assert outlive("wait", running, "--text", "still here", "--timeout", "60").code == 0
    path.unlink()
    away.rename(path)
    assert outlive("rm", "ended").code == 0


def test_a_chat_without_its_log_can_be_removed(area: Area) -> None:
    ended = new("-n", "ended", "--", "true")
    assert outlive("wait", ended, "--exited", "--timeout", "60").code == 0
    path = area.state / "logs"
    path.rename(area.state / "away")
    path.touch()
    [check] = found_by_doctor()
    assert check["message"] == f"{path} is not a directory"
    assert outlive("rm", "ended").code == 0


def test_a_fifo_in_place_of_a_log_stops_no_start(area: Area) -> None:
    logs = area.state / "logs"
    logs.mkdir(mode=0o700, parents=True)
    os.mkfifo(logs / "keeper.log", 0o600)
    session = new("-n", "one", "--", "cat")
    os.mkfifo(logs / f"{session}.log.1", 0o600)
    assert outlive("kill", session).code == 0


@pytest.mark.parametrize("name", ["outlive.db", "outlive.db-wal"])
def test_a_fifo_or_directory_in_place_of_the_database_is_named(area: Area, name: str) -> None:
    area.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = area.state / name
    path.mkdir()
    assert outlive("ls").error == f"outlive: {path}: a directory is in the way; move it away\n"
    path.rmdir()
    if name == "outlive.db":
        os.mkfifo(path, 0o600)
        assert outlive("ls").error == f"outlive: {path}: a FIFO is in the way; move it away\n"
