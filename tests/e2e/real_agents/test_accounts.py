"""Accounts of a real agent side by side, and a task that one agent hands over to another."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from session_host.agents.catalog import load_agent
from session_host.client.chats.handing_over import hand_over, offer_hand_over
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.paths import config_dir, session_files
from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.area import Area
from tests.support.real_agents import CLAUDE, CODEX, CannotInstall, RealAgent
from tests.support.real_chats import SIZE, Chat, done

from .test_resume import wait_until_recorded

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("agent", [CLAUDE], ids=["claude"], indirect=True),
]

PLACES = {"work": ".claude-work", "home": ".claude-home"}
EDITED = "Go on with   “the ledger”, please; read nothing. It has $HOME, 'quotes' and a \\ in it"


@pytest.fixture
def accounts(agent: RealAgent, area: Area) -> None:
    """Two accounts beside the default one, each with the settings of the prepared one."""
    lines = [f'[accounts.{name}]\nenv = {{ CLAUDE_CONFIG_DIR = "~/{place}" }}\n' for name, place in PLACES.items()]
    file = area.config / "agents" / "claude.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(lines), encoding="utf-8")
    for place in PLACES.values():
        shutil.copytree(area.home / ".claude", area.home / place)
        shutil.copyfile(area.home / ".claude.json", area.home / place / ".claude.json")


def start(agent: RealAgent, server: ModelServer, project: Path, account: str) -> Chat:
    words = ["new", agent.name, "-d", "--json", "-n", account or "plain", "-C", str(project), "--size", str(SIZE)]
    return Chat(agent, server, json.loads(done(*words, "--account", account))["id"]).until_ready()


def test_two_accounts_side_by_side_have_their_own_conversations_and_resume_in_their_own(
    accounts: None, agent: RealAgent, server: ModelServer, project: Path, area: Area, sessions: Sessions
) -> None:
    chats = {name: start(agent, server, project, name) for name in PLACES}
    for name, chat in chats.items():
        chat.ask_and_read(f"I like {name} best")
        chat.until_idle()
        wait_until_recorded(chat, f"echo: I like {name} best")
    for name, chat in chats.items():
        [record] = (area.home / PLACES[name]).glob("projects/*/*.jsonl")
        known = chat.info()
        assert (record.stem, known["account"]) == (known["provider_session_id"], name)
    assert not list((area.home / ".claude").glob("projects/*/*.jsonl"))

    for chat in chats.values():
        chat.stop()
    for name, chat in chats.items():
        resumed = chat.resumed().until_ready()
        resumed.sees(f"I like {name} best")
        resumed.ask_and_read(f"more of {name}")
        resumed.until_idle()
        history = json.dumps(server.wait_asked(f"more of {name}").body)
        other = next(each for each in PLACES if each != name)
        assert (f"I like {name} best" in history, f"I like {other} best" in history) == (True, False)
        wait_until_recorded(resumed, f"echo: more of {name}")
        assert resumed.info()["account"] == name


@pytest.fixture
def codex(area: Area, server: ModelServer, project: Path, monkeypatch: pytest.MonkeyPatch) -> RealAgent:
    """Codex beside it."""
    try:
        binary = CODEX.install()
    except CannotInstall as reason:
        pytest.skip(str(reason))
    monkeypatch.setenv("PATH", f"{binary.parent}{os.pathsep}{os.environ['PATH']}")
    for name, value in CODEX.prepare(area.home, project, server.url).items():
        monkeypatch.setenv(name, value)
    return CODEX


@pytest.mark.parametrize("runtime", ["terminal", "structured"])
def test_codex_goes_on_with_a_task_of_claude_by_a_prompt_that_arrives_as_edited(
    runtime: str, agent: RealAgent, codex: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    words = ["new", agent.name, "-d", "--json", "-n", "ledger", "-C", str(project), "--size", str(SIZE)]
    words += ["--runtime", runtime]
    chat = Chat(agent, server, json.loads(done(*words))["id"])
    if runtime == "terminal":
        chat.until_ready().ask_and_read("rename the ledger")
    else:
        done("send", chat.id, "rename the ledger")
        chat.sees("echo: rename the ledger")
    chat.until_idle()
    if runtime == "terminal":
        wait_until_recorded(chat, "echo: rename the ledger")

    async def hand() -> str:
        offer = await offer_hand_over(chat.id)
        assert "The task: rename the ledger\n\nRead first: /" in offer.prompt
        to = LaunchRequest(
            agent=load_agent(config_dir(), codex.name),
            prompt=EDITED,
            directory="",
            environment=dict(os.environ),
            token=offer.token,
            size=SIZE,
        )
        taken = await hand_over(chat.id, to)
        assert taken.note == ""
        return taken.record.id

    taken = Chat(codex, server, asyncio.run(hand()))
    request = server.wait_asked(EDITED)
    assert request.prompt == EDITED
    taken.sees("echo: Go on with")
    taken.until_idle()
    [file] = [each for each in session_files(taken.id).iterdir() if each.suffix == ".md"]
    assert "echo: rename the ledger" in file.read_text("utf-8")
    assert (taken.info()["handed_from"], chat.info()["handed_to"], chat.info()["state"]) == (
        chat.id,
        taken.id,
        "running",
    )
