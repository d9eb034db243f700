"""Runs real agents against a model server of the tests; the results become a table.

A test marked ``shows(check, …)`` fills these rows of ``agents_table.CHECKS`` for the agent that it runs with.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support import agents_table
from tests.support.agents_table import NO, NOT_APPLICABLE, YES, Column, Result
from tests.support.area import Area
from tests.support.real_agents import ALL_AGENTS, CannotInstall, RealAgent
from tests.support.real_chats import Chat, Work

results: dict[tuple[str, str], Result] = {}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shows(*checks): fills these rows of the table of real agents")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses an agent with every agent, unless the test names its agents itself."""
    marks = [mark for mark in metafunc.definition.iter_markers() if mark.name == "parametrize"]
    if "agent" in metafunc.fixturenames and not any("agent" in str(mark.args[0]) for mark in marks):
        metafunc.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Record the result of a test in the rows that it shows."""
    agent: RealAgent | None = item.callspec.params.get("agent") if hasattr(item, "callspec") else None
    if agent is None:
        return
    for check in (check for mark in item.iter_markers("shows") for check in mark.args):
        place = (agent.name, check)
        if check in agent.cannot:
            results[place] = Result(NOT_APPLICABLE, agent.cannot[check])
        elif call.excinfo is not None and check in item.stash.get(SHOWN, ()):
            results.setdefault(place, Result(YES))
        elif call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
            results[place] = Result(NO)
        elif call.when == "teardown" and call.excinfo is None and item.stash.get(RAN, False):
            notes = dict(item.user_properties)
            # Several tests may show one row: all of them must pass.
            results.setdefault(place, Result(YES, str(notes.get(check, ""))))


RAN = pytest.StashKey[bool]()
SHOWN = pytest.StashKey[set[str]]()


def pytest_runtest_call(item: pytest.Item) -> None:
    item.stash[RAN] = True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table if every row was tried with every agent.

    With ``--write-agents-table``, write it always; rows that were not tried keep their previous results.
    """
    columns = [Column(agent.name, agent.version) for agent in ALL_AGENTS]
    tried = {(column.title, check) for column in columns for check in agents_table.CHECKS}
    path = agents_table.PATH
    if results and (session.config.getoption("--write-agents-table") or tried <= results.keys()):
        previous = agents_table.read(path.read_text(encoding="utf-8"), columns) if path.exists() else {}
        path.parent.mkdir(exist_ok=True)
        day = datetime.now(UTC).date().isoformat()
        path.write_text(agents_table.written(columns, previous | results, day), encoding="utf-8")


# ------------------------------------------------------------------------------------ fixtures


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A fake model service for the agent."""
    with ModelServer() as running:
        yield running


@pytest.fixture
def project(area: Area) -> Path:
    """The directory that the agent works in."""
    directory = area.home / "project"
    directory.mkdir()
    return directory


@pytest.fixture
def agent(
    request: pytest.FixtureRequest, area: Area, server: ModelServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> RealAgent:
    """An installed agent on PATH, configured to use the fake model service."""
    chosen: RealAgent = request.param
    checks = [check for mark in request.node.iter_markers("shows") for check in mark.args]
    if checks and all(check in chosen.cannot for check in checks):
        pytest.skip(f"not applicable: {chosen.cannot[checks[0]]}")
    try:
        binary = chosen.install()
    except CannotInstall as reason:
        pytest.skip(str(reason))
    temporary = area.home / "tmp"  # Temporary files that a killed agent leaves behind are not an error.
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("PATH", f"{binary.parent}{os.pathsep}{os.environ['PATH']}")
    for name, value in chosen.prepare(area.home, project, server.url).items():
        monkeypatch.setenv(name, value)
    return chosen


@pytest.fixture
def chat(agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions) -> Chat:
    """A chat with the agent, ready for input."""
    return Chat.start(agent, server, project)


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Records a check as shown, so that it counts although the test fails later."""
    done: set[str] = request.node.stash.setdefault(SHOWN, set())
    return done.add


@pytest.fixture
def work(project: Path) -> Work:
    """A command for the agent to run."""
    return Work(project)
