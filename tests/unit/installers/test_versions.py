"""A package of the system keeps the files of an earlier version only as long as a chat needs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from installers.packages import versions
from tests.support.waiting import TIMEOUT_S, wait_until

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts processes; the machine's other processes are hidden from the code under test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str | Path, **variables: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*words, "1000"], env={**os.environ, **variables})
        started.append(process)
        # The kernel lets the parent go on before it shows the program's variables.
        wait_until(Path(f"/proc/{process.pid}/environ").read_bytes, TIMEOUT_S, "the program's variables")
        return process

    monkeypatch.setattr(versions, "_processes", lambda: [Path(f"/proc/{each.pid}") for each in started])
    yield start
    for each in started:
        each.kill()
        each.wait()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Installs versions with one program each, as dpkg and the package's script do."""
    monkeypatch.setattr(versions, "PACKAGE", tmp_path / "package")
    monkeypatch.setattr(versions, "VERSIONS", tmp_path / "opt")

    def install(version: str) -> None:
        shutil.rmtree(tmp_path / "package", ignore_errors=True)
        program = tmp_path / "package" / version / "bin" / "sleep"
        program.parent.mkdir(parents=True)
        shutil.copy2("/bin/sleep", program)
        versions.main(["install", version])

    return install


def kept() -> list[str]:
    return sorted(each.name for each in versions.VERSIONS.iterdir())


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def test_a_version_stays_while_a_process_runs_from_it(
    package: Callable[[str], None], start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    package("1")
    running = start(versions.VERSIONS / "1" / "bin" / "sleep")
    package("2")
    package("2")
    assert kept() == ["1", "2", "current"]
    assert (versions.VERSIONS / "current").resolve().name == "2"
    versions.main(["remove"])
    assert kept() == ["1"]
    assert "they use stay in" in capsys.readouterr().out
    end(running)
    package("3")
    assert kept() == ["3", "current"]
    versions.main(["remove"])
    assert not versions.VERSIONS.exists()
    assert not capsys.readouterr().out


def test_earlier_versions_stay_while_an_agent_older_than_the_current_version_runs(
    package: Callable[[str], None], start: Start
) -> None:
    package("1")
    agent = start("/bin/sleep", OUTLIVE_SESSION="some-chat")
    package("2")
    assert kept() == ["1", "2", "current"]
    began_s = versions._started_s(Path(f"/proc/{agent.pid}"))
    assert abs(time.time() - began_s) < 30
    previous = [versions.VERSIONS / "1"]
    assert list(versions._needed(previous, began_s)) == previous
    assert list(versions._needed(previous, began_s - 2 * versions.UNSURE_S)) == [], "it was started by the current one"
    end(agent)
    versions.main(["clean"])
    assert kept() == ["2", "current"]


def test_a_removal_says_which_chats_and_files_stay_and_how_to_end_them(
    package: Callable[[str], None], start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    package("1")
    start("/bin/sleep", OUTLIVE_SESSION="some-chat")
    package("2")
    versions.main(["remove"])
    first, second = versions.VERSIONS / "1", versions.VERSIONS / "2"
    assert capsys.readouterr().out == (
        f"outlive: 1 running chat will not be ended. To end the chats, their users run: {second}/bin/outlive kill-all. "
        f"The files that they use stay in {first} and {second}; then delete {versions.VERSIONS}\n"
    )
