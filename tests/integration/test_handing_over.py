"""A chat's task is handed over to another agent, or another account: a new chat in the same directory."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from session_host.agents.catalog import load_agent, load_catalog
from session_host.client.chats.handing_over import can_take_over, hand_over, offer_hand_over
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.errors import AgentNotFound, LaunchFailed
from session_host.paths import config_dir, session_dir, session_files
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import SendLater
from session_host.system.clock import as_text
from tests.support.area import Area
from tests.support.commands import environment, outlive
from tests.support.conversing import ask, listed, new, see
from tests.support.repositories import Checkout
from tests.support.structured_chats import add_agent, input_log, new_chat, received, send, wait, wait_for_text
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def to(agent: str, token: str, prompt: str, account: str = "") -> LaunchRequest:
    return LaunchRequest(
        agent=load_agent(config_dir(), agent),
        prompt=prompt,
        directory="",
        environment=dict(os.environ),
        token=token,
        account=account,
    )


def stored(session_id: str) -> ChatFacts:
    with open_store() as store:
        record = store.get(session_id)
    assert record is not None
    return record


def files_of(session_id: str) -> list[Path]:
    return [path for path in session_files(session_id).glob("*") if path.name.startswith("handover")]


@pytest.fixture
def taker(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another agent, with arguments of its own, whose input is logged."""
    add_agent("fake")
    file = config_dir() / "agents" / "taker.toml"
    text = (file.parent / "fake.toml").read_text().replace('title = "Fake"', 'title = "Taker"')
    file.write_text(f'default_arguments = ["--careful"]\n{text}')
    monkeypatch.setenv("FAKE_APP_SERVER_LOG", str(area.home / "input.log"))


def prompts(directory: Path) -> list[str]:
    """The prompts that the agents got, as texts."""
    return [part["text"] for each in received(directory, "turn/start") for part in each["params"]["input"]]


