"""The foreground program of a shell, and the exit codes of its commands.

A bell in a shell does not mean that the shell needs input.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.client.sessions.hosts import replace_host
from session_host.client.sessions.last_screen import last_screen
from session_host.client.sessions.session_info import SessionInfo, list_sessions
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.viewer import Viewer
from session_host.protocol.messages import BellEvent, Describe, Description, ForegroundEvent, NotificationEvent
from session_host.protocol.values import Activity, CommandTime
from session_host.terminal import available_engines
from session_host.terminal.base import Emulator, EngineName
from session_host.terminal.command_line import command_text
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.facts import foreground_of, known
from tests.support.hosts import Watcher, end, redraw, see, shown, start, watching
from tests.support.shells import PLAIN_FILES, ShellTerminal, home_of
from tests.support.waiting import eventually, wait_until

pytestmark = pytest.mark.usefixtures("sessions")

SHELL = ("bash", "--norc", "--noprofile", "-i")
MARKS = {"PS0": r"\e]133;C\e\\", "PROMPT_COMMAND": r"printf '\e]133;D;%s\a\e]133;A\a' $?"}
"""Variables that make bash mark its prompts and commands."""


def foreground_programs(watcher: Watcher) -> list[str]:
    return [event.foreground.program for event in watcher.events if isinstance(event, ForegroundEvent)]


def foreground_times(watcher: Watcher) -> set[str]:
    return {event.foreground.since for event in watcher.events if isinstance(event, ForegroundEvent)}


async def kill_host(description: Description) -> None:
    os.kill(known(description.facts.program.host_pid), signal.SIGKILL)


async def upgrade_host(description: Description) -> None:
    result = await asyncio.to_thread(replace_host, description.facts.id, "it")
    assert result.ok, result


async def test_the_foreground_program_of_a_shell_is_reported_until_the_prompt_returns() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        viewer.text("sleep 987 | cat")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: foreground_programs(watcher)[-1:] == ["sleep"], "the program to be named")
        with open_store() as store:
            [info] = list_sessions(store, ended=False)
        assert (info.facts.shell.program, info.status.activity) == ("sleep", "running")
        assert info.facts.shell.since >= record.origin.created_at
        viewer.key("c", "", 4)
        await watcher.until(lambda: foreground_programs(watcher)[-1] == "", "the shell to wait again")
        assert foreground_programs(watcher)[0] == ""
    await end(record.id)


def test_a_shell_is_called_by_its_last_command_unless_the_user_named_it(tmp_path: Path) -> None:
    (project := tmp_path / "api").mkdir()
    prompt = ("-C", str(project), "-e", "PS1=ready$ ")
    env = {"SHELL": "/bin/sh"}
    shells = [
        str(outlive("new", "shell", "--json", *words, *prompt, env=env).json()["id"]) for words in ((), ("-n", "logs"))
    ]

    def names() -> list[str]:
        with open_store() as store:
            return [store.find(each).entry.shown_name for each in shells]

    def run(command: str, names_then: list[str]) -> None:
        for each in shells:
            assert outlive("send", each, command, "--enter").code == 0
        wait_until(lambda: names() == names_then, 60, f"the names {names_then}")
        for each in shells:
            assert outlive("send", each, "--key", "Ctrl+c").code == 0

    for each in shells:
        assert outlive("wait", each, "--text", "ready", "--timeout", "60").code == 0
    assert names() == ["api", "logs"]
    run("sleep 987", ["sleep", "logs"])
    [killed] = [each["host_pid"] for each in outlive("ls", "--json").json() if each["id"] == shells[0]]
    os.kill(killed, signal.SIGKILL)
    run("cat --number", ["cat", "logs"])
    (script := tmp_path / "follow").write_text("#!/bin/sh\ncat\n")
    script.chmod(0o755)
    run(f"{script} -q", ["follow", "logs"])
    for each in shells:
        outlive("kill", each)
    assert names() == ["follow", "logs"]


def test_no_secret_of_a_shells_command_is_in_a_list_or_a_record(area: Area, tmp_path: Path) -> None:
    (home := tmp_path / "home").mkdir()
    # The title has the whole command while it runs, as with many configurations of zsh.
    titles = "PS0='\\e]0;$(history 1)\\a'\nPROMPT_COMMAND='printf \"\\e]0;at rest\\a\"'\n"
    (home / ".bashrc").write_text(f"HISTCONTROL=ignoreboth\nPS1='ready$ '\n{titles}")
    (script := tmp_path / "deploy").write_text("#!/bin/sh\ncat\n")
    script.chmod(0o755)
    secrets = [f"--token=ghp_secret{number}" for number in range(2)]
    chat = outlive("new", "shell", "--json", "-C", str(tmp_path), "-e", f"HOME={home}", env={"SHELL": "bash"}).json()[
        "id"
    ]

    def listed() -> tuple[str, str]:
        [info] = outlive("ls", "--json").json()
        with open_store() as store:
            return info["foreground"], store.find(chat).entry.shown_name

    def run(command: str, seen: tuple[str, str]) -> None:
        assert outlive("send", chat, command, "--enter").code == 0
        wait_until(lambda: listed() == seen, 60, lambda: f"{seen}, not {listed()}")
        assert outlive("send", chat, "--key", "Ctrl+c").code == 0
        wait_until(lambda: listed()[0] == "", 60, "the prompt")

    assert outlive("wait", chat, "--text", "ready", "--timeout", "60").code == 0
    run("cat", ("cat", "cat"))
    run(f" {script} {secrets[0]}", ("deploy", "cat"))  # A leading blank: not for a history, and not for a name.
    run(f"{script} {secrets[1]}", ("deploy", "deploy"))
    for directory in (area.state, area.runtime):
        for path in directory.rglob("*"):
            if path.is_file() and "recording" not in str(path) and "journal" not in str(path):
                found = [secret for secret in secrets if secret.encode() in path.read_bytes()]
                assert not found, f"{path} has {found}"
    outlive("kill", chat)


async def test_a_prompts_age_stays_the_same_after_a_crash_and_an_upgrade_of_its_host() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        description: Description = await request(record.id, Describe(0))
        since = foreground_of(description).since
        for replace in (kill_host, upgrade_host):
            redraw(record)
            await see(viewer, watcher, "redrawn")
            watcher.events.clear()
            await replace(description)
            previous, description = description, await request(record.id, Describe(0))
            assert description.facts.program.host_pid != previous.facts.program.host_pid
            assert foreground_of(description).since == since
            await watcher.until(lambda: bool(foreground_times(watcher)), "the viewer to know the prompt's time")
            assert foreground_times(watcher) == {since}
    await end(record.id)


async def test_a_bell_in_a_shell_does_not_mean_needs_input() -> None:
    record = await start("sh", "-c", "printf '\\007rang\\n'; exec cat")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "rang")
        description: Description = await request(record.id, Describe(0))
        assert description.facts.status.activity is Activity.NO_SIGNAL
        viewer.text("a\a")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: any(isinstance(each, BellEvent) for each in watcher.events), "the bell")
        await eventually(lambda: foreground_programs(watcher)[-1:] == ["cat"], 10, "the command to be named")
    await end(record.id)


async def test_a_notification_in_a_shell_is_passed_on_and_does_not_mean_needs_input() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        viewer.text(r"printf '\033]99;i=n:d=0;Build\033\\\033]99;i=n:p=body;done\033\\\033]9;text\007'")
        viewer.key("Enter", "\r")

        def notified() -> list[NotificationEvent]:
            return [event for event in watcher.events if isinstance(event, NotificationEvent)]

        await watcher.until(lambda: len(notified()) == 2, "the notifications")
        assert notified() == [NotificationEvent("Build", "done", "n"), NotificationEvent("", "text")]
        description: Description = await request(record.id, Describe(0))
        assert (description.facts.status.activity, description.facts.status.source) == (Activity.NO_SIGNAL, "")
    await end(record.id)


def endings(watcher: Watcher) -> list[tuple[str, int | None]]:
    return [
        (each.foreground.program, each.foreground.last_exit_code)
        for each in watcher.events
        if isinstance(each, ForegroundEvent)
    ]


@pytest.mark.parametrize("engine", available_engines())
async def test_the_exit_code_of_a_shells_last_command_is_reported(engine: EngineName) -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> ", **MARKS}, engine=engine)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")

        async def run(line: str, *expected: tuple[str, int | None]) -> None:
            watcher.events.clear()
            viewer.text(line)
            viewer.key("Enter", "\r")
            await watcher.until(lambda: endings(watcher)[-len(expected) :] == [*expected], f"{line}: {expected}")

        await run("(exit 3)", ("", 3))
        await run("sleep 987", ("sleep", None))
        watcher.events.clear()
        viewer.key("c", "", 4)
        await watcher.until(lambda: endings(watcher)[-1:] == [("", 130)], "the end of what ran")
        viewer.key("Enter", "\r")
        await run("true", ("", 0))
        await run("sh -c 'exit 2'", ("", 2))
        description: Description = await request(record.id, Describe(0))
        assert (foreground_of(description).program, foreground_of(description).last_exit_code) == ("", 2)
        os.kill(known(description.facts.program.host_pid), signal.SIGKILL)

        def answered() -> SessionInfo | None:
            with open_store() as store:
                [info] = list_sessions(store, ended=False)
            return info if info.host is not None else None

        info = await eventually(answered, 10, "the next host to answer")
        assert info is not None
        assert (info.facts.shell.last_exit_code, info.facts.shell.last_ended) == (
            2,
            foreground_of(description).last_ended,
        )
        assert record.origin.created_at < foreground_of(description).last_ended
        assert info.facts.program.host_pid != description.facts.program.host_pid
        await run("printf '\\e]133;D\\a'", ("", None))
    await end(record.id)


async def test_an_empty_line_is_not_reported_as_a_command() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> ", **MARKS})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        first: Description = await request(record.id, Describe(0))
        assert foreground_of(first).last_ended == "", "the first prompt ends none"
        viewer.text("false")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: endings(watcher)[-1:] == [("", 1)], "the end to be reported")
        ended: Description = await request(record.id, Describe(0))
        for _ in range(3):
            viewer.key("Enter", "\r")
        await eventually(lambda: "\n".join(shown(viewer)).count("ready>") == 5, 10, "three more prompts")
        after: Description = await request(record.id, Describe(0))
        assert (foreground_of(after).last_exit_code, foreground_of(after).last_ended) == (
            1,
            foreground_of(ended).last_ended,
        )
    await end(record.id)


TIMED_SHELL = r"""
mark() { printf '\033]133;%s\007' "$1"; }
mark A; echo "prompt 0"
number=0
while read -r line; do
    mark C; echo "began $line"; read -r _; number=$((number + 1))
    mark 'D;0'; mark A; echo "prompt $number"
