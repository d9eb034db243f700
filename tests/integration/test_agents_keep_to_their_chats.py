"""An agent controls its own chat and the chats that it started; the user controls every chat."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch_now
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.sessions.store_access import open_store
from session_host.keeper_client.discovery import keeper_status
from session_host.paths import config_dir
from session_host.protocol.values import State
from session_host.system.processes.permission import agent_chats
from tests.architecture.source_tree import text
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, Done, OnTerminal, outlive
from tests.support.facts import known
from tests.support.hosts import description_of, peek
from tests.support.near_bridges import NearBridges
from tests.support.orders import Orders
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

NOT_ALLOWED = 8


def started(agent: str, name: str, *arguments: str) -> str:
    """Start a chat as the user does; returns its id."""
    catalog = load_catalog(config_dir())
    return launch_now(
        LaunchRequest(agent=catalog[agent], arguments=list(arguments), name=name, directory="/", environment=os.environ)
    ).id


class ShellInChat(Orders):
    """A chat with a program that runs shell commands for a test.

    The program is an agent, unless ``agent`` names another entry of the catalog.

    Attributes:
        id: the chat's id.
    """

    def __init__(self, area: Area, name: str, agent: str = "fake") -> None:
        super().__init__(area.home / name)
        directory = area.config / "agents"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "fake.toml").write_text(
            'title = "F"\nexecutable = ""\nstart = ["{python}", "{arguments}"]\nmonogram = "F"\n'
            "[signals]\nends_all = true\n"
        )
        self.id = started(agent, name, *(self.words[1:] if agent == "fake" else self.words))


@pytest.fixture(autouse=True)
def importable(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


@pytest.fixture
def agent(area: Area) -> ShellInChat:
    return ShellInChat(area, "docs")


@pytest.fixture
def other() -> str:
    """The id of a chat that the user started, with a program that shows what is typed."""
    return started("command", "api-fix", "cat")


def allow(value: str) -> None:
    (config_dir() / "chats.toml").write_text(f'agents_may_control = "{value}"\n')


def assert_refused(done: Done, name: str = "api-fix") -> None:
    assert done.code == NOT_ALLOWED, done
    assert name in done.complaint()
    assert "agents_may_control" in done.complaint()


async def assert_untouched(session_id: str) -> None:
    assert await peek(session_id) == [], "nothing was typed"
    description = description_of(session_id)
    assert (description.facts.outcome.state, description.facts.entry.name) == (State.RUNNING, "api-fix")


CONTROLS = {
    "send": ["yes", "--enter"],
    "stop": [],
    "kill": [],
    "rename": ["mine"],
    "pin": [],
    "restore": ["1", "--yes"],
    "upgrade": [],
}
"""The commands that control a running chat, and what is given after its name."""
CONTROL_OTHERWISE = {"kill-all", "rm"}
"""Those of which tests below tell."""


@pytest.mark.registrations
def test_each_command_that_the_guide_says_controls_a_chat_is_tried() -> None:
    [listed] = re.findall(r"(?m)^- \*\*Control\*\*: (.*?);", text(Path("resources/guide/security.md")))
    assert set(re.findall(r"`(.+?)`", listed)) == CONTROLS.keys() | CONTROL_OTHERWISE, "an agent tries it here"


async def test_an_agent_does_not_control_other_chats(agent: ShellInChat, other: str) -> None:
    for command, rest in CONTROLS.items():
        assert_refused(agent.outlive(command, "api-fix", *rest))
    attach = shlex.join([*OUTLIVE, "attach", "api-fix"])
    attached = agent.run(f"TERM=xterm script -qec {shlex.quote(attach)} /dev/null")
    assert attached.code == NOT_ALLOWED, attached
    assert "agents_may_control" in attached.output

    await assert_untouched(other)
    assert [each["name"] for each in outlive("ls", "--json").json()] == ["docs", "api-fix"]


def test_an_agent_reads_other_chats_and_controls_its_own(agent: ShellInChat, other: str) -> None:
    assert outlive("send", other, "hello", "--enter").code == 0

    assert agent.outlive("wait", "api-fix", "--text", "hello", "--timeout", "60").code == 0
    assert "hello" in agent.outlive("peek", "api-fix").output
    assert agent.outlive("explain", "api-fix").code == 0
    assert agent.outlive("rename", "docs", "papers").code == 0


def test_an_agent_does_not_raise_its_own_permissions_by_keys_or_commands(area: Area, agent: ShellInChat) -> None:
    """Neither it, nor a chat that it starts, whatever the settings allow."""
    allow("all")
    shell = agent.outlive("new", "-d", "-n", "helper", "--", "sh", "-c", f"{KEYS}; exec cat")
    assert shell.code == 0, shell
    assert outlive("wait", "helper", "--text", f"code={NOT_ALLOWED}", "--timeout", "60").code == 0
    for words in (["--key", "Shift+Tab"], ["!touch F", "--enter"], ["/yolo", "--enter"], ["--enter"], ["y"]):
        done = agent.outlive("send", "docs", *words)
        assert (done.code, done.complaint()[:40]) == (NOT_ALLOWED, "an agent may type only prompts into its "), words
    assert outlive("send", "docs", "--key", "Shift+Tab").code == 0, "the user may"


KEYS = f"{shlex.join([*OUTLIVE, 'send', 'docs', '--key', 'Ctrl+y'])}; echo code=$?"

VIEW = """
title = "View"
executable = ""
start = ["true"]
monogram = "V"
[signals]
ends_all = true
command_prefixes = ["/"]
[chat_view]
dialect = "one-shot"
start = ["{python}", "-P", "-m", "session_host.one_shot", "--format", "text", "--", "{arguments}"]
"""

TALKS_TO_ITSELF = f"""
read prompt
[ "$prompt" = begin ] || {{ echo "got $prompt"; exit; }}
{shlex.join(OUTLIVE)} send "$OUTLIVE_SESSION" " /model opus" 2>/dev/null
echo code=$?
{shlex.join(OUTLIVE)} send "$OUTLIVE_SESSION" "go on"
"""


def test_an_agent_sends_its_chat_view_prompts_and_no_commands(area: Area) -> None:
    directory = area.config / "agents"
    directory.mkdir(parents=True)
    (directory / "view.toml").write_text(VIEW)
    started = ["new", "view", "-d", "-n", "docs", "--runtime", "structured", "--", "sh", "-c", TALKS_TO_ITSELF]
    assert outlive(*started).code == 0
    assert outlive("send", "docs", "begin").code == 0
    assert outlive("wait", "docs", "--text", "got go on", "--timeout", "60").code == 0
    assert f"code={NOT_ALLOWED}" in outlive("peek", "docs", "--scrollback").output


KEPT_VARIABLES = ("HOME", "PATH", "PYTHONPATH", "OUTLIVE_RUNTIME_DIR", "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR")


async def test_an_agent_without_its_environment_and_parents_is_still_recognised(
    agent: ShellInChat, other: str, tmp_path: Path
) -> None:
    cleared = "env -i " + " ".join(f"{name}={shlex.quote(os.environ[name])}" for name in KEPT_VARIABLES)
    answer = tmp_path / "answer"
    send = f"{shlex.join(OUTLIVE)} send api-fix yes"
    report = f"2>{answer}.new; mv {answer}.new {answer}"
    is_orphan = 'while [ "$(cut -d" " -f4 /proc/$$/stat)" = "$0" ]; do sleep 0.02; done'

    for each in (cleared, "env OUTLIVE_AGENT_CHATS=", "env OUTLIVE_AGENT_CHATS=unknown env OUTLIVE_AGENT_CHATS="):
        assert_refused(agent.run(f"{each} {send}"))

    others = "env -u OUTLIVE_AGENT_CHATS"
    for environment in ("", cleared, others, "env OUTLIVE_AGENT_CHATS="):
        daemon = f"setsid {environment} sh -c {shlex.quote(f'{is_orphan}; {send} {report}')} $$ >/dev/null 2>&1 &"
        agent.run(f"sh -c {shlex.quote(daemon)}")
        wait_until(answer.exists, 20, "the orphan to send")
        assert "agents_may_control" in answer.read_text()
        answer.unlink()
    await assert_untouched(other)


async def test_the_setting_allows_control_without_a_restart(agent: ShellInChat, other: str) -> None:
    allow("all")
    assert agent.outlive("send", "api-fix", "allowed").code == 0
    allow("own")
    assert_refused(agent.outlive("send", "api-fix", "yes"))

    assert outlive("wait", other, "--text", "allowed", "--timeout", "60").code == 0
    assert await peek(other) == ["allowed"]


def test_an_agent_reaches_other_machines_only_if_the_setting_allows_it(agent: ShellInChat) -> None:
    (config_dir() / "machines.toml").write_text('alpha = "ssh://127.0.0.1:1"\n')
    for words, name in (
        (["send", "alpha:x", "yes"], "the machine alpha"),
        (["export", "alpha:x", "x.txt"], "the machine alpha"),
        (["new", "-d", "--on", "alpha", "--", "cat"], "the machine alpha"),
        (["ls", "--on", "all"], "other machines"),
        (["machines"], "other machines"),
        (["machines", "add", "beta"], "the machine beta"),
    ):
        assert_refused(agent.outlive(*words), name)
    allow("all")
    assert "refused" in agent.outlive("machines").error
    assert agent.outlive("send", "alpha:x", "yes").code == 7


def test_an_agent_controls_the_chats_that_it_started(agent: ShellInChat, other: str) -> None:
    assert agent.outlive("new", "-d", "-n", "helper", "--", "cat").code == 0
    assert agent.outlive("send", "helper", "hello").code == 0
    # A program that the agent starts acts on behalf of the agent, not of the user.
    send = shlex.join([*OUTLIVE, "send", "api-fix", "yes"])
    assert agent.outlive("new", "-d", "-n", "proxy", "--", "sh", "-c", f"{send}; echo code=$?; cat").code == 0
    assert outlive("wait", "proxy", "--text", f"code={NOT_ALLOWED}", "--timeout", "60").code == 0
    # An agent that was started by this one does not control this one.
    sub = json.loads(agent.outlive("new", "fake", "-d", "-n", "sub", "--json", "--", "-c", "input()").output)
    assert agent_chats(sub["child_pid"]) == (sub["id"], agent.id)

    assert agent.outlive("kill", "helper").code == 0
    # It ended itself first, did not reach its other chats, and said nothing of the user's.
    done = agent.outlive("kill-all", "--yes")
    assert done.code == NOT_ALLOWED
    assert done.output == "killed 2 chats\n"
    left = done.error.partition("not killed: ")[2].partition(";")[0].split(", ")
    assert sorted(left) == ["api-fix", "docs"]
    assert running() == {"api-fix", "docs"}
    again = agent.outlive("kill-all", "--yes")
    assert (again.code, again.output) == (NOT_ALLOWED, "")
    assert "api-fix" in again.error


def running() -> set[str]:
    return {each["name"] for each in outlive("ls", "--json").json()}


def test_a_resumed_agent_controls_the_chats_that_it_started_before(area: Area, agent: ShellInChat) -> None:
    helper = json.loads(agent.outlive("new", "-d", "--json", "--", "cat").output)["id"]
    assert outlive("kill", agent.id).code == 0
    with open_store() as store:
        previous = store.get(agent.id)
    assert previous is not None
    fake = load_catalog(area.config)["fake"]
    launch_now(
        LaunchRequest(
            agent=fake,
            name="docs",
            resume=previous,
            starts_over=True,
            arguments=previous.origin.arguments or [],
            directory="/",
            environment=os.environ,
        )
    )

    assert agent.outlive("send", helper, "hello").code == 0
    assert agent.outlive("rename", "docs", "papers").code == 0


def test_an_agent_does_not_remove_or_rename_the_ended_chats_of_others(agent: ShellInChat) -> None:
    own_chat = json.loads(agent.outlive("new", "-d", "--json", "--", "true").output)["id"]
    others = started("command", "api-fix", "true")
    for each in (own_chat, others):
        assert outlive("wait", each, "--exited", "--timeout", "60").code == 0

    assert_refused(agent.outlive("rm", "api-fix"))
    assert_refused(agent.outlive("rm", "--ended", "--yes"))
    assert_refused(agent.outlive("rename", "api-fix", "mine"))
    assert agent.outlive("rm", own_chat).code == 0
    assert [each["name"] for each in outlive("ls", "--all", "--json").json()] == ["docs", "api-fix"]


async def test_the_user_controls_every_chat(area: Area, agent: ShellInChat, other: str) -> None:
    shell = ShellInChat(area, "shell", "command")
    server = shlex.join(["tmux", "-f", "/dev/null", "-S", str(area.home / "tmux")])
    try:
        assert (
            shell.run(f"{server} new-session -d {shlex.quote(shlex.join([*OUTLIVE, 'send', other, 'tmux']))}").code == 0
        )
        assert outlive("wait", other, "--text", "tmux", "--timeout", "60").code == 0
    finally:
        shell.run(f"{server} kill-server")
    assert shell.outlive("send", other, "shell").code == 0
    assert outlive("wait", other, "--text", "tmuxshell", "--timeout", "60").code == 0
    assert await peek(other) == ["tmuxshell"]
    with OnTerminal("attach", agent.id) as terminal:
        terminal.until(b"ready")
    assert shell.outlive("kill", "docs").code == 0
    assert outlive("stop", other).code == 0


def test_an_agent_does_not_have_the_keeper_end_or_replace_a_chat(agent: ShellInChat, other: str) -> None:
    description = description_of(other)
    host = description.facts.program.host_pid
    processes.stop(known(host))
    try:
        assert_refused(agent.outlive("kill", "api-fix"))
    finally:
        os.kill(known(host), signal.SIGCONT)
    assert agent.outlive("upgrade").code == NOT_ALLOWED
    status = keeper_status()
    assert status is not None
    assert host in {each.facts.program.host_pid for each in status.sessions}


BRIDGE = """
import asyncio, sys
from session_host.client.chats.ended_chat import remove_chats
from session_host.client.control import request
from session_host.client.sessions.store_calls import rename_chat
from session_host.errors import OutliveError
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.protocol.messages import Kill, Send

