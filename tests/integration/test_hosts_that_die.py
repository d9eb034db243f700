"""A chat whose hosts die soon after their starts: its program runs on, and can be ended; other chats notice nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from session_host.cli.doctor import chats
from session_host.client.control import request
from session_host.client.sessions.hosts import upgrade
from session_host.paths import database
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Describe
from session_host.storage.store import Store
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.hosts import start
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

DYING_HOSTS = """
import os, sys
if "session_host.keeper" in " ".join(sys.orig_argv) and "--continue" not in sys.orig_argv:
    from pathlib import Path
    from session_host.host.main import _Host

    directory, recover = Path(os.environ["HOME"]), _Host._recover

    def die(self, *args, **how):
        if self._spec.facts.entry.name == "broken" and (directory / "breaks").exists():
            with (directory / "died").open("a") as file:
                file.write("died\\n")
            raise OverflowError("a number of the agent")
        return recover(self, *args, **how)

    _Host._recover = die
"""
"""A version with hosts that die in one chat; the one after it is mended."""


async def start_broken(area: Area, directory: Path, monkeypatch: pytest.MonkeyPatch, *argv: str) -> ChatFacts:
    """Start a chat, of which each host dies from now on."""
    (directory / "sitecustomize.py").write_text(DYING_HOSTS)
    monkeypatch.setenv("PYTHONPATH", str(directory))
    record = await start(*argv, name="broken")
    description = await request(record.id, Describe(0))
    died = area.home / "died"
    (area.home / "breaks").touch()
    os.kill(description.facts.program.host_pid, signal.SIGKILL)
    wait_until(lambda: died.exists() and died.read_text().count("died") > 6, 20, "its hosts to die for a while")
    facts: ChatFacts = description.facts
    return facts


async def test_an_upgrade_mends_such_a_chat_and_disturbs_no_other(
    tmp_path: Path, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = await start_broken(area, tmp_path, monkeypatch, "cat")
    fine = await start("cat", name="fine")
    with Store.open(database()) as store:
        results = {each.name: each for each in upgrade(store)}
    assert results["fine"].ok, results
    assert results["broken"].ok, results
    for each in (fine, broken):
        after = (await request(each.id, Describe(0))).facts
        assert after.program.child_pid == each.program.child_pid


@pytest.mark.parametrize(
    ("subcommand", "script", "end"),
    [
        ("stop", "trap 'exit 7' TERM; while :; do sleep 0.1; done", (7, None, "stop")),
        ("stop", "trap '' TERM; while :; do sleep 0.1; done", (None, signal.SIGKILL, "stop")),
        ("kill", "trap '' TERM; while :; do sleep 0.1; done", (None, signal.SIGKILL, "kill")),
    ],
)
async def test_such_a_chat_is_named_and_can_be_ended(
    tmp_path: Path,
    area: Area,
    monkeypatch: pytest.MonkeyPatch,
    subcommand: str,
    script: str,
    end: tuple[int | None, int | None, str],
) -> None:
    broken = await start_broken(area, tmp_path, monkeypatch, "sh", "-c", script)
    assert broken.program.child_pid is not None
    listed = outlive("ls")
    assert f"broken: the chat's background process does not start; `outlive logs {broken.id[:8]}`" in listed.output
    [check] = list(chats.chats())
    assert "its background process does not start" in check.message
    assert f"outlive logs {broken.id[:8]}" in check.remedy
    assert processes.is_alive(broken.program.child_pid), "a program that runs is never given up"

    done = outlive(subcommand, "broken", timeout_s=60)

    assert (done.code, done.error) == (0, "")
    assert not processes.is_alive(broken.program.child_pid)
    [info] = outlive("ls", "--all", "--json").json()
    assert (info["state"], info["exit_code"], info["exit_signal"], info["end_request"]) == ("exited", *end)
    assert outlive("rm", "broken", "--yes").code == 0