done
"""
"""A shell with marks, in which each command runs until the next line of input."""


def times_in(emulator: Emulator | None) -> list[CommandTime]:
    """The times of a terminal's commands, in the order of the commands."""
    if emulator is None:
        return []
    found = [emulator.commands.of(prompt.number) for prompt in emulator.prompts() if prompt.output is not None]
    return [command.time() for command in found if command is not None and command.began_ms]


def ended_in(viewer: Viewer) -> list[CommandTime]:
    return [each for each in times_in(viewer.replica.emulator) if each.took_ms >= 0]


async def test_the_host_measures_command_times_and_they_survive_it(sessions: Sessions) -> None:
    record = await start("sh", "-c", TIMED_SHELL)
    before_ms = time.time_ns() // 1_000_000
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "prompt 0")

        async def kill_host() -> None:
            description: Description = await request(record.id, Describe(0))
            os.kill(known(description.facts.program.host_pid), signal.SIGKILL)

        viewer.text("one\r")
        await see(viewer, watcher, "began one")
        await eventually(
            lambda: [each.took_ms for each in times_in(viewer.replica.emulator)] == [-1], 10, "its beginning"
        )
        viewer.text("\r")
        await see(viewer, watcher, "prompt 1")
        await eventually(lambda: len(ended_in(viewer)) == 1, 10, "its end")
        viewer.text("two\r")
        await see(viewer, watcher, "began two")
        await eventually(lambda: len(times_in(viewer.replica.emulator)) == 2, 10, "the second one's beginning")
        began = times_in(viewer.replica.emulator)[1]
        await kill_host()
        viewer.text("\r")
        await see(viewer, watcher, "prompt 2")
        await eventually(lambda: len(ended_in(viewer)) == 2, 10, "an end that the next host has seen")
        times = times_in(viewer.replica.emulator)
    assert before_ms <= times[0].began_ms <= times[1].began_ms <= time.time_ns() // 1_000_000
    assert times[0].number < times[1].number
    assert times[1].began_ms == began.began_ms
    assert times[1].took_ms > 0, "from one host's clock to another's"
    async with watching(record.id) as (later, _):
        await eventually(lambda: times_in(later.replica.emulator) == times, 10, "the times in a later viewer")
    await end(record.id)
    await asyncio.to_thread(sessions.end_all)
    screen = last_screen(record.id)
    assert screen is not None
    assert times_in(screen) == times
    screen.close()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_command_is_known_as_it_was_typed(tmp_path: Path, shell: str) -> None:
    files = PLAIN_FILES[shell]
    if shell == "zsh":
        files = {".zshrc": "PS1='$ '\nRPROMPT='at 12:00'\n"}
    with ShellTerminal(home_of(tmp_path, files), shell) as terminal:
        terminal.screen.commands.start_numbers(1)
        loop = (
            ["for x in é 'b'", "echo $x %41; end"] if shell == "fish" else ["for x in é 'b'; do", "echo $x %41; done"]
        )
        terminal.prompts(1)
        terminal.run(" echo one  two", 2)
        terminal.run(f"echo {'long ' * 20}| wc -c", 3)
        terminal.type(loop[0] + "\r")
        terminal.run(loop[1], 4)
        prompts = [command_text(terminal.screen, prompt) for prompt in terminal.screen.prompts()[:3]]
        assert (prompts[0].strip(), prompts[1]) == ("echo one  two", f"echo {'long ' * 20}| wc -c")
        # bash reports a line from its history, where it has joined the lines.
        lines = prompts[2].replace("; do echo", "; do\necho") if shell == "bash" else prompts[2]
        assert [line.strip() for line in lines.split("\n")] == loop


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_command_that_the_screen_does_not_show_is_not_known(tmp_path: Path, shell: str) -> None:
    with ShellTerminal(home_of(tmp_path, PLAIN_FILES[shell]), shell) as terminal:
        terminal.screen.commands.start_numbers(1)
        terminal.prompts(1)
        line = "clear; echo 'a  b' é %41 \\\\e"
        (prompt, _) = terminal.run(line, 2)
        assert command_text(terminal.screen, prompt) == ""
        (_, prompt, _) = terminal.run("echo 'a  b' é %41 \\\\e", 3)
        assert command_text(terminal.screen, prompt) == "echo 'a  b' é %41 \\\\e"


