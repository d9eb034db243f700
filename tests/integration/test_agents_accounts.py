"""A chat that an agent starts has the agent's own account, whichever way it is started."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, Done, outlive
from tests.support.near_bridges import NearBridges
from tests.support.orders import Orders

pytestmark = pytest.mark.usefixtures("sessions")

NOT_ALLOWED = 8

FILE = """
title = "F"
executable = ""
start = ["{python}", "{arguments}"]
monogram = "F"
[signals]
ends_all = true
[accounts.work]
env = { PLACE = "/w" }
[accounts.home]
env = { PLACE = "/h" }
"""
SHOWS_PLACE = ("-c", "import os; print('place', os.environ.get('PLACE', 'none')); input()")


@pytest.fixture
def agent(area: Area, monkeypatch: pytest.MonkeyPatch) -> Orders:
    """A program that runs commands for a test, in a chat with an agent of the account work."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    directory = area.config / "agents"
    directory.mkdir(parents=True)
    for name in ("fake", "other"):
        (directory / f"{name}.toml").write_text(FILE)
    orders = Orders(area.home / "docs")
    start(*orders.words[1:], account="work")
    return orders


def start(*arguments: str, name: str = "docs", account: str = "") -> None:
    words = ("--account", account) if account else ()
    done = outlive("new", "fake", "-d", "-n", name, *words, "--", *arguments)
    assert done.code == 0, done


def started(done: Done, place: str) -> str:
    """The account of a chat that was started, once it has shown its place."""
    assert done.code == 0, done
    chat = json.loads(done.output)
    shown = outlive("wait", chat["id"], "--text", f"place {place}", "--timeout", "60")
    assert shown.code == 0, outlive("peek", chat["id"])
    return str(chat["account"])


def test_an_agent_starts_chats_with_its_own_account(agent: Orders) -> None:
    own = agent.outlive("new", "fake", "-d", "--json", "--", *SHOWS_PLACE)
    named = agent.outlive("new", "fake", "-d", "--json", "--account", "work", "--", *SHOWS_PLACE)
    elsewhere = agent.run(f"PLACE=/h {shlex.join([*OUTLIVE, 'new', 'fake', '-d', '--json', '--', *SHOWS_PLACE])}")

    assert [started(done, "/w") for done in (own, named, elsewhere)] == ["work"] * 3
    assert json.loads(agent.outlive("new", "other", "-d", "--json", "--", *SHOWS_PLACE).output)["account"] == ""


def test_an_agent_chooses_no_other_account(area: Area, agent: Orders) -> None:
    (area.config / "chats.toml").write_text('agents_may_control = "all"\n')
    for agent_name, words in (
        ("fake", ("--account", "home")),
        ("other", ("--account", "work")),
        ("fake", ("-e", "PLACE=/h")),
    ):
        done = agent.outlive("new", agent_name, "-d", *words, "--", *SHOWS_PLACE)
        assert (done.code, "the user" in done.complaint()) == (NOT_ALLOWED, True), done
    assert [each["name"] for each in outlive("ls", "--all", "--json").json()] == ["docs"]


def test_an_agent_of_the_default_account_chooses_none(area: Area, agent: Orders) -> None:
    plain = Orders(area.home / "plain")
    start(*plain.words[1:], name="plain")

    assert plain.outlive("new", "fake", "-d", "--account", "work", "--", *SHOWS_PLACE).code == NOT_ALLOWED
    assert started(plain.outlive("new", "fake", "-d", "--json", "--", *SHOWS_PLACE), "none") == ""


MCP = """
import json, subprocess, sys
calls = [{"name": "start_chat", "arguments": {"agent": "fake", "chat": "sub"} | more} for more in (
    {}, {"chat": "second", "account": "home"},
)]
head = {"jsonrpc": "2.0", "method": "tools/call"}
lines = [json.dumps(head | {"id": number, "params": call}) for number, call in enumerate(calls)]
process = subprocess.Popen([*sys.argv[1:], "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for line in lines:
    print(line, file=process.stdin, flush=True)
answers = sorted((json.loads(process.stdout.readline()) for _ in lines), key=lambda answer: answer["id"])
process.stdin.close()
process.wait()
print(json.dumps(answers))
"""


def test_an_agents_tool_starts_a_chat_with_its_own_account_and_takes_no_other(agent: Orders) -> None:
    done = agent.run(shlex.join([sys.executable, "-c", MCP, *OUTLIVE]))

    assert done.code == 0, done
    first, second = json.loads(done.output)
    assert json.loads(first["result"]["content"][0]["text"])["account"] == "work"
    assert "account" in second["error"]["message"]
    assert [each["name"] for each in outlive("ls", "--json").json()] == ["docs", "sub"]


BRIDGE = """
import asyncio
from msgspec.structs import replace
from session_host.agents.catalog import load_catalog
from session_host.client.chats.handing_over import hand_over, offer_hand_over
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import OutliveError
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.paths import config_dir

async def main():
    machine = RemoteMachine(Link(MachineEntry("near", "near")))
    request = LaunchRequest(
        agent=load_catalog(config_dir())["fake"], directory="/", environment=None, arguments=["-c", "input()"]
    )
    for each in (replace(request, account="home"), replace(request, overrides={"PLACE": "/h"}), request):
        try:
            print((await machine.call(launch, each)).origin.account)
        except OutliveError as error:
            print(type(error).__name__, error)
    own = (await machine.call(launch, request)).id
    for account in ("home", "work"):
        token = (await machine.call(offer_hand_over, own)).token
        try:
            taken = await machine.call(hand_over, own, replace(request, account=account, token=token))
            print(taken.record.origin.account, taken.record.origin.handed_from == own)
        except OutliveError as error:
            print(type(error).__name__, error)
    await machine.link.close()

asyncio.run(main())
"""


def test_an_agent_chooses_no_account_by_a_bridge(
    agent: Orders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    NearBridges(tmp_path / "near", monkeypatch)
    orders = Orders(tmp_path / "bridging")
    start(*orders.words[1:], name="bridging", account="work")

    done = orders.run(shlex.join([sys.executable, "-c", BRIDGE]))

    assert done.code == 0, done
    first, second, third, *handed = done.output.splitlines()
    assert [line.partition(" ")[0] for line in (first, second, third)] == ["NotAllowed", "NotAllowed", "work"], done
    assert (handed[0].partition(" ")[0], handed[1]) == ("NotAllowed", "work True"), done
