"""Every code block of the guide works as it is printed."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import select
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from configparser import RawConfigParser
from contextlib import suppress
from pathlib import Path

import pytest

from gui.settings.preferences import Preferences, load_preferences
from gui.settings.theme_files import Library, own_themes
from gui.tray.notify_command import filled
from installers import command_line_files
from session_host.agents.catalog import load_catalog
from session_host.cli import web
from session_host.client.chats.saved_prompts import prompts_directory, read_prompts
from session_host.client.chats.settings import load_chat_settings
from session_host.endpoint import options
from session_host.restore_points.points import About, take
from session_host.storage.store.amounts import AmountFile, Amounts
from session_host.web.gate import Address
from session_host.web.places import page_socket
from tests.support.area import Area
from tests.support.commands import REPOSITORY, Done, OnTerminal, environment, new, outlive
from tests.support.conversing import install
from tests.support.near_bridges import NearBridges
from tests.support.page_server import PageServer
from tests.support.ports import free_port
from tests.support.repositories import Checkout
from tests.support.ssh_machines import ssh_machines
from tests.support.structured_chats import add_agent, new_chat, send, viewing, wait, wait_for_text
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

GUIDE = REPOSITORY / "resources" / "guide"
BLOCKS: dict[str, str] = {
    f"{page.stem} {number}": block
    for page in sorted(GUIDE.glob("*.md"))
    for number, block in enumerate(re.findall(r"(?ms)^```\w*\n(.*?)^```$", page.read_text("utf-8")), start=1)
}
"""Each block's text, by its page and its number there."""

ECHO = "stty -icanon -echo 2>/dev/null; echo passed; exec cat"
"""The programs of the examples print a word and their input. As agents do, they show what is typed themselves."""