@pytest.mark.parametrize(
    "setting",
    ["HISTCONTROL=ignorespace", "HISTCONTROL=ignoreboth:erasedups", "HISTIGNORE='*b'", "set +o history", "HISTSIZE=0"],
)
def test_bash_reports_no_earlier_command_for_one_that_its_history_leaves_out(tmp_path: Path, setting: str) -> None:
    files = {".bashrc": f"PS1='$ '\n{setting}\n"}
    with ShellTerminal(home_of(tmp_path, files), "bash") as terminal:
        terminal.screen.commands.start_numbers(1)
        terminal.prompts(1)
        terminal.run("echo a", 2)
        terminal.run("", 3)
        prompts = terminal.run(" clear; echo b", 2)
        assert command_text(terminal.screen, prompts[0]) == ""
        prompts = terminal.run(" echo c", 3)
        assert command_text(terminal.screen, prompts[1]) == " echo c", "from the screen"
        terminal.run("false | true", 4)
        terminal.run("echo ${PIPESTATUS[*]} $?", 5)
        assert "1 0 0" in terminal.text()


def test_bash_without_commands_in_prompts_marks_its_commands(tmp_path: Path) -> None:
    files = {".bashrc": "PS1='$ '\nshopt -u promptvars\n"}
    with ShellTerminal(home_of(tmp_path, files), "bash") as terminal:
        terminal.prompts(1)
        prompts = terminal.run("echo a", 2)
        assert (terminal.output_of(prompts[0]), prompts[0].exit_code) == (["a"], 0)