async def main(own, running, ended):
    machine = RemoteMachine(Link(MachineEntry("near", "near")))
    for tried in (
        machine.call(rename_chat, running, "mine"),
        machine.call(remove_chats, [ended], by_limit=False),
        request(running, Send(0, "yes", enter=True), machine),
        request(running, Kill(0), machine),
        request(own, Send(0, keys=["Shift+Tab"]), machine),
    ):
        try:
            print(await tried)
        except OutliveError as error:
            print(type(error).__name__, error)
    print(await machine.link.run(["rename", running, "mine"], 0, lambda data, _is_error: print(data.decode())))
    await machine.link.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_an_agent_that_starts_a_bridge_itself_has_no_more_rights_by_it(
    area: Area, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    NearBridges(tmp_path / "near", monkeypatch)
    agent, other = ShellInChat(area, "docs"), started("command", "api-fix", "cat")
    ended = started("command", "old", "true")
    assert outlive("wait", ended, "--exited", "--timeout", "60").code == 0

    done = agent.run(shlex.join([sys.executable, "-c", BRIDGE, agent.id, other, ended]))

    assert done.code == 0, done
    lines = done.output.splitlines()
    assert [line.partition(" ")[0] for line in lines[:5]] == ["NotAllowed"] * 5, done
    assert "agents_may_control" in lines[5]
    assert lines[-1] == str(NOT_ALLOWED)
    await assert_untouched(other)
    assert {each["name"] for each in outlive("ls", "--all", "--json").json()} == {"docs", "api-fix", "old"}


def attached(agent: ShellInChat, chat: str) -> Done:
    """Attach to a chat on a terminal inside the agent's chat, as a program in its shell can."""
    attach = shlex.join(["env", "-u", "OUTLIVE_SESSION", *OUTLIVE, "attach", chat])
    return agent.run(f"TERM=xterm script -qec {shlex.quote(attach)} /dev/null")


def test_an_agent_answers_neither_itself_nor_the_agent_that_started_it(agent: ShellInChat) -> None:
    allow("all")
    own = attached(agent, "docs")
    assert own.code == NOT_ALLOWED, own
    assert "an agent may not answer its own questions" in own.output
    code = "import subprocess, sys; print('code', subprocess.call(sys.argv[1:]), flush=True); input()"
    attach = ["script", "-qec", shlex.join([*OUTLIVE, "attach", "docs"]), "/dev/null"]
    started = agent.outlive("new", "fake", "-d", "-n", "sub", "--", "-c", code, *attach)
    assert started.code == 0, started
    assert outlive("wait", "sub", "--text", f"code {NOT_ALLOWED}", "--timeout", "60").code == 0


def test_an_agent_does_not_resume_the_ended_chats_of_others(agent: ShellInChat) -> None:
    user_chat = started("shell", "api-fix")
    assert outlive("kill", user_chat).code == 0

    assert_refused(agent.outlive("resume", "api-fix", "-d"))
    assert [each["name"] for each in outlive("ls", "--json").json()] == ["docs"]
    allow("all")
    assert agent.outlive("resume", "api-fix", "-d").code == 0


def test_an_agent_starts_no_more_chats_than_the_user_allows(area: Area, agent: ShellInChat) -> None:
    settings = config_dir() / "chats.toml"
    settings.write_text("agents_may_start = 2\nagents_depth = 1\n")
    for name in ("one", "two"):
        assert agent.outlive("new", "-d", "-n", name, "--", "cat").code == 0

    refused = agent.outlive("new", "-d", "-n", "three", "--", "cat")

    assert (refused.code, "agents_may_start" in refused.error) == (NOT_ALLOWED, True), refused
    assert agent.outlive("kill", "one").code == 0
    child = Orders(area.home / "child")
    assert agent.outlive("new", "fake", "-d", "-n", "child", "--", *child.words[1:]).code == 0
    too_deep = child.outlive("new", "-d", "-n", "grandchild", "--", "cat")
    assert (too_deep.code, "agents_depth" in too_deep.error) == (NOT_ALLOWED, True), too_deep
    settings.write_text("agents_may_start = 3\n")
    assert agent.outlive("new", "-d", "-n", "four", "--", "cat").code == 0
    assert outlive("new", "-d", "--", "cat").code == 0, "the user's chats do not count"


@pytest.mark.parametrize(
    "words",
    [("send", "CHAT", "go on", "--enter", "--wait"), ("answer", "CHAT", "--follow"), ("wait", "CHAT", "--turn", "1")],
)
def test_an_agent_does_not_wait_for_its_own_turn(agent: ShellInChat, words: tuple[str, ...]) -> None:
    done = agent.outlive(*(agent.id if word == "CHAT" else word for word in words))
    assert (done.code, "its turn would wait for itself" in done.error) == (2, True), done