@pytest.fixture
def home(area: Area, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the repository ``~/src/api``, and the programs of the examples on the PATH."""
    programs = area.home / "bin"
    programs.mkdir()
    for name in ("claude", "codex", "htop", "my-agent", "curl"):
        (programs / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{area.home}/{name}.arguments\n{ECHO}\n')
        (programs / name).chmod(0o755)
    (programs / "outlive").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m session_host.cli "$@"\n')
    (programs / "outlive").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{environment()['PATH']}")
    agents = area.config / "agents"
    agents.mkdir(parents=True)
    # The agents' own protocols have tests of their own; here the words of the commands are tried.
    claude = 'executable = "claude"\nstart = ["claude", "{arguments}", "{prompt}"]\n[signals]\ninput_line = ""\n'
    (agents / "claude.toml").write_text(claude)
    add_agent("codex")
    Checkout.new(area.home / "src/api")
    return area.home


def run(line: str, home: Path) -> Done:
    """Run a line as a user's shell does, without a terminal."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=home,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def works(line: str, home: Path) -> str:
    """Run a line that succeeds; returns what it printed."""
    done = run(line, home)
    assert (done.code, done.error) == (0, ""), f"{line}: {done}"
    return done.output


def confirmed(line: str) -> None:
    """Run a line on a terminal, and confirm what it asks."""
    with OnTerminal(*shlex.split(line, comments=True)[1:]) as terminal:
        terminal.see("[y/N]")
        terminal.type("y\r")
        assert terminal.end() == 0


def lines(block: str) -> list[str]:
    return BLOCKS[block].splitlines()


def written(block: str, path: Path) -> Path:
    """Write a block's text into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BLOCKS[block], "utf-8")
    return path


def preferences(area: Area) -> Preferences:
    """The settings, which have no problem."""
    found = load_preferences(area.config)
    assert found.problems == ()
    return found


# ------------------------------------------------------------------------------------ commands


def answering(area: Area, home: Path) -> None:
    session = new_chat(area, "api-fix")

    async def asked() -> str:
        async with viewing(session) as chat:
            return (await chat.until_asked()).id

    def ask() -> None:
        wait("api-fix", "idle")
        send("api-fix", "run: npm test")
        wait("api-fix", "needs_input")

    approve, always, deny = lines("answer-questions 2")
    for line in (approve, always):
        ask()
        works(line, home)
    ask()
    assert run(deny, home).code == 3, "each agent has its own ids"
    works(deny.replace("--request 7", f"--request {asyncio.run(asked())}"), home)


def answering_from_outside(area: Area, home: Path) -> None:
    written("answer-questions 1", area.config / "chats.toml")
    assert load_chat_settings(area.config).answer_from_outside


def a_row_of_the_list(area: Area, home: Path) -> None:
    """A picture: each of its numbers is explained in the table below it."""
    shown = re.findall(r"\d+", " ".join(lines("list-of-chats 1")[::3]))
    explained = re.findall(r"(?m)^\| (\d+) \|", (GUIDE / "list-of-chats.md").read_text("utf-8"))
    assert shown == explained == [str(number) for number in range(1, 11)]


def ending(area: Area, home: Path) -> None:
    for line in lines("end-a-chat 1"):
        if not line.startswith("outlive rm"):
            outlive("rm", "api-fix")
            new("-n", "api-fix", "--", "cat")
        if line.startswith("outlive kill-all"):
            confirmed(line)
        else:
            works(line, home)
    assert outlive("ls", "--all", "--json").json() == []


def at_a_model_server(area: Area, home: Path) -> None:
    for line in lines("model-server 1"):
        works(line, home)
    assert [each["agent"] for each in outlive("ls", "--json").json()] == ["endpoint"]


def on_another_machine(area: Area, home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        NearBridges(home / "near", patch)
        (home / "near/outlive").unlink()  # the one of ``home``
        for line in lines("other-machines 1"):
            if line.startswith("outlive attach"):
                outlive("rename", outlive("ls", "--json").json()[0]["id"], "api")
                with OnTerminal(*shlex.split(line)[1:]) as terminal:
                    terminal.see("passed")
                    terminal.type("\x02d")
                    assert terminal.end() == 0
            else:
                works(line, home)


def restoring(area: Area, home: Path) -> None:
    checkout = Checkout(home / "src/api")
    session = new("-n", "api", "-C", str(checkout.path), "--", "cat")
    for number in range(3):
        take(checkout.path, session, About(kind="prompt"))
        checkout.write("file", f"changed {number}\n")
    listing, diff, restore, undo = lines("restore-files 1")
    assert len(works(listing, home).splitlines()) == 4
    assert "file" in works(diff, home)
    for line, before, after in ((restore, "changed 2\n", "changed 1\n"), (undo, "changed 1\n", "changed 2\n")):
        assert (checkout.path / "file").read_text() == before
        confirmed(line)
        assert (checkout.path / "file").read_text() == after


def ringing(area: Area, home: Path) -> None:
    new_chat(area, "api-fix")
    with subprocess.Popen(
        ["bash", "-c", BLOCKS["scripts 1"]], cwd=home, env=environment(), stdout=subprocess.PIPE, text=True
    ) as bell:
        try:
            assert bell.stdout is not None
            while not select.select([bell.stdout], [], [], 0)[0]:  # It may begin after a question.
                wait("api-fix", "idle")
                send("api-fix", "run: npm test")
                wait("api-fix", "needs_input")
                assert outlive("deny", "api-fix").code == 0
            assert re.fullmatch(r"\a[\d:]{8}  api-fix +asks: Run npm test\n", bell.stdout.readline())
        finally:
            bell.terminate()


def ten_issues(area: Area, home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        install(home / "talking")
        patch.setenv("PATH", f"{home / 'talking'}:{environment()['PATH']}")
        works(BLOCKS["scripts 2"].strip(), home / "src" / "api")
    answers = [(home / "src" / "api" / f"issue-{n}.md").read_text(encoding="utf-8") for n in range(1, 11)]
    assert answers == [f"you said: fix issue {n}\n" for n in range(1, 11)]
    chats = outlive("ls", "--json").json()
    assert sorted(each["name"] for each in chats) == ["worker-0", "worker-1", "worker-2"]
    assert len({each["cwd"] for each in chats}) == 3


def a_reviewer(area: Area, home: Path) -> None:
    works(BLOCKS["scripts 3"].strip(), home)
    assert (area.home / ".claude/skills/outlive/SKILL.md").exists()
    given = home / "claude.arguments"
    skill = "Then start a Codex that reviews your change"
    wait_until(lambda: skill in given.read_text(encoding="utf-8"), 60, "the agent to have begun with it")


def following(area: Area, home: Path) -> None:
    new_chat(area, "api-fix")
    command = BLOCKS["events 1"].strip()
    with subprocess.Popen(
        ["bash", "-c", command], cwd=home, env=environment(), stdout=subprocess.PIPE, text=True
    ) as reader:
        try:
            assert reader.stdout is not None
            while not select.select([reader.stdout], [], [], 0)[0]:  # It may begin after a turn.
                send("api-fix", "answer: done")
                wait("api-fix", "idle")
            line = reader.stdout.readline()
            assert re.fullmatch(r"[\d:]{8}  api-fix +turn \d+ ended: done( \(\d+ tokens\))?\n", line)
        finally:
            reader.terminate()


def keeping_an_answer(area: Area, home: Path) -> None:
    new_chat(area, "api-fix")
    works(BLOCKS["answers 1"].strip(), home)
    assert (home / "answer.md").read_text(encoding="utf-8") == "echo: why does the login fail?\n"


def teaching(area: Area, home: Path) -> None:
    works(BLOCKS["agents-start-agents 1"].strip(), home)
    assert "`outlive`" in (area.home / ".claude/skills/outlive/SKILL.md").read_text(encoding="utf-8")


def searching(area: Area, home: Path) -> None:
    new("-n", "api-fix", "--", "sh", "-c", "echo 'connection refused: exit code 7'; exec cat")
    outlive("wait", "api-fix", "--text", "refused")
    outlive("kill", "api-fix")
    first, of_codex, quoted, narrowed = lines("search 1")
    assert "api-fix" in works(first, home)
    assert run(of_codex, home).code in {0, 1}
    assert "api-fix" in works(quoted, home)
    assert run(narrowed, home).code in {0, 1}


def keeping_a_recording(area: Area, home: Path) -> None:
    new("-n", "api-fix", "--", "sh", "-c", "echo hello; exec cat")
    outlive("wait", "api-fix", "--text", "hello")
    outlive("kill", "api-fix")
    export, replay = lines("search 2")
    works(export, home)
    assert "hello" in (home / "chat.html").read_text("utf-8")
    with OnTerminal(*shlex.split(replay, comments=True)[1:]) as terminal:
        terminal.see("hello")
        terminal.type("q")
        assert terminal.end() == 0


def starting(area: Area, home: Path) -> None:
    for line in lines("start-a-chat 1"):
        works(line, home)
    given = home / "claude.arguments"
    wait_until(lambda: given.read_text() == "fix the tests\n", 60, "the agent to have begun with it")
    assert sorted(each["agent"] for each in outlive("ls", "--json").json()) == ["claude", "codex", "command", "shell"]


def in_a_worktree(area: Area, home: Path) -> None:
    for line in lines("worktrees 1"):
        works(line, home / "src/api")
        outlive("kill", "api-fix")
        outlive("rm", "api-fix")


def removing(area: Area, home: Path) -> None:
    new("-n", "api-fix", "--", "cat")
    for line in lines("remove 1"):
        confirmed(line)
    assert not area.runtime.exists()
    assert not area.state.exists()


def removing_there(area: Area, home: Path) -> None:
    """The other machine has this one's directories."""
    area.config.mkdir(exist_ok=True)
    (area.config / "machines.toml").write_text('"NAME" = "me@there"\n')
    with pytest.MonkeyPatch.context() as patch:
        NearBridges(home / "near", patch)
        (home / "near/outlive").unlink()
        new("-n", "api-fix", "--", "cat")
        there, forget = lines("remove 2")
        confirmed(there)
        works(forget, home)
    assert not area.state.exists()


def moving(area: Area, home: Path) -> None:
    """The two computers are two homes; the directories of the first are where they are without the variables."""
    new("-n", "api-fix", "--", "sh", "-c", "echo passed; exec cat")
    outlive("wait", "api-fix", "--text", "passed")
    outlive("kill", "api-fix")
    (home / ".local/state").mkdir(parents=True)
    (home / ".config").mkdir(exist_ok=True)

    def copied(source: str, target: str) -> None:
        with suppress(FileNotFoundError):  # What is written after a chat's end has files that go again.
            shutil.copy2(source, target)

    shutil.copytree(area.state, home / ".local/state/outlive", copy_function=copied)
    shutil.copytree(area.config, home / ".config/outlive")
    works(BLOCKS["troubleshoot 1"].strip(), home)
    there = area.root / "there"
    there.mkdir()
    (home / "outlive.tar.gz").rename(there / "outlive.tar.gz")
    works(f"cd {there}; HOME={there}; {BLOCKS['troubleshoot 2'].strip()}", home)
    done = outlive("peek", "api-fix", env={"OUTLIVE_STATE_DIR": str(there / ".local/state/outlive")})
    assert "passed" in done.output


# --------------------------------------------------------------------------------------- files


def own_agent(area: Area, home: Path) -> None:
    written("own-agents 1", area.config / "agents/my-agent.toml")
    assert load_catalog(area.config).find("my-agent").title == "My agent"
    works("outlive new my-agent -d", home)


def own_agents_status(area: Area, home: Path) -> None:
    written("own-agents 1", area.config / "agents/my-agent.toml")
    (home / "bin/my-agent").write_text(BLOCKS["own-agents 2"])
    works("outlive new my-agent -d -n mine", home)
    wait("mine", "idle")
    works('outlive send mine "hello" --enter', home)
    works("outlive wait mine --turn 1 --timeout 60", home)
    wait("mine", "idle")
    assert "you said: hello" in outlive("peek", "mine").output

    def source() -> object:
        *_, state = map(json.loads, outlive("events", "mine", "--once", "--json").output.splitlines())
        return (state["event"]["status"] or {}).get("source")

    wait_until(lambda: source() == "osc 7501", 60, "its status to be among the events")


def keys(area: Area, home: Path) -> None:
    written("keys 1", area.config / "keys.toml")
    found = preferences(area)
    assert found.keys["paste"] == ["Ctrl+Shift+V", "Ctrl+V"]
    assert [each.text for each in found.texts] == [r"git status\r"]


def notifying(area: Area, home: Path) -> None:
    written("notifications 1", area.config / "window.toml")
    command = preferences(area).window.notify_command
    words = filled(command, "api-fix", "asks", "")
    works(shlex.join(words), home)
    assert "api-fix: asks\n" in (home / "curl.arguments").read_text()


def sleeping(area: Area, home: Path) -> None:
    chat = new_chat(area, "api-fix")
    send("api-fix", "answer: one")
    wait_for_text("api-fix", "one")
    wait("api-fix", "idle")
    first, second = lines("sleep 1")
    assert works(first, home).startswith(f"asleep: api-fix ({chat[:8]})")
    works(second, home)
    [woken] = outlive("ls", "--json").json()
    assert (woken["name"], woken["resumed_from"]) == ("api-fix", chat)
    wait_for_text("api-fix", "echo: Go on with the tests.")


def what_it_costs(area: Area, home: Path) -> None:
    new_chat(area, "api-fix")
    assert outlive("send", "api-fix", "answer: one", "--wait", "--timeout", "60").code == 0  # Then its turn is counted.
    by_agent, by_project, by_chat, as_json = (works(line, home) for line in lines("usage 1"))
    for printed in (by_agent, by_project):
        assert re.search(r"^30 days +1 ", printed, re.MULTILINE), printed
    assert re.search(r"^api-fix +1 ", by_chat, re.MULTILINE), by_chat
    assert json.loads(as_json)["today"]["total"]["turns"] == 1


def amounts(area: Area, home: Path) -> None:
    del home
    (area.config / "chats.toml").write_text(BLOCKS["usage 2"])
    assert AmountFile(area.config / "chats.toml").read() == Amounts(10.0, 50.0)


def sending_later(area: Area, home: Path) -> None:
    new_chat(area, "api-fix")
    first, second = lines("later-prompts 1")
    assert works(first, home).startswith("to be sent to api-fix (")
    [found] = [each["later"] for each in outlive("ls", "--json").json()]
    assert found["text"] == "Run the slow tests, and mend what fails."
    assert works(second, home).startswith("nothing is to be sent to api-fix (")


def repeating(area: Area, home: Path) -> None:
    new_chat(area, "api-fix")
    service, timer = RawConfigParser(), RawConfigParser()
    service.read_string(BLOCKS["later-prompts 2"])
    timer.read_string(BLOCKS["later-prompts 3"])
    (home / ".profile").write_text(f'PATH="{home}/bin:$PATH"\n')
    works(service["Service"]["ExecStart"], home)
    wait_for_text("api-fix", "echo: Update the dependencies")
    if analyze := shutil.which("systemd-analyze"):
        subprocess.run([analyze, "calendar", timer["Timer"]["OnCalendar"]], check=True, stdout=subprocess.DEVNULL)


def saved_prompt(area: Area, home: Path) -> None:
    directory = prompts_directory(area.config)
    written("saved-prompts 1", directory / "review.md")
    [prompt], broken = read_prompts(directory, {"claude", "codex"})
    assert broken == []
    assert prompt.text.startswith("Review the changes since the last commit.")


def agents_rights(area: Area, home: Path) -> None:
    written("security 1", area.config / "chats.toml")
    assert load_chat_settings(area.config).agents_may_control == "all"


def settings_of_the_window(area: Area, home: Path) -> None:
    written("settings 1", area.config / "window.toml")
    preferences(area)


def settings_of_chats(area: Area, home: Path) -> None:
    written("settings 2", area.config / "chats.toml")
    preferences(area)


def settings_of_a_model_server(area: Area, home: Path) -> None:
    written("settings 3", area.config / "endpoint.toml")
    assert options.read_defaults(area.config)["timeout_s"] == 300


def own_theme(area: Area, home: Path) -> None:
    written("themes 1", own_themes(area.config) / "mine.toml")
    (area.config / "window.toml").write_text('theme = "mine"\n')
    assert preferences(area).schemes.dark.name == "Mine"
    assert Library.of(area.config).pairs()[1] == []


def worktree_setup(area: Area, home: Path) -> None:
    written("worktrees 2", area.config / "chats.toml")
    found = load_chat_settings(area.config).setup_of(str(home / "src/api"))
    assert found is not None
    assert found[1] == "npm ci"


def completion(area: Area, home: Path) -> None:
    """The layout of an installed wheel: pipx and uv link the command from elsewhere."""
    for place, text in command_line_files.files().items():
        path = home / "venv/share" / place
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    (home / "venv/bin").mkdir()
    (home / "bin/outlive").rename(home / "venv/bin/outlive")
    (home / "bin/outlive").symlink_to(home / "venv/bin/outlive")
    bash, zsh, fish = lines("command-line 1")
    for argv, line, asks in (
        (["bash"], bash, "complete -p outlive"),
        (["zsh", "-f"], zsh, "print -r -- $_comps[outlive]"),
        (["fish", "--no-config"], fish, "complete -C 'outlive pe'"),
    ):
        done = subprocess.run(
            [*argv, "-c", f"{line}\n{asks}"],
            cwd=home,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        assert re.search("outlive|peek", done.stdout), done


def over_ssh(area: Area, home: Path) -> None:
    """To the socket, and, as apps of phones do that forward to ports alone, to the port."""
    there, here = free_port(), free_port()
    words = ["--port", str(there), "--address", f"http://localhost:{here}"]
    with (
        PageServer(area, *words, address=f"http://localhost:{here}"),
        ssh_machines(area.root / "m", "desk") as (_machines, variables),
    ):
        for target in (str(page_socket()), f"localhost:{there}"):
            line = BLOCKS["phone-address 1"].strip().replace("7070", str(here)).replace("SOCKET", target)
            with subprocess.Popen(shlex.split(line), env=environment() | variables, stdin=subprocess.DEVNULL) as tunnel:
                try:
                    wait_until(lambda: _is_page(here), 60, "the page at the other end")
                finally:
                    tunnel.terminate()


def _is_page(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/", timeout=5) as answer:
            return b"<title>Outlive" in answer.read()
    except OSError:
        return False


def behind_a_proxy(block: str) -> Callable[[Area, Path], None]:
    """The line for Outlive is one, and names what the lines for the proxy name; the proxies were tried by hand."""

    def tried(area: Area, home: Path) -> None:
        line, *proxy = lines(block)
        parser = argparse.ArgumentParser()
        web.configure(parser)
        options = parser.parse_args(shlex.split(line)[2:])
        assert str(options.port) in " ".join(proxy)
        assert Address.of(options.address[0]).scheme == "https"

    return tried


def an_account(area: Area, home: Path) -> None:
    file = area.config / "agents" / "claude.toml"
    file.write_text(f"{file.read_text()}\n{BLOCKS['accounts 1']}")
    works(lines("accounts 2")[0], home)
    [chat] = outlive("ls", "--json").json()
    assert (chat["agent"], chat["account"]) == ("claude", "work")


TRIED: dict[str, Callable[[Area, Path], None]] = {
    "accounts 1": an_account,
    "accounts 2": an_account,
    "answer-questions 1": answering_from_outside,
    "answer-questions 2": answering,
    "agents-start-agents 1": teaching,
    "answers 1": keeping_an_answer,
    "command-line 1": completion,
    "end-a-chat 1": ending,
    "events 1": following,
    "keys 1": keys,
    "sleep 1": sleeping,
    "usage 1": what_it_costs,
    "usage 2": amounts,
    "later-prompts 1": sending_later,
    "later-prompts 2": repeating,
    "later-prompts 3": repeating,
    "list-of-chats 1": a_row_of_the_list,
    "model-server 1": at_a_model_server,
    "notifications 1": notifying,
    "other-machines 1": on_another_machine,
    "own-agents 1": own_agent,
    "own-agents 2": own_agents_status,
    "phone-address 1": over_ssh,
    "phone-address 2": behind_a_proxy("phone-address 2"),
    "phone-address 3": behind_a_proxy("phone-address 3"),
    "phone-address 4": behind_a_proxy("phone-address 4"),
    "remove 1": removing,
    "remove 2": removing_there,
    "restore-files 1": restoring,
    "saved-prompts 1": saved_prompt,
    "scripts 1": ringing,
    "scripts 2": ten_issues,
    "scripts 3": a_reviewer,
    "search 1": searching,
    "search 2": keeping_a_recording,
    "security 1": agents_rights,
    "settings 1": settings_of_the_window,
    "settings 2": settings_of_chats,
    "settings 3": settings_of_a_model_server,
    "start-a-chat 1": starting,
    "themes 1": own_theme,
    "troubleshoot 1": moving,
    "troubleshoot 2": moving,
    "worktrees 1": in_a_worktree,
    "worktrees 2": worktree_setup,
}
"""How each block is tried."""


def test_every_block_is_tried() -> None:
    assert set(TRIED) == set(BLOCKS)


@pytest.mark.parametrize("block", TRIED)
def test_the_block_works_as_printed(block: str, area: Area, home: Path) -> None:
    TRIED[block](area, home)
