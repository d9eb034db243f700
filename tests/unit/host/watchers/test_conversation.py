"""The agent's conversation, by its strongest source and by the files that its process has open for writing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session_host.host.watchers.conversation import (
    CHOSEN,
    HOOK,
    OPEN_FILES,
    STATE_FILE,
    ConversationTracker,
    conversation_of,
)
from session_host.protocol.launch import Watch
from session_host.storage.descriptors.log_state import ConversationState
from tests.support.waiting import TIMEOUT_S, eventually

PATTERN = r"/(?:locks|logs)/([0-9a-z]+)\.(?:lock|jsonl)$"
ROTATED_SUFFIX = '"made by":"another"'


def tracker(chosen: str = "", saved_state: ConversationState | None = None) -> tuple[ConversationTracker, list[str]]:
    reported: list[str] = []
    return ConversationTracker(chosen, Watch(), saved_state, lambda each: reported.append(each.conversation)), reported


def test_the_strongest_source_names_the_conversation() -> None:
    found, reported = tracker("one")
    assert (found.id, found.source, found.saved_state()) == ("one", CHOSEN, None)

    assert not found.set_conversation("one", HOOK)
    assert not found.set_conversation("one", HOOK)
    assert (found.source, reported) == (HOOK, ["one"]), "by a better source than before, for a later host"

    assert found.set_conversation("two", STATE_FILE)
    assert not found.set_conversation("three", HOOK)
    assert (found.id, reported) == ("two", ["one", "two"])

    later, _ = tracker("one", found.saved_state())
    assert (later.id, later.source) == ("two", STATE_FILE)
    assert not later.set_conversation("one", HOOK)


@pytest.mark.parametrize("text", ["", "-x", "a b", "../x", "x" * 200])
def test_an_invalid_id_is_ignored(text: str) -> None:
    found, reported = tracker("one")
    assert not found.set_conversation(text, STATE_FILE)
    assert (found.id, reported) == ("one", [])


Holder = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def hold() -> Iterator[Holder]:
    """Starts programs, each in its own terminal session, that have opened these files when the call returns."""
    running: list[subprocess.Popen[bytes]] = []
    code = """\
import subprocess, sys
held = [open(path, mode) for mode, path in zip(sys.argv[2::2], sys.argv[3::2])]
print("ready", flush=True)
input()
"""

    def start(*files: tuple[str, Path], around: int = 0) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-S", "-c", code, "x", *(str(word) for file in files for word in file)]
        for _ in range(around):
            wrapper = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
            argv = [sys.executable, "-S", "-c", wrapper, *argv]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        running.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield start
    for process in running:
        process.communicate(b"\n")


@pytest.fixture
def places(tmp_path: Path) -> Path:
    for name in ("locks", "logs"):
        (tmp_path / name).mkdir()
    return tmp_path


def aged(path: Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))


class TestOpenFiles:
    def test_an_open_file_of_a_launchers_child_names_the_conversation(self, hold: Holder, places: Path) -> None:
        process = hold(("w", places / "locks" / "one.lock"), around=2)

        assert conversation_of(process.pid, PATTERN) == "one"

    def test_a_file_open_for_reading_does_not_count(self, hold: Holder, places: Path) -> None:
        (places / "logs" / "two.jsonl").touch()
        process = hold(("r", places / "logs" / "two.jsonl"))

        assert conversation_of(process.pid, PATTERN) == ""

    def test_of_two_open_files_the_last_changed_one_counts(self, hold: Holder, places: Path) -> None:
        process = hold(("w", places / "locks" / "one.lock"), ("w", places / "locks" / "two.lock"))
        aged(places / "locks" / "one.lock", 1000)
        aged(places / "locks" / "two.lock", 2000)
        assert conversation_of(process.pid, PATTERN) == "two"

        aged(places / "locks" / "one.lock", 3000)  # The agent returned to the first conversation.
        assert conversation_of(process.pid, PATTERN) == "one"

    def test_of_two_files_of_the_same_age_the_later_id_counts(self, hold: Holder, places: Path) -> None:
        process = hold(("w", places / "locks" / "01b.lock"), ("w", places / "locks" / "01a.lock"))
        for name in ("01a", "01b"):
            aged(places / "locks" / f"{name}.lock", 1000)

        assert conversation_of(process.pid, PATTERN) == "01b"

    def test_a_conversation_of_a_sub_agent_does_not_count(self, hold: Holder, places: Path) -> None:
        (places / "logs" / "sub.jsonl").write_text("{" + ROTATED_SUFFIX + "}")
        process = hold(
            ("w", places / "locks" / "one.lock"),
            ("a", places / "logs" / "sub.jsonl"),
            ("w", places / "locks" / "sub.lock"),
        )
        aged(places / "locks" / "one.lock", 1000)

        assert conversation_of(process.pid, PATTERN) == "sub"
        assert conversation_of(process.pid, PATTERN, ROTATED_SUFFIX) == "one"

    def test_an_agent_inside_the_agent_does_not_count(self, hold: Holder, places: Path) -> None:
        nested = "import sys, subprocess; f = open(sys.argv[1], 'w'); subprocess.run(sys.argv[2:])"
        inner = "f = open({!r}, 'w'); print('ready', flush=True); input()".format(str(places / "locks" / "two.lock"))
        argv = [
            sys.executable,
            "-S",
            "-c",
            nested,
            str(places / "locks" / "one.lock"),
            sys.executable,
            "-S",
            "-c",
            inner,
        ]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
            assert process.stdout is not None
            process.stdout.readline()

            assert conversation_of(process.pid, PATTERN) == "one"

            process.communicate(b"\n")

    def test_a_process_that_is_gone_has_no_conversation(self) -> None:
        assert conversation_of(2**22 + 1, PATTERN) == ""


async def test_open_files_are_checked_when_a_turn_begins_and_once_later(hold: Holder, places: Path) -> None:
    reported: list[str] = []
    found = ConversationTracker("", Watch(open_files=PATTERN), None, lambda each: reported.append(each.conversation))
    found.activity_changed()
    assert reported == []  # The program has not started yet.

    process = hold(("w", places / "locks" / "one.lock"))
    found.set_program_pid(process.pid)
    found.title_changed()
    assert (found.id, found.source) == ("one", OPEN_FILES)

    found.activity_changed()
    other = hold(("w", places / "locks" / "two.lock"))
    found.set_program_pid(other.pid)  # As if the same program had opened the file a moment later.
    await eventually(lambda: reported == ["one", "two"], TIMEOUT_S, "the second check")

    found.close()
