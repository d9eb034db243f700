"""An agent, and whatever it starts, controls its own chat and those that it started; the user controls every chat."""

from __future__ import annotations

import json
import os
import shlex
import sys
import uuid
from pathlib import Path

import pytest

from session_host.client.sessions import upgrade as upgrade_module
from session_host.client.sessions.listing import describe
from session_host.paths import config_dir
from session_host.protocol.values import State
from session_host.system.processes.permission import AGENT_CHATS
from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, Done, OnTerminal, new, outlive
from tests.support.hosts import has_rested, peek, rest_after
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

NOT_ALLOWED = 8
KEPT = ("HOME", "PATH", "PYTHONPATH", "OUTLIVE_RUNTIME_DIR", "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR")

FAKE_AGENT = """
import json, os, subprocess, sys
orders = sys.argv[1]
print("ready", flush=True)
while True:
    with open(orders) as file:
        order = file.read()
    if not order:
        continue
    answer, command = order.split("\\n", 1)
    done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    with open(answer + ".new", "w") as file:
        json.dump([done.returncode, done.stdout, done.stderr], file)
    os.rename(answer + ".new", answer)
"""


class Inside:
    """A program in a chat that runs the shell commands of a test; the chat is an agent's unless ``agent`` is another.

    Attributes:
        id: the chat's.
    """

    def __init__(self, area: Area, name: str, agent: str = "fake") -> None:
        self._directory = area.home / name
        self._directory.mkdir()
        self._orders = self._directory / "orders"
        os.mkfifo(self._orders)
        directory = area.config / "agents"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "fake.toml").write_text(
            'title = "F"\nexecutable = ""\nstart = ["{python}", "{arguments}"]\nmonogram = "F"\n'
            "[signals]\nends_all = true\n"
        )
        program = ["-ISc", FAKE_AGENT, str(self._orders)]
        argv = program if agent == "fake" else [sys.executable, *program]
        self.id = new(agent, "-n", name, "--", *argv)

    def run(self, command: str) -> Done:
        """Run a shell command inside the chat."""
        answer = self._directory / uuid.uuid4().hex
        self._orders.write_text(f"{answer}\n{command}")
        wait_until(answer.exists, 30, "the command to end")
        return Done(*json.loads(answer.read_text()))

    def outlive(self, *words: str) -> Done:
        """Run ``outlive`` inside the chat."""
        return self.run(shlex.join([*OUTLIVE, *words]))


