"""Searching real chats while they run, after their end, and after their removal."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from functools import partial

import pytest

from session_host.paths import search_index
from session_host.storage.search import Query, Search
from tests.conftest import Sessions
from tests.programs import program
from tests.support.commands import OUTLIVE, OnTerminal, environment, new, outlive
from tests.support.waiting import wait_until

WAIT_S = 60.0


def matching_lines(*words: str) -> list[str]:
    """The matching lines, newest first."""
    done = outlive("search", "--json", *words)
    assert done.code in {0, 1}, done.error
    return [hit["text"] for hit in done.json()]


def until_found(text: str, *words: str) -> None:
    wait_until(lambda: text in matching_lines(*words), WAIT_S, f"{text!r} to be found", every_s=0.05)


def shell(script: str, name: str) -> str:
    return new("command", "-d", "-n", name, "--", "sh", "-c", script)


def test_a_chat_is_searched_while_it_runs_and_after_its_end(sessions: Sessions) -> None:
    running = shell("echo 'the first needle'; read line; echo \"the $line needle\"; cat", "running")
    until_found("the first needle", "needle")
    outlive("send", running, "second", "--enter")
    until_found("the second needle", "needle")
    assert matching_lines("needle")[-1] == "the first needle"
    outlive("kill", running)
    assert "the second needle" in matching_lines("second", "needle")
    [hit] = outlive("search", '"first needle"', "--json").json()
    assert hit["session_id"] == running
    assert (hit["name"], hit["agent"], hit["state"]) == ("running", "command", "exited")
    assert hit["line"] == 1
    assert hit["offset"] >= len("the first needle")
    assert hit["time"].endswith("Z")
    assert set(hit) == {"session_id", "name", "agent", "state", "time", "line", "text", "offset"}


def test_an_agent_or_a_time_among_the_words_narrows_the_search(sessions: Sessions) -> None:
    """`outlive search hi codex last week`, as the guide has it, found nothing: the window alone knew such words."""
    chat = shell("echo 'the needle'; cat", "one")
    until_found("the needle", "needle")
    assert matching_lines("needle", "command", "today") == ["the needle"]
    assert matching_lines("needle", "last", "week") == []
    assert f"one  {chat[:8]}" in outlive("search", "needle command today").output
    assert matching_lines("needle", "--agent", "command", "--since", "yesterday") == ["the needle"]


def test_output_of_full_screen_programs_is_found(sessions: Sessions) -> None:
    shell("printf '\\033[?1049h\\033[3;7Hon the full screen'; cat", "full")
    until_found("      on the full screen", "FULL screen")


def test_wide_characters_emoji_marks_and_garbage(sessions: Sessions) -> None:
    garbage = "\\377\\376\\001\\033P garbage\\033\\\\"
    shell(f"printf '日本語のテスト 🙂🚀 cafe\\314\\201 ok\\r\\n{garbage} \\r\\nplain end\\r\\n'; cat", "odd")
    for words in ("本語", "🚀", "café", "plain end"):
        wait_until(lambda words=words: matching_lines(words), WAIT_S, f"{words} to be found", every_s=0.05)  # type: ignore[misc]


@pytest.mark.parametrize(
    "words", ['"', "(", "--", "a AND", "NEAR(", "*", "'", "\\", "^x", "col:", "-x", "\x07", "\udcff x"]
)
def test_an_empty_query_is_a_usage_error(words: str) -> None:
    done = outlive("search", "--", words)
    assert done.code in {1, 2}
    assert done.complaint()


def test_no_match_is_reported_in_one_line_and_exit_code_1(sessions: Sessions) -> None:
    done = outlive("search", "nothing like it")
    assert done.code == 1
    assert "'nothing like it'" in done.complaint()
    assert outlive("search", "nothing", "--json").output.strip() == "[]"
    assert outlive("search", "nothing", "--json").code == 1
    assert outlive("search", "x", "--session", "nobody").code == 3
    assert outlive("search").code == 2
    assert outlive("search", "x", "--limit", "0").code == 2


def test_a_removed_chat_is_not_found(sessions: Sessions) -> None:
    gone = shell("echo a secret needle", "gone")
    remaining = shell("echo a kept needle", "kept")
    for session_id in (gone, remaining):
        outlive("wait", session_id, "--exited")
    assert sorted(matching_lines("needle")) == ["a kept needle", "a secret needle"]
    assert outlive("rm", gone).code == 0
    assert matching_lines("needle") == ["a kept needle"]
    assert matching_lines("secret") == []


def test_a_search_can_be_limited_to_one_chat_and_to_a_number_of_matches(sessions: Sessions) -> None:
    for name in ("one", "two"):
        session_id = shell(f"seq -f 'needle %g of {name}' 1 300", name)
        outlive("wait", session_id, "--exited")
    assert len(matching_lines("needle")) == 100
    assert matching_lines("needle", "--limit", "2") == ["needle 300 of two", "needle 299 of two"]
    assert matching_lines("needle", "--limit", "1", "--session", "one") == ["needle 300 of one"]


def test_a_terminal_gets_highlighted_matches_without_control_characters(sessions: Sessions) -> None:
    session_id = shell("echo 'a needle in hay'; for i in 1 2 3; do echo 'again needle'; done", "hay")
    outlive("wait", session_id, "--exited")
    with OnTerminal("search", "needle") as command:
        assert command.end() == 0
        assert b"\x1b[1;31mneedle\x1b[0m" in command.raw
        text = command.text()
    assert "again needle  ×3" in text
    assert session_id[:8] in text
    plain = outlive("search", "needle").output
    assert "\x1b" not in plain


def test_parallel_searches_give_the_same_result(sessions: Sessions) -> None:
    for name in ("one", "two", "three"):
        outlive("wait", new("command", "-d", "-n", name, "--", *program("numbered_lines", 5000)), "--exited")
    commands = [
        subprocess.Popen(
            [*OUTLIVE, "search", "line 00499", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        for _ in range(3)
    ]
    answers = [command.communicate() for command in commands]
    assert {answer for answer, _ in answers} == {answers[0][0]}, answers
    assert len(matching_lines("line 00499")) == 33


def test_the_first_search_shows_what_it_has_found_and_ctrl_c_keeps_what_is_indexed(sessions: Sessions) -> None:
    noisy = new("command", "-d", "-n", "noisy", "--", *program("numbered_lines", 30_000))
    outlive("wait", noisy, "--exited")
    new_one = shell("echo a needle in hay; echo line", "new")
    outlive("wait", new_one, "--exited")
    argv = [*OUTLIVE, "search", "needle"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment(), text=True) as command:
        assert command.stdout is not None
        assert new_one[:8] in command.stdout.readline()
        assert "a needle in hay" in command.stdout.readline()
        command.send_signal(signal.SIGINT)
        assert command.wait(WAIT_S) in {130, 0}
    with Search() as search:
        assert new_one not in search.outdated([new_one, noisy])
    assert [line.split()[-1] for line in outlive("search", "line").output.splitlines() if "+" in line] == ["line"]


def written() -> int:
    log = search_index().with_name("search.db-wal")
    return log.stat().st_size if log.exists() else 0


def has_written_or_ended(command: subprocess.Popen[bytes], before: int) -> bool:
    return written() != before or command.poll() is not None


def test_a_killed_search_leaves_a_valid_index(sessions: Sessions) -> None:
    session_id = new(
        "command", "-d", "-n", "long", "--", "seq", "-f", "line %g of many that make it long", "1", "20000"
    )
    outlive("wait", session_id, "--exited")
    for _ in range(3):
        command = subprocess.Popen([*OUTLIVE, "search", "nothing"], stderr=subprocess.DEVNULL, env=environment())
        wait_until(partial(has_written_or_ended, command, written()), WAIT_S, "it to write")
        command.kill()
        command.wait()
    hits = outlive("search", "line", "--json", "--limit", "1000000", timeout_s=60).json()
    assert [hit["text"] for hit in reversed(hits)] == [f"line {n} of many that make it long" for n in range(1, 20_001)]
    assert [hit["line"] for hit in hits] == list(range(20_000, 0, -1))


def test_one_process_at_a_time_updates_the_index_before_a_search(sessions: Sessions) -> None:
    session_id = new("command", "-d", "-n", "long", "--", *program("numbered_lines", 2000))
    outlive("wait", session_id, "--exited")
    argv = [sys.executable, "-m", "session_host.storage.search.background_update"]
    with Search() as search:
        with search_index().with_name("search.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.run(argv, env=environment(), check=True, timeout=WAIT_S)
            assert search.outdated([session_id]) == [session_id], "it was left to the process that has the lock"
        subprocess.run(argv, env=environment(), check=True, timeout=WAIT_S)
        assert search.outdated([session_id]) == []
        assert len(search.find(Query.of("line 00199"), 1000)) == 11
