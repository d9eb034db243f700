from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from wcwidth import wcswidth

from session_host.cli.ls import notices, row, state_words, table
from session_host.cli.output import width
from session_host.client.sessions.session_info import SessionInfo
from session_host.protocol.facts import INTERRUPTED, Foreground
from session_host.protocol.messages import HostReport
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Activity, State
from session_host.standing.groups import Mark, Seen, mark_of
from tests.support.facts import changed, chat_facts

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CASES = [(Activity.IDLE, True), (Activity.IDLE, False), (Activity.WORKING, False)]
AT_PROMPT = Foreground("", last_ended="2026-01-02T03:04:00Z")


LIMITED = TurnFacts(outcome="limit", resets_at="2026-01-02T05:00:00Z")


def info(*, notice: str = "", foreground: Foreground | None = None, **columns: Any) -> SessionInfo:
    """A running chat that its host describes; with these columns and this status."""
    facts = chat_facts(
        id="0a1b2c3d-0000-4000-8000-000000000000",
        name="notes",
        agent="claude",
        cwd="/srv/api",
        state=State.RUNNING,
        created_at="2026-01-02T03:00:00.000Z",
    )
    facts = replace(changed(facts, **columns), foreground=foreground)
    return SessionInfo(facts=facts, host=HostReport(1, 0, notice=notice))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": State.STARTING}, "◌ starting"),
        ({"activity": Activity.NO_SIGNAL}, "◌ no signal"),
        ({"activity": Activity.WORKING}, "◐ working"),
        ({"activity": Activity.NEEDS_INPUT}, "▲ needs you"),
        ({"activity": Activity.IDLE}, "○ idle"),
        ({"activity": Activity.IDLE, "failed": True}, "✗ stopped by an error"),
        (
            {
                "activity": Activity.IDLE,
                "failed": True,
                "last": TurnFacts(outcome="limit", resets_at="2026-01-02T05:00Z"),
            },
            "◷ stopped by a limit",
        ),
        ({"state": State.EXITED, "exit_code": 0}, "■ exit code 0"),
        ({"state": State.EXITED, "exit_signal": 9}, "■ signal 9 (SIGKILL)"),
        ({"state": State.EXITED, "exit_signal": 9, "end_request": "kill"}, "■ killed by you"),
        ({"state": State.EXITED, "exit_code": 143, "end_request": "stop"}, "■ stopped by you"),
        ({"state": State.EXITED, "exit_signal": 40}, "■ signal 40"),
        ({"state": State.EXITED}, "■ unknown cause"),
        ({"state": State.LOST, "error": "its host is gone"}, "■ lost"),
        ({"state": State.LOST, "error": INTERRUPTED}, "■ interrupted"),
    ],
)
def test_state_is_a_mark_and_words(fields: dict[str, Any], words: str) -> None:
    assert state_words(info(**fields), NOW) == words


def test_an_agent_that_has_not_reported_yet_is_starting_as_in_the_window() -> None:
    begun, no_host = info(created_at="2026-01-02T03:04:00Z"), info()
    no_host.host = None
    assert row(begun, NOW)[2] == "◌ starting"
    assert mark_of(begun.facts, Seen(), NOW) is Mark.STARTING
    assert begun.as_json()["activity"] == "no_signal"
    assert row(info(created_at="2026-01-02T03:04:00Z", source="input"), NOW)[2] == "◌ no signal"
    assert row(no_host, NOW)[2] == "◌ running", "nothing is known of its agent"


def test_what_an_error_stopped_is_red_in_a_terminal() -> None:
    rows = [row(info(activity=activity, failed=failed), NOW) for activity, failed in CASES]
    plain, colored = table(rows, 60), table(rows, 60, is_colored=True)
    assert "✗ stopped by an error" in plain[1]
    assert colored[1] == plain[1].replace("✗ stopped by an error", "\x1b[31m✗ stopped by an error\x1b[0m")
    assert [colored[0], *colored[2:]] == [plain[0], *plain[2:]]