@pytest.fixture(autouse=True)
def importable(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


@pytest.fixture
def agent(area: Area) -> Inside:
    return Inside(area, "docs")


@pytest.fixture
def other() -> str:
    """A chat of the user's, with a program that shows what is typed."""
    return new("command", "-n", "api-fix", "--", "cat")


def allow(value: str) -> None:
    (config_dir() / "chats.toml").write_text(f'agents_may_control = "{value}"\n')


def assert_refused(done: Done, name: str = "api-fix") -> None:
    assert done.code == NOT_ALLOWED, done
    assert name in done.complaint()
    assert "agents_may_control" in done.complaint()


async def assert_untouched(session_id: str) -> None:
    assert await peek(session_id) == [], "nothing was typed"
    description = describe(session_id)
    assert description is not None
    assert (description.state, description.name) == (State.RUNNING, "api-fix")


async def test_an_agent_does_not_control_other_chats(agent: Inside, other: str) -> None:
    for words in (
        ["send", "api-fix", "yes", "--enter"],
        ["send", "api-fix", "--key", "Ctrl+c"],
        ["stop", "api-fix"],
        ["kill", "api-fix"],
        ["rename", "api-fix", "mine"],
    ):
        assert_refused(agent.outlive(*words))

    await assert_untouched(other)
    assert [each["name"] for each in outlive("ls", "--json").json()] == ["docs", "api-fix"]


async def test_an_agent_does_not_attach_to_another_chat(agent: Inside, other: str) -> None:
    attach = shlex.join([*OUTLIVE, "attach", "api-fix"])
    attached = agent.run(f"TERM=xterm script -qec {shlex.quote(attach)} /dev/null")

    assert attached.code == NOT_ALLOWED, attached
    assert "agents_may_control" in attached.output
    await assert_untouched(other)


def test_an_agent_reads_other_chats(agent: Inside, other: str) -> None:
    assert outlive("send", other, "hello", "--enter").code == 0
    assert outlive("wait", other, "--text", "hello", "--timeout", "10").code == 0

    assert "api-fix" in agent.outlive("ls").output
    assert "hello" in agent.outlive("peek", "api-fix").output
    assert agent.outlive("wait", "api-fix", "--text", "hello", "--timeout", "10").code == 0
    assert agent.outlive("explain", "api-fix").code == 0


def test_an_agent_controls_its_own_chat(agent: Inside) -> None:
    assert agent.outlive("send", "docs", "hello").code == 0
    assert agent.outlive("rename", "docs", "papers").code == 0


async def test_clearing_the_environment_hides_no_agent(agent: Inside, other: str) -> None:
    kept = " ".join(f"{name}={shlex.quote(os.environ[name])}" for name in KEPT)

    assert_refused(agent.run(f"env -i {kept} {shlex.join(OUTLIVE)} send api-fix yes"))
    await assert_untouched(other)


@pytest.mark.parametrize("environment", ["env", "env -i"])
async def test_a_process_that_left_its_parents_is_still_the_agents(
    agent: Inside, other: str, tmp_path: Path, environment: str
) -> None:
    kept = " ".join(f"{name}={shlex.quote(os.environ[name])}" for name in KEPT)
    answer, parent = tmp_path / "answer", tmp_path / "parent"
    waits = f"while [ $(cut -d' ' -f4 /proc/$$/stat) = $(cat {parent}) ]; do sleep 0.02; done"
    sends = f"{shlex.join(OUTLIVE)} send api-fix yes 2>{answer}.new; mv {answer}.new {answer}"
    daemon = shlex.quote(f"{waits}; {sends}")

    agent.run(f"sh -c 'echo $$ >{parent}; setsid {environment} {kept} sh -c \"$0\" >/dev/null 2>&1 &' {daemon}")

    wait_until(answer.exists, 20, "the orphan to send")
    assert "agents_may_control" in answer.read_text()
    await assert_untouched(other)


async def test_the_user_allows_it_without_a_restart(agent: Inside, other: str) -> None:
    assert_refused(agent.outlive("send", "api-fix", "yes"))
    allow("all")
    assert agent.outlive("send", "api-fix", "allowed").code == 0
    allow("own")
    assert_refused(agent.outlive("send", "api-fix", "yes"))

    assert await peek(other) == ["allowed"]


def test_an_agent_controls_the_chats_that_it_started(area: Area, agent: Inside, other: str) -> None:
    assert agent.outlive("new", "-d", "-n", "helper", "--", "cat").code == 0
    assert agent.outlive("send", "helper", "hello").code == 0
    # What it starts acts for it: it is not the user's either.
    runs = shlex.join([*OUTLIVE, "send", "api-fix", "yes"])
    assert agent.outlive("new", "-d", "-n", "proxy", "--", "sh", "-c", f"{runs}; echo code=$?; cat").code == 0
    assert outlive("wait", "proxy", "--text", f"code={NOT_ALLOWED}", "--timeout", "20").code == 0
    assert agent.outlive("kill", "helper").code == 0
    assert outlive("kill", "proxy").code == 0


def test_an_agent_that_was_started_by_another_does_not_control_that_one(area: Area, agent: Inside) -> None:
    program = [sys.executable, "-c", "print('sub ready'); input()"]
    assert agent.outlive("new", "fake", "-d", "-n", "sub", "--", *program[1:]).code == 0
    [sub] = [each for each in outlive("ls", "--json").json() if each["name"] == "sub"]
    chats = environment_of(sub["child_pid"])[AGENT_CHATS]

    assert chats == f"{sub['id']}:{agent.id}"
    assert agent.outlive("kill", "sub").code == 0


def environment_of(pid: int) -> dict[str, str]:
    words = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)


async def test_the_users_shell_controls_every_chat(area: Area, agent: Inside, other: str) -> None:
    shell = Inside(area, "shell", "command")

    assert shell.outlive("send", "api-fix", "hello").code == 0
    assert shell.outlive("kill", "docs").code == 0
    assert await peek(other) == ["hello"]


def test_the_users_terminal_controls_every_chat(agent: Inside, other: str) -> None:
    with OnTerminal("attach", agent.id) as terminal:
        terminal.until(b"ready")
    assert outlive("stop", "docs").code == 0
    assert outlive("kill", "api-fix").code == 0


async def test_a_chat_that_rests_is_not_controlled_either(area: Area, agent: Inside) -> None:
    rest_after(0.3)
    other = new("command", "-n", "api-fix", "--", "cat")
    wait_until(lambda: has_rested(other, 1), 15, "the chat to rest")

    assert_refused(agent.outlive("send", "api-fix", "yes"))
    await assert_untouched(other)


def test_an_agent_does_not_have_the_keeper_end_or_replace_a_chat(agent: Inside, other: str) -> None:
    description = describe(other)
    assert description is not None
    host = description.host_pid
    os.kill(host, 19)
    try:
        assert_refused(agent.outlive("kill", "api-fix"))
    finally:
        os.kill(host, 18)
    upgraded = agent.outlive("upgrade")
    assert upgraded.code == NOT_ALLOWED, upgraded
    status = upgrade_module.keeper_status()
    assert status is not None
    assert host in {each.host_pid for each in status.sessions}


def test_a_kill_of_all_ends_the_agents_own_alone(agent: Inside, other: str) -> None:
    assert agent.outlive("new", "-d", "-n", "helper", "--", "cat").code == 0
    agent._orders.write_text(f"{agent._directory / 'answer'}\n{shlex.join([*OUTLIVE, 'kill-all', '--yes'])}")

    wait_until(lambda: describe(agent.id) is None, 20, "the agent to end itself")
    wait_until(lambda: [each["name"] for each in outlive("ls", "--json").json()] == ["api-fix"], 10, "the rest to end")
