"""The line below a chat's name, the same in window, page and commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from session_host.protocol.facts import Foreground, LaterPrompt
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import BACKGROUND, SILENCE, Activity, State
from session_host.standing.groups import Seen
from session_host.standing.row_line import HUES, MAX_CHARACTERS, RowLine, project_hue, row_line
from tests.support.facts import changed, chat_facts

NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)
LIMIT = TurnFacts(outcome="limit", resets_at="2026-05-02T15:00:00.000Z")
SAID = "The tests are `green` now."


HERE = Seen()

AT = "2026-05-02T15:02:00.000Z"
MISSED = LaterPrompt(AT, "go on", stage="missed", why="a newer turn began")
ENDED: dict[str, Any] = {"state": State.EXITED, "exit_code": 0}


def line(seen: Seen = HERE, foreground: Foreground | None = None, **fields: Any) -> RowLine:
    """The line of an agent's idle chat, but for these columns and fields of its status."""
    facts = chat_facts(id="a", name="api", agent="claude", state=State.RUNNING, created_at="2026-05-02T11:00:00Z")
    facts = changed(facts, **{"source": "hook", "activity": Activity.IDLE, **fields})
    if foreground is not None:
        facts = changed(facts, agent="shell", activity=Activity.NO_SIGNAL, source="")
        facts = replace(facts, foreground=foreground)
    return row_line(facts, seen, NOW, lambda moment: moment.strftime("%H:%M"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"activity": Activity.NEEDS_INPUT, "detail": "Run rm -rf build?"}, RowLine("Run rm -rf build?", "asks")),
        ({"activity": Activity.NEEDS_INPUT}, RowLine("Needs your answer", "asks")),
        ({"activity": Activity.SUSPENDED}, RowLine("Suspended: the next key continues it", "asks")),
        ({"failed": True, "detail": "API error 529"}, RowLine("API error 529", "failed")),
        ({"failed": True, "detail": "You have hit a limit"}, RowLine("You have hit a limit", "failed")),
        ({"failed": True, "last": LIMIT}, RowLine("Limit until 15:00")),
        (
            {"failed": True, "last": LIMIT, "continues": LaterPrompt("2026-05-02T15:02:00Z", "go on")},
            RowLine("Limit until 15:00 · continues"),
        ),
        (
            {
                "failed": True,
                "last": LIMIT,
                "continues": LaterPrompt(AT, "go on", stage="missed", why="the agent asks"),
            },
            RowLine("15:02 not sent: the agent asks"),
        ),
        ({"said": SAID, "continues": LaterPrompt(AT, "go on")}, RowLine("15:02: go on")),
        (
            {"said": SAID, "continues": MISSED, "last": TurnFacts(began="2026-05-02T14:51:00.000Z", outcome="done")},
            RowLine("15:02 not sent: a newer turn began"),
        ),
        (
            {"said": SAID, "continues": MISSED, "last": TurnFacts(began="2026-05-02T15:10:00.000Z", outcome="done")},
            RowLine("The tests are green now."),
        ),
        ({**ENDED, "later": LaterPrompt(AT, "go on")}, RowLine("Finished · resume it for the prompt of 15:02")),
        (
            {**ENDED, "later": LaterPrompt("2026-05-02T10:00:00.000Z", "go on")},
            RowLine("Finished · the prompt of 10:00 was not sent"),
        ),
        ({**ENDED, "later": LaterPrompt(AT, "go on"), "continued_by": "b"}, RowLine("Finished")),
        (
            {"activity": Activity.WORKING, "doing": "Editing src/client.py", "said": SAID},
            RowLine("Editing src/client.py"),
        ),
        ({"activity": Activity.WORKING, "detail": "reading the tests"}, RowLine("reading the tests")),
        ({"activity": Activity.WORKING}, RowLine("Working")),
        (
            {"activity": Activity.WORKING, "source": BACKGROUND, "detail": "In the background: make bench"},
            RowLine("In the background: make bench"),
        ),
        (
            {"activity": Activity.NO_SIGNAL, "source": SILENCE, "since": "2026-05-02T11:53:00Z"},
            RowLine("No word since 11:52 · was working"),
        ),
        ({"activity": Activity.NO_SIGNAL, "source": "", "created_at": "2026-05-02T11:59:30Z"}, RowLine("Starting…")),
        ({"said": SAID}, RowLine("The tests are green now.")),
        ({}, RowLine("")),
        ({"state": State.EXITED, "exit_code": 0, "said": SAID}, RowLine("Finished")),
        ({"state": State.EXITED, "end_request": "sleep"}, RowLine("Asleep")),
    ],
)
def test_an_agents_row_says_the_first_that_is_true(fields: dict[str, Any], expected: RowLine) -> None:
    assert line(**fields) == expected


@pytest.mark.parametrize(
    ("foreground", "expected"),
    [
        (Foreground("make -j8"), "make -j8"),
        (Foreground("api"), ""),
        (Foreground("", last_exit_code=0), "Succeeded"),
        (Foreground("", last_exit_code=2), "Exit code 2"),
        (Foreground(""), ""),
    ],
)
def test_a_shells_row_says_what_runs_or_how_the_last_command_ended(foreground: Foreground, expected: str) -> None:
    assert line(foreground=foreground).text == expected


def test_a_program_that_reports_from_a_shell_is_named_with_what_it_says() -> None:
    facts = chat_facts(id="a", name="api", agent="shell", state=State.RUNNING)
    facts = replace(changed(facts, activity=Activity.WORKING, detail="40 %"), foreground=Foreground("make"))
    assert row_line(facts, HERE, NOW, str).text == "make · 40 %"


def test_a_machine_that_is_away_hides_all_but_an_end() -> None:
    away = Seen(is_unreachable=True)
    assert line(away, activity=Activity.WORKING).text == "as it was then; it may still run"
    assert line(away, state=State.EXITED, exit_code=0).text == "Finished"


def test_what_an_agent_says_stays_one_harmless_line() -> None:
    told = line(activity=Activity.NEEDS_INPUT, detail="a\nb \x1b[31m\u202e" + "c" * 200)
    assert len(told.text) == MAX_CHARACTERS
    assert told.text.isprintable()


def test_a_reset_on_another_day_is_told_as_the_front_tells_days() -> None:
    tomorrow = TurnFacts(outcome="limit", resets_at=(NOW + timedelta(days=1)).isoformat())
    assert line(failed=True, last=tomorrow).text == "Limit until 12:00"


def test_a_project_keeps_its_colour_and_there_are_projects_of_each() -> None:
    assert [project_hue(f"/srv/{name}") for name in ("api", "web", "docs")] == [3, 2, 3]
    assert {project_hue(f"/srv/{number}") for number in range(50)} == set(range(HUES))
