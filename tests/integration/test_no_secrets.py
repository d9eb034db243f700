"""The program's environment variables are readable by the program only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.protocol.messages import Describe
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.hosts import end, see, watching

pytestmark = pytest.mark.usefixtures("sessions")

GIVEN = "g1ven-s3cret-0123456789"
INHERITED = "inh3rited-s3cret-9876543210"
TYPED = "typ3d-passw0rd-555"
SHOWN = "sh0wn-by-the-program-777"


def files_with(directory: Path, secret: str) -> set[str]:
    """Names of the files below a directory that hold a text, in UTF-8 or UTF-16."""
    forms = (secret.encode(), secret.encode("utf-16-le"))
    return {
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and any(form in path.read_bytes() for form in forms)
    }


def columns_with(database: Path, secret: str) -> set[str]:
    """``table.column`` of each cell of a database that holds a text."""
    found = set()
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in rows.description]
            for row in rows:
                found |= {f"{table}.{name}" for name, value in zip(names, row, strict=True) if secret in str(value)}
    connection.close()
    return found


async def test_secrets_are_in_the_programs_environment_only(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHERITED_TOKEN", INHERITED)
    session = new(
        "-n",
        "one",
        "-e",
        f"GIVEN_TOKEN={GIVEN}",
        "--",
        "bash",
        "-c",
        f"stty -echo; echo {SHOWN}; read password; echo got it; cat",
    )
    failed = outlive("new", "-e", f"GIVEN_TOKEN={GIVEN}", "--", "no-such-program-anywhere")
    assert GIVEN not in failed.error
    async with watching(session) as (viewer, watcher):
        await see(viewer, watcher, SHOWN)
        viewer.text(f"{TYPED}\r")
        await see(viewer, watcher, "got it")
        description = await request(session, Describe(0))
        assert GIVEN not in str(description)

        # Processes: only the agent and its children have the agent's environment.
        for pid in processes.with_environment("OUTLIVE_RUNTIME_DIR", str(area.runtime)):
            assert GIVEN not in processes.command_line(pid), processes.command_line(pid)
            assert INHERITED not in processes.command_line(pid)
            environment = str(processes.environment(pid))
            if pid not in {description.facts.program.child_pid, *_children(description.facts.program.child_pid)}:
                assert GIVEN not in environment, processes.command_line(pid)
                assert INHERITED not in environment, processes.command_line(pid)
        agent = processes.environment(description.facts.program.child_pid)
        assert (agent[b"GIVEN_TOKEN"].decode(), agent[b"INHERITED_TOKEN"].decode()) == (GIVEN, INHERITED)

        # Output of commands.
        for words in (["ls"], ["ls", "--all", "--json"], ["peek", "one", "--json"], ["doctor", "--json"]):
            output = outlive(*words)
            assert GIVEN not in output.output + output.error
            assert INHERITED not in output.output + output.error
            assert TYPED not in output.output + output.error
        _nothing_on_the_disk(area)
    await end(session)
    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0
    _nothing_on_the_disk(area)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _nothing_on_the_disk(area: Area) -> None:
    everywhere = [area.runtime, area.state, area.config, area.temporary, area.xdg_runtime]
    for directory in everywhere:
        assert files_with(directory, INHERITED) == set()
        assert files_with(directory, TYPED) == set(), "what was typed without echo is written down nowhere"
        for name in files_with(directory, GIVEN):
            assert Path(name).name == "record.json" or name.startswith("outlive.db"), (
                f"{name} holds a variable that was given with -e"
            )
    assert columns_with(area.state / "outlive.db", GIVEN) == {"session.env"}, "kept to start the chat again"
    logs = {name for name in files_with(area.state, SHOWN) if name.startswith("logs/")}
    assert logs == set(), "a log never holds what a program shows"