def test_a_chat_with_a_problem_is_marked_and_the_problem_is_printed() -> None:
    well, ill = info(name="well"), info(name="ill\x1b[2J", notice="not recorded:\nthe disk is full")
    assert row(well, NOW)[2] == "◌ no signal"
    assert row(ill, NOW)[2] == "◌ no signal !"
    assert notices([well, ill, well]) == ["! ill [2J: not recorded: the disk is full"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"activity": Activity.WORKING, "detail": "Running ls"}, "◐ working 3 min: Running ls"),
        ({"activity": Activity.IDLE, "detail": "API Error: 400"}, "○ idle 3 min: API Error: 400"),
        ({"activity": Activity.NEEDS_INPUT, "detail": "Bash:\nls"}, "▲ needs you 3 min: Bash: ls"),
        (
            {"activity": Activity.NEEDS_INPUT, "detail": f"Run {'x' * 99} ~"},
            f"▲ needs you 3 min: Run {'x' * 13}…{'x' * 16} ~",
        ),
        ({"activity": Activity.NEEDS_INPUT, "notice": "ill"}, "▲ needs you 3 min !"),
        ({"activity": Activity.NO_SIGNAL, "source": "input"}, "◌ no signal"),
        ({"activity": Activity.NO_SIGNAL, "source": "silence"}, "◌ no signal 3 min"),
    ],
)
def test_the_activity_has_an_age_and_a_question_is_shown(fields: dict[str, Any], words: str) -> None:
    assert row(info(since="2026-01-02T03:01:00Z", **fields), NOW)[2] == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"foreground": AT_PROMPT}, "○ idle"),
        ({"agent": "command"}, "❯ running"),
        ({"foreground": Foreground("make -j8", "2026-01-02T03:01:05Z")}, "❯ running make -j8 for 3 min"),
        ({"foreground": replace(AT_PROMPT, last_exit_code=2)}, "○ idle: last command ended with 2, 5 s ago"),
        ({"foreground": replace(AT_PROMPT, last_exit_code=0)}, "○ idle: last command succeeded, 5 s ago"),
    ],
)
def test_a_shell_says_what_runs_in_it_or_how_the_last_command_ended(fields: dict[str, Any], words: str) -> None:
    assert row(info(**{"agent": "shell", **fields}), NOW)[2] == words


def test_only_home_becomes_a_tilde() -> None:
    home = str(Path.home())

    assert row(info(cwd=home), NOW)[-1] == "~"
    assert row(info(cwd=f"{home}/api"), NOW)[-1] == "~/api"
    assert row(info(cwd=f"{home}2"), NOW)[-1] == f"{home}2"
    assert row(info(cwd="/srv/kim/api"), NOW, "/srv/kim")[-1] == "~/api", "on a machine with another home"


def test_names_cannot_break_the_line_or_colour_the_terminal() -> None:
    assert row(info(name="a\nb\x1b[31mc"), NOW)[0] == "a b [31mc"


def test_columns_are_below_their_headings() -> None:
    lines = table([row(info(name="漢字"), NOW), row(info(), NOW)], None)

    assert lines == [
        "NAME   AGENT   STATE        AGE    ID        DIRECTORY",
        "漢字   claude  ◌ no signal  4 min  0a1b2c3d  /srv/api",
        "notes  claude  ◌ no signal  4 min  0a1b2c3d  /srv/api",
    ]


def test_the_directory_is_shortened_first_and_keeps_its_end() -> None:
    lines = table([row(info(cwd="/a/very/long/way/down/to/the/project"), NOW)], 60)

    assert lines[1] == "notes  claude  ◌ no signal  4 min  0a1b2c3d  …to/the/project"


def test_then_the_name_is_shortened_then_columns_are_left_out() -> None:
    cells = row(info(name="a name that is rather long", cwd="/a/long/way/down"), NOW)

    assert table([cells], 50)[1].startswith("a name th…  claude")
    assert table([cells], 24) == ["NAME        AGENT", "a name th…  claude"]
    assert table([cells], 5)[1] == "a na…"


@given(st.lists(st.tuples(*[st.text(max_size=30)] * 6), max_size=5), st.integers(1, 200))
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, ...]], columns: int) -> None:
    assert all(width(line) <= columns for line in table(rows, columns))


@pytest.mark.parametrize(
    "name",
    [
        "\U0001f680 \U0001f469\u200d\U0001f4bb",
        "\U0001f44d\U0001f3fd",
        "\u2764\ufe0f",
        "1\ufe0f\u20e3",
        "\U0001f937\u200d\u2642\ufe0f",
        "\U0001f1eb\U0001f1f7",
        "\u0645\u0631\u062d\u0628\u0627",
        "\u05e9\u05c1",
        "\u6f22",
        "e\u0301",
    ],
)
def test_the_column_behind_a_name_stays_in_its_place_in_any_script(name: str) -> None:
    assert width(name) == wcswidth(name)
