"""The table with the results of the tests of real agents."""

from __future__ import annotations

from tests.support.agents_table import CHECKS, NO, NOT_APPLICABLE, YES, Column, Result, read, written
from tests.support.real_agents import PROVEN


def test_each_agent_has_a_column_and_each_check_a_row() -> None:
    columns = [Column("claude", "2.1.3"), Column("endpoint", "")]
    results = {
        ("claude", "start"): Result(YES),
        ("claude", "status"): Result(YES, "state file"),
        ("claude", "limit"): Result(NO),
        ("endpoint", "stop"): Result(NOT_APPLICABLE, "it has no tools"),
        ("endpoint", "kill"): Result(NOT_APPLICABLE, "it has no tools"),
    }
    lines = written(columns, results, "2026-01-02").splitlines()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines if line.startswith("| ")}
    assert "Last run: 2026-01-02." in lines
    assert "|  | claude 2.1.3 | endpoint |" in lines
    assert rows[CHECKS["start"]].endswith("| yes | ? |")
    assert rows[CHECKS["status"]].endswith("| yes: state file | ? |")
    assert rows[CHECKS["limit"]].endswith("| no | ? |")
    assert rows[CHECKS["stop"]].endswith("| ? | – [1] |")
    assert rows[CHECKS["kill"]].endswith("| ? | – [1] |")
    assert lines[-1] == "1. it has no tools"
    page = "\n".join(lines)
    assert read(page, columns) == results
    assert read(page, [Column("claude", "2.1.4")]) == {}, "another version was not tried"


def test_what_an_agent_cannot_do_is_one_of_the_checks() -> None:
    assert [check for agent in PROVEN for check in agent.cannot if check not in CHECKS] == []