class TestAChatView:
    @pytest.fixture
    def old(self, area: Area, taker: None) -> str:
        """A chat with two turns, in a repository with a change."""
        checkout = Checkout.new(area.home / "api")
        checkout.commit("a.txt", "one\n")
        checkout.write("a.txt", "one\ntwo\n")
        chat = new_chat(area, "Rename the ledger")
        with open_store() as store:
            store.update(chat, cwd=str(checkout.path), real_cwd=str(checkout.path))
        for text in ("rename the ledger\nanswer: six are done", "go on with the other three"):
            send(chat, text)
            wait(chat, "idle")
        wait_for_text(chat, "echo: go on")
        return chat

    async def test_the_new_agent_gets_exactly_the_edited_prompt(self, area: Area, old: str) -> None:
        offer = await offer_hand_over(old)

        assert offer.prompt.startswith("Go on with a task that another agent began.\n\nThe task: rename the ledger\n")
        assert "The last prompt: go on with the other three" in offer.prompt
        assert "(the conversation, 2 turns, 1 KB)\nChanged, not committed: 1 file +1 −0" in offer.prompt
        assert offer.branch == "main"
        assert not session_dir(str(offer.token)).exists()
        [line] = [each for each in offer.prompt.splitlines() if each.startswith("Read first: ")]
        edited = f"Do it   well.\n\n{line}\n“ü”"
        taken = await hand_over(old, to("taker", offer.token, edited))

        new_id = taken.record.id
        await asyncio.to_thread(wait, new_id, "idle")
        assert prompts(area.home)[-1] == edited
        [file] = files_of(new_id)
        assert str(file) in line
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        document = file.read_text()
        assert "six are done" in document
        assert "go on with the other three" in document
        assert (taken.note, taken.record.origin.cwd) == ("", str(area.home / "api"))

    async def test_the_new_chat_has_its_own_agents_rights_and_both_name_each_other(self, area: Area, old: str) -> None:
        taken = await hand_over(old, to("taker", (await offer_hand_over(old)).token, "go on"))

        new_id = taken.record.id
        shown, before = listed(new_id), listed(old)
        assert (taken.record.origin.arguments, taken.record.origin.overrides) == (["--careful"], {})
        assert (shown["name"], shown["runtime"]) == ("Rename the ledger (Taker)", "structured")
        assert (shown["handed_from"], before["handed_to"], before["state"]) == (old, new_id, "running")
        assert before["continued_by"] is None
        assert "Handed over to Rename the" in outlive("ls").output
        assert taken.record.entry.topic == "Rename the ledger"

        await asyncio.to_thread(wait, new_id, "idle")  # one that never had a conversation can't be resumed
        assert outlive("stop", new_id).code == 0
        again = str(outlive("resume", new_id, "--json").json()["id"])
        assert (listed(again)["handed_from"], listed(old)["handed_to"]) == (old, again)
        assert outlive("kill", again).code == 0
        assert outlive("rm", again).code == 0
        assert listed(old)["handed_to"] == new_id
        [file] = files_of(new_id)
        assert outlive("rm", new_id).code == 0
        assert (file.exists(), listed(old)["handed_to"]) == (False, None)

    @pytest.mark.parametrize("ends", [False, True], ids=["running", "ended"])
    async def test_what_was_to_continue_it_is_taken_back(self, old: str, ends: bool) -> None:
        send(old, "refuse: the limit is reached")
        wait_until(lambda: listed(old)["turn_failed"], 60, "the limit")
        await request(old, SendLater(0, "go on", at="2099-01-01T15:00:00.000Z", continues=True))
        if ends:
            assert outlive("stop", old).code == 0
        assert listed(old)["later"] is not None

        taken = await hand_over(old, to("taker", (await offer_hand_over(old)).token, "go on"))

        assert (taken.note, listed(old)["later"]) == ("", None)

    async def test_a_prompt_of_the_users_for_later_stays(self, old: str) -> None:
        send(old, "good morning", "--at", "2099-01-01T15:00+01:00")
        taken = await hand_over(old, to("taker", (await offer_hand_over(old)).token, "go on"))
        assert (taken.note, listed(old)["later"]["text"]) == ("", "good morning")

    async def test_a_refused_start_leaves_nothing_and_can_be_tried_again(self, area: Area, old: str) -> None:
        offer = await offer_hand_over(old)
        file = config_dir() / "agents" / "taker.toml"
        text = file.read_text()
        wrong = to("taker", offer.token, "go on")
        with pytest.raises(AgentNotFound):
            await hand_over(old, replace(wrong, agent=replace(wrong.agent, executable="not-here")))
        moved = area.home / "api"
        moved.rename(area.home / "moved")
        with pytest.raises(LaunchFailed, match="there is no directory"):
            await hand_over(old, wrong)
        assert (files_of(wrong.wanted_id), listed(old)["handed_to"]) == ([], None)

        (area.home / "moved").rename(moved)
        assert text == file.read_text()
        assert (await hand_over(old, wrong)).record.id == wrong.wanted_id

    async def test_a_repeated_request_starts_one_chat(self, area: Area, old: str) -> None:
        wish = to("taker", (await offer_hand_over(old)).token, "go on")
        first, second = await hand_over(old, wish), await hand_over(old, wish)
        assert first.record.id == second.record.id
        assert len(outlive("ls", "--json").json()) == 2


DIES = """
import asyncio, os, signal, sys
from session_host.agents.catalog import load_agent
from session_host.client.chats import handing_over, launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.paths import config_dir

chat, token, step = sys.argv[1:]
steps = {"file": (handing_over, "launch"), "row": (launch, "_start_host"), "start": (handing_over, "_take_back")}
setattr(*steps[step], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
agent = load_agent(config_dir(), "taker")
wish = LaunchRequest(agent=agent, prompt="take over", directory="", environment=dict(os.environ), token=token)
asyncio.run(handing_over.hand_over(chat, wish))
"""


