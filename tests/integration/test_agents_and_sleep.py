"""An agent puts to sleep and wakes only chats that it started, by any door: not its own, its starters' or another's."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from session_host.paths import config_dir
from tests.programs import program
from tests.support.area import Area
from tests.support.commands import OUTLIVE, outlive
from tests.support.conversing import listed
from tests.support.hosts import recorded
from tests.support.near_bridges import NearBridges
from tests.support.orders import Orders
from tests.support.reporting import AGENTS, Parent
from tests.support.structured_chats import new_chat, wait

pytestmark = pytest.mark.usefixtures("sessions")

NOT_ALLOWED = 8
RESUMABLE = """
[conversation]
preset = true
resume = ["{python}", "{arguments}", "--id", "{conversation}"]
"""


class Agents:
    """An agent, one that it started, and two chats of the user's, of which one is asleep."""

    def __init__(self, area: Area) -> None:
        self.parent, self.other = Parent(area), Parent(area, name="other")
        self.child = Orders(area.home / "child")
        listening = program("listening_agent", area.home / "child" / "prompts")
        words = ["-n", "child", "-C", str(area.home / "child"), "--", *self.child.words[1:], *listening]
        done = self.parent.outlive("new", "terminal", "-d", "--json", *words)
        assert done.code == 0, done
        self.child_id = str(json.loads(done.output)["id"])
        wait("child", "idle")
        self.sleeper = new_chat(area, "sleeper")
        assert outlive("send", "sleeper", "answer: one", "--wait", "--timeout", "60").code == 0
        assert outlive("sleep", "sleeper").code == 0

    def allow(self, what: str) -> None:
        (config_dir() / "chats.toml").write_text(f'agents_may_control = "{what}"\n')

    @property
    def is_untouched(self) -> bool:
        awake = [listed(each)["state"] for each in (self.parent.id, self.other.id, self.child_id)]
        sleeper = recorded(self.sleeper)
        return awake == ["running"] * 3 and sleeper.is_asleep and sleeper.entry.later is None


@pytest.fixture
def agents(area: Area, monkeypatch: pytest.MonkeyPatch) -> Agents:
    start = '"{python}", "{arguments}"'
    resumable = AGENTS["terminal"].replace(start, f'{start}, ["--id", "{{conversation}}"]') + RESUMABLE
    monkeypatch.setitem(AGENTS, "terminal", resumable)
    return Agents(area)


def test_not_by_commands(agents: Agents) -> None:
    for may_control in ("own", "all"):
        agents.allow(may_control)
        refused = [(agents.parent, "parent"), (agents.child, "parent"), (agents.child, "child")]
        refused += [(agents.parent, "other"), (agents.child, "other")] if may_control == "own" else []
        for by, name in refused:
            for words in (["sleep", name], ["sleep", name, "--anyway"]):
                done = by.outlive(*words)
                assert (done.code, agents.is_untouched) == (NOT_ALLOWED, True), (may_control, words, done)
    agents.allow("own")
    for by in (agents.parent, agents.child):
        for words in (["send", "sleeper", "hello"], ["send", "sleeper", "hello", "--wait"], ["stop", "sleeper"]):
            done = by.outlive(*words)
            assert (done.code, agents.is_untouched) == (NOT_ALLOWED, True), (words, done)


def test_not_its_starter_that_is_asleep_whatever_the_settings_allow(agents: Agents) -> None:
    agents.allow("all")
    assert outlive("sleep", "parent").code == 0

    done = agents.child.outlive("send", "parent", "hello", "--enter")

    assert done.code == NOT_ALLOWED, done
    starter = recorded(agents.parent.id)
    assert (starter.is_asleep, starter.entry.later) == (True, None)
    assert agents.child.outlive("send", "sleeper", "hello").code == 0, "another one's, if the user allows it"


def test_what_it_started_it_may(agents: Agents) -> None:
    slept = agents.parent.outlive("sleep", "child")
    assert slept.code == 0, slept
    assert listed(agents.child_id)["is_asleep"]

    woken = agents.parent.outlive("send", "child", "hello", "--enter")

    assert woken.code == 0, woken
    assert recorded(agents.child_id).entry.continued_by is not None


TOOL = """
import json, subprocess, sys
call = {"name": "send", "arguments": {"chat": "sleeper", "text": "hello"}}
line = json.dumps({"jsonrpc": "2.0", "method": "tools/call", "id": 1, "params": call})
process = subprocess.Popen([*sys.argv[1:], "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(line, file=process.stdin, flush=True)
print(process.stdout.readline())
process.stdin.close()
process.wait()
"""


def test_not_by_a_tool(agents: Agents) -> None:
    done = agents.parent.run(shlex.join([sys.executable, "-c", TOOL, *OUTLIVE]))
    assert done.code == 0, done
    assert "agents_may_control" in done.output
    assert agents.is_untouched


BRIDGE = """
import asyncio, sys
from session_host.client.chats.sleeping import put_to_sleep, stop_asleep, wake
from session_host.errors import OutliveError
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine

async def main():
    machine = RemoteMachine(Link(MachineEntry("near", "near")))
    own, other, sleeper = sys.argv[1:]
    calls = [(put_to_sleep, own), (put_to_sleep, other), (wake, sleeper, "hello"), (stop_asleep, sleeper)]
    for function, *given in calls:
        try:
            print("done", await machine.call(function, *given))
        except OutliveError as error:
            print(type(error).__name__)
    await machine.link.close()

asyncio.run(main())
"""


def test_not_by_a_bridge(agents: Agents, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    NearBridges(tmp_path / "near", monkeypatch)
    ids = agents.parent.id, agents.other.id, agents.sleeper
    words = ["env", f"PATH={os.environ['PATH']}", sys.executable, "-c", BRIDGE, *ids]
    done = agents.parent.run(shlex.join(words))
    assert done.code == 0, done
    assert done.output.split() == ["NotAllowed"] * 4
    assert agents.is_untouched