class TestKills:
    """What hands a chat over is killed: after its file, after the new chat's row, or after that was started."""

    @pytest.fixture(params=["file", "row", "start"])
    async def step(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    async def limited(self, area: Area, taker: None) -> str:
        """A chat that a limit stopped, and that is to be continued."""
        chat = new_chat(area, "old")
        send(chat, "refuse: the limit is reached")
        wait_until(lambda: listed(chat)["turn_failed"], 60, "the limit")
        await request(chat, SendLater(0, "continue it", at="2099-01-01T15:00:00.000Z", continues=True))
        return chat

    async def hand_over(self, chat: str, step: str) -> None:
        words = [chat, (await offer_hand_over(chat)).token, step]
        ran = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", DIES, *words], env=environment())
        assert ran.returncode == -signal.SIGKILL

    def prompts(self, area: Area) -> list[str]:
        """The prompts that the agents of both chats got, the old chat's first."""
        logs = input_log(area), area.home / "input.log"
        lines = [json.loads(line) for log in logs if log.exists() for line in log.read_text().splitlines()]
        turns = [each["params"]["input"] for each in lines if each.get("method") == "turn/start"]
        return [part["text"] for each in turns for part in each]

    def check(self, area: Area, chat: str, step: str) -> None:
        """Exactly one of both has gone on, and a start that was cut is named."""
        others = [each for each in outlive("ls", "--all", "--json").json() if each["handed_from"]]
        went_on = "take over" if step == "start" else "continue it"
        wait_until(lambda: went_on in self.prompts(area), 60, went_on)
        wait_until(lambda: listed(chat)["later"] is None, 60, "the prompt to be taken back or sent")
        assert self.prompts(area) == ["refuse: the limit is reached", went_on]
        states = {"file": [], "row": ["lost"], "start": ["running"]}
        assert [each["state"] for each in others] == states[step]

    async def test_either_the_chat_goes_on_or_the_one_that_took_over(self, area: Area, limited: str, step: str) -> None:
        await self.hand_over(limited, step)
        assert listed(limited)["later"] is not None
        # It is set anew, to be due at once; the hand-over is still the later of both.
        with open_store() as store:
            if stored(limited).entry.handed_to:
                store.update(limited, handed_at="2099-01-01T00:00:00.000Z")
        await request(limited, SendLater(0, "continue it", at=as_text(time.time() + 0.5), continues=True))
        self.check(area, limited, step)

    async def test_so_does_one_that_ended_before_and_is_resumed(self, area: Area, limited: str, step: str) -> None:
        assert outlive("stop", limited).code == 0
        await self.hand_over(limited, step)
        assert stored(limited).entry.later is not None
        wait_until(lambda: step != "start" or "take over" in self.prompts(area), 60, "the prompt")
        resumed = str(outlive("resume", limited, "--json").json()["id"])
        assert (listed(resumed)["later"] is None) is (step == "start")


class TestATerminal:
    @pytest.fixture
    def place(self, tmp_path: Path, area: Area, monkeypatch: pytest.MonkeyPatch) -> Path:
        from tests.support.conversing import install

        install(tmp_path / "bin")
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        directory = tmp_path / "project"
        directory.mkdir()
        return directory

    async def test_codex_goes_on_with_what_its_record_has(self, place: Path) -> None:
        chat = new("claude", place, "-e", "SECRET=1", "--", "--model", "opus")
        ask(chat, "rename the ledger")
        ask(chat, "and its tests")

        offer = await offer_hand_over(chat)
        assert "The task: rename the ledger" in offer.prompt
        taken = await hand_over(chat, to("codex", offer.token, "go on with the ledger"))

        see(taken.record.id, "you said: go on with the ledger")
        [file] = files_of(taken.record.id)
        assert "## 2. Prompt\n\nand its tests\n\n### Answer\n\nyou said: and its tests" in file.read_text()
        assert (taken.record.origin.arguments, taken.record.origin.overrides) == ([], {})
        assert listed(chat)["state"] == "running"

    async def test_another_account_of_the_same_agent_goes_on(self, place: Path, area: Area) -> None:
        file = config_dir() / "agents" / "claude.toml"
        file.write_text(f'[accounts.home]\nenv = {{ CLAUDE_CONFIG_DIR = "~/h" }}\n{file.read_text()}')
        chat = new("claude", place)
        ask(chat, "rename the ledger")

        taken = await hand_over(chat, to("claude", (await offer_hand_over(chat)).token, "go on", account="home"))

        see(taken.record.id, "you said: go on")
        assert (taken.record.origin.account, listed(chat)["account"]) == ("home", "")
        assert list((area.home / "h").glob("projects/*/*.jsonl"))


def test_agents_that_get_no_first_prompt_do_not_take_over() -> None:
    takers = [agent.name for agent in load_catalog(config_dir()).values() if can_take_over(agent)]
    assert takers == ["claude", "codex", "opencode", "gemini", "copilot", "qwen", "aider"]
