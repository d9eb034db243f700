"""bash, zsh and fish mark their prompts by variables of their environment, without changes to the user's files."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.client.sessions.hosts import upgrade
from session_host.client.viewer.viewer import Viewer
from session_host.paths import database
from session_host.protocol.messages import Describe, Description
from session_host.protocol.values import GridSize
from session_host.storage.store import Store
from session_host.terminal import available_engines, create
from session_host.terminal.rows import PLAIN
from tests.programs import Gate
from tests.support.facts import foreground_of, known
from tests.support.hosts import end, start, watching
from tests.support.shells import PLAIN_FILES, SIZE, ShellTerminal, home_of
from tests.support.waiting import TIMEOUT_S

USERS_FILES = {
    # As starship and others do: hooks that set each prompt, under shell options that end a careless script.
    "bash": {
        ".bashrc": "mine() { local code=$?; PS1=\"[$code]\n$ \"; }\nPROMPT_COMMAND=mine\nPS0='run: '\nset -eu\n"
        "alias printf=false builtin=false\n"
    },
    "zsh": {
        ".zshrc": "setopt nounset ksh_arrays\nprecmd() { PROMPT=\"[$?]\n$ \" }\npreexec() { print -n 'run: ' }\n"
        "alias printf=false\n",
        ".zshenv": "export FROM_ZSHENV=1\n",
    },
    "fish": {
        ".config/fish/config.fish": "function fish_prompt; printf '[%s]\\n$ ' $status; end\n"
        "function fish_greeting; end\nfunction mine --on-event fish_preexec; printf 'run: '; end\n"
    },
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_marks_its_prompts_and_its_commands_exits(tmp_path: Path, shell: str) -> None:
    home = home_of(tmp_path, PLAIN_FILES[shell])
    with ShellTerminal(home, shell) as terminal:
        terminal.prompts(1)
        terminal.run("sh -c 'echo one; echo two; exit 3'", 2)
        terminal.run("", 3)
        terminal.run("mkdir 'a é%'; cd 'a é%'", 4)
        first, empty, change, last = terminal.run("printf x", 5)[:4]
        assert (terminal.output_of(first), first.exit_code) == (["one", "two"], 3)
        assert (empty.output, empty.exit_code) == (None, None)
        assert (terminal.output_of(change), change.exit_code) == ([], 0)
        assert [line[:1] for line in terminal.output_of(last)] == ["x"]
        assert b"a%20%C3%A9%25\x07" in terminal.raw
        # Programs and inner shells get the user's own values, and no variables of the integration.
        terminal.type("env | grep -cE '^(OUTLIVE|ENV=|ZDOTDIR|POSIXLY|XDG_DATA_DIRS=.*/shell)'; echo $MISSING done\r")
        terminal.see("\n0\n")


LEFT = {
    "a link": b"\x1b]8;;https://example.org\x1b\\here",
    "concealed text": b"\x1b[8;31mhere",
    "a DCS": b"\x1bPqunfinished",
    "an OSC": b"\x1b]0;unfinished",
    "a CSI": b"\x1b[?3",  # The shell's own message ends it.
    "a character": b"\xe6\xbc",
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_a_killed_program_leaves_ends_with_it(tmp_path: Path, shell: str) -> None:
    """An unfinished DCS swallowed the next prompt, and the marks with it."""
    home = home_of(tmp_path, PLAIN_FILES[shell])
    (home / "killed").write_text('cat "$1"; kill -9 $$\n')
    with ShellTerminal(home, shell) as terminal:
        count = len(terminal.prompts(1))
        for number, left in enumerate(LEFT.values()):
            (home / f"left{number}").write_bytes(left)
            terminal.run(f"sh killed left{number}", count + 1)
            terminal.run(f"echo after {number}", count + 2)
            count += 2
        assert [prompt.exit_code for prompt in terminal.screen.prompts()][:-1] == [137, 0] * len(LEFT)
        for engine in available_engines():
            emulator = create(engine, SIZE)
            emulator.feed(bytes(terminal.raw))
            rows = [*emulator.history(0, emulator.scrollback_rows), *emulator.rows()]
            after = [row for row in rows if row.text().startswith("after ")]
            assert [row.text() for row in after] == [f"after {number}" for number in range(len(LEFT))], engine
            assert all(run.style == PLAIN for row in after for run in row.runs), (engine, after)
            emulator.close()


def test_colours_that_a_command_set_on_purpose_stay_after_ctrl_c_at_the_prompt(tmp_path: Path) -> None:
    with ShellTerminal(home_of(tmp_path, PLAIN_FILES["bash"]), "bash") as terminal:
        terminal.prompts(1)
        terminal.run("printf '\\e[32m'", 2)
        terminal.type("x")
        terminal.rest()  # A Ctrl+C that comes before bash waits for a key is shown, and acted on at the next key.
        terminal.type("\x03")
        terminal.prompts(3)
        terminal.run("", 4)
        terminal.run("echo green", 5)
        [row] = [row for row in terminal.screen.rows() if row.text() == "green"]
        assert row.runs[0].style.foreground == 2


POWERLEVEL10K = (
    "_p9k_precmd() { precmd_functions=(${precmd_functions:#_p9k_precmd} _p9k_precmd); PROMPT=$'first line\n$ ' }\n"
    "precmd_functions+=(_p9k_precmd)\n"
)
"""As powerlevel10k does it: its function is always the last one, and sets the whole prompt."""


def test_zsh_marks_prompts_that_are_set_after_all_other_functions(tmp_path: Path) -> None:
    with ShellTerminal(home_of(tmp_path, {".zshrc": POWERLEVEL10K}), "zsh") as terminal:
        terminal.see("first line\n$")
        terminal.prompts(1)
        terminal.run("sh -c 'echo one; exit 3'", 2)
        terminal.see("one\nfirst line\n$")
        prompts = terminal.run("echo two", 3)
        terminal.see("two\nfirst line\n$")
        assert [(terminal.output_of(prompt), prompt.exit_code) for prompt in prompts[:2]] == [
            (["one"], 3),
            (["two"], 0),
        ]
        assert [terminal.rows()[prompt.row] for prompt in prompts] == ["first line"] * 3


@pytest.mark.parametrize(
    ("shell", "files"),
    [
        ("bash", PLAIN_FILES["bash"]),
        ("bash", {".bashrc": "PS1='first line\\n$ '\n"}),
        ("zsh", {".zshrc": "PS1='$ '\nRPROMPT='at 12:00'\n"}),
        ("zsh", {".zshrc": "PS1=$'first line\\n$ '\n"}),
        ("zsh", {".zshrc": POWERLEVEL10K}),
        ("fish", {}),
    ],
)
def test_a_command_line_is_shown_once_after_the_window_became_narrower(
    tmp_path: Path, shell: str, files: dict[str, str]
) -> None:
    with ShellTerminal(home_of(tmp_path, files), shell) as terminal:
        terminal.prompts(1)
        if "first line" in str(files):
            terminal.see("first line\n$")
        terminal.run("echo before", 2)
        if "first line" in str(files):
            terminal.see("before\nfirst line\n$")
        terminal.type("echo one two three four five six seven eight nine")
        terminal.see("nine")
        terminal.rest()
        for columns in (30, 20, 55):
            drawn = len(terminal.raw)
            terminal.resize(GridSize(columns, 30))
            while b"nine" not in terminal.raw[drawn:].replace(b"\r\n", b"") or "nine" not in terminal.text():
                assert terminal._show(time.monotonic() + TIMEOUT_S), terminal.text()
            terminal.rest()
            lines = "".join(terminal.text().split())
            assert lines.count("onetwothree") == 1, terminal.text()
            assert lines.count("before") == 2, "earlier lines stay"
            assert lines.count("firstline") == 2 * ("first" in str(files))
        terminal.run("", 3)
        assert [prompt.exit_code for prompt in terminal.screen.prompts()] == [0, 0, None]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_first_lines_of_an_input_stay_when_the_window_becomes_narrower(tmp_path: Path, shell: str) -> None:
    with ShellTerminal(home_of(tmp_path, PLAIN_FILES[shell]), shell) as terminal:
        terminal.prompts(1)
        terminal.type("for number in one two three; do\r")
        terminal.see("\n>") if shell == "bash" else terminal.see("for>")
        terminal.type("echo second line")
        terminal.see("second line")
        drawn = len(terminal.raw)
        terminal.resize(GridSize(25, 30))
        while b"second" not in terminal.raw[drawn:]:
            assert terminal._show(time.monotonic() + TIMEOUT_S), terminal.text()
        assert "".join(terminal.text().split()).count("fornumberinonetwothree;do") == 1, terminal.text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_directory_is_the_shells_after_ssh_or_a_reset(tmp_path: Path, shell: str) -> None:
    """A remote shell tells its own directory, and the local one has not changed its own."""
    with ShellTerminal(home_of(tmp_path, PLAIN_FILES[shell]), shell) as terminal:
        terminal.prompts(1)
        home = terminal.screen.directory
        assert home.endswith(f"{tmp_path}")
        terminal.run("printf '\\e]7;file://elsewhere/srv\\a'", 2)
        assert (b"/srv\x07" in terminal.raw, terminal.screen.directory) == (True, home)
        terminal.run("printf '\\ec'", 1)
        assert terminal.screen.directory == home


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("title", ["", "at home"])
def test_the_title_of_a_program_goes_when_the_program_has_ended(tmp_path: Path, shell: str, title: str) -> None:
    files = {name: f"{text}printf '\\e]2;{title}\\a'\n" for name, text in PLAIN_FILES[shell].items()}
    with ShellTerminal(home_of(tmp_path, files), shell) as terminal:
        terminal.prompts(1)
        terminal.run("printf '\\e]2;a program\\a'", 2)
        assert (b"\x1b]2;a program\x07" in terminal.raw, terminal.screen.title) == (True, title)
        # A program that saved the title and was killed.
        terminal.run("printf '\\e[22;0t\\e]2;another\\a'", 3)
        terminal.run("", 4)
        assert terminal.screen.title == title


def test_prompts_that_fish_draws_after_an_error_and_after_ctrl_c_are_marked(tmp_path: Path) -> None:
    # A key bound to the action of Ctrl+C, since fish may notice a signal later.
    files = {".config/fish/config.fish": "function fish_greeting; end\nbind \\cx cancel-commandline\n"}
    with ShellTerminal(home_of(tmp_path, files), "fish") as terminal:
        terminal.prompts(1)
        terminal.run("echo )", 2)
        terminal.type("\x18")
        terminal.prompts(3)
        prompts = terminal.run("echo out", 4)
        assert [prompt.exit_code for prompt in prompts] == [None, None, 0, None]
        # Fish's own prompt ends with one mark for root, and with another for users.
        typed = [re.split("[#>] ", terminal.rows()[prompt.row])[-1] for prompt in prompts[:3]]
        assert typed == ["echo )", "echo )^C", "echo out"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_after_clearing_only_the_commands_on_the_screen_are_known(tmp_path: Path, shell: str) -> None:
    with ShellTerminal(home_of(tmp_path, PLAIN_FILES[shell]), shell) as terminal:
        terminal.prompts(1)
        cleared = terminal.run("clear; echo one; sh -c 'exit 3'", 2)[0]
        assert (cleared.row, cleared.exit_code, terminal.output_of(cleared)) == (0, 3, ["one"])
        terminal.type("\x0c")
        terminal.prompts(1, on_screen=True)
        # Newer versions of fish scroll what they clear into the scrollback; other shells erase it.
        above = terminal.screen.scrollback_rows
        known = 1 if above else 0
        assert (above, len(terminal.screen.prompts())) == (known, known + 1)
        last = terminal.run("sh -c 'echo two; exit 4'", known + 2)[known]
        assert (last.row, last.output, last.exit_code, terminal.output_of(last)) == (above, above + 1, 4, ["two"])
        assert "echo two" in terminal.rows()[above]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_users_own_prompt_and_hooks_work_as_before(tmp_path: Path, shell: str) -> None:
    home = home_of(tmp_path, USERS_FILES[shell])
    with ShellTerminal(home, shell) as terminal:
        terminal.prompts(1)
        terminal.see("[0]\n$")
        prompts = terminal.run("sh -c 'exit 4' || sh -c 'echo out; exit 0'", 2)
        assert terminal.output_of(prompts[0])[0].removeprefix("run: ").startswith("out")
        assert prompts[0].exit_code == 0
        if shell != "bash":  # in bash, set -e ends the shell
            prompts = terminal.run("sh -c 'exit 4'", 3)
            assert prompts[1].exit_code == 4
            terminal.see("[4]\n$")


def test_a_login_shell_reads_the_files_of_a_login_shell(tmp_path: Path) -> None:
    home = home_of(
        tmp_path, {".bash_profile": "PS1='profile '\n", ".bashrc": "echo wrong\n", ".profile": "echo wrong\n"}
    )
    with ShellTerminal(home, "bash", "-l") as terminal:
        terminal.prompts(1)
        terminal.see("profile")
        terminal.type("shopt -o posix; shopt inherit_errexit; echo H=${HISTFILE#$HOME}.\r")
        shown = terminal.see("H=/.bash_history.")
        assert shown.count("off") == 2
        assert "wrong" not in shown


def test_nested_and_replaced_shells_mark_their_prompts(tmp_path: Path) -> None:
    home = home_of(tmp_path, {".bashrc": "PS1='$LEVEL$ '\nexport PS1\nexport PROMPT_COMMAND='LEVEL=$SHLVL'\n"})
    with ShellTerminal(home, "bash", SHLVL="0") as terminal:
        terminal.prompts(1)
        terminal.type("bash\r")
        terminal.see("2$")
        terminal.type("(exit 5)\rexit 6\r")
        terminal.type("(exit 7)\r")
        terminal.type("exec bash\recho $((6 * 7))\r")
        terminal.see("\n42\n")
        assert "not found" not in terminal.text()
        assert 6 in [prompt.exit_code for prompt in terminal.screen.prompts()]


OWN_MARKS = {
    "bash": {
        ".bashrc": "PS1='\\[\\e]133;A\\a\\]$ '\nPS0='\\e]133;C\\a'\nPROMPT_COMMAND='printf \"\\e]133;D;$?\\a\"'\n",
    },
    "zsh": {
        ".zshrc": "precmd() { print -n '\\e]133;D\\a' }\npreexec() { print -n '\\e]133;C\\a' }\n"
        "PS1=$'%{\\e]133;A\\a%}$ '\n",
    },
}


@pytest.mark.parametrize("shell", OWN_MARKS)
def test_a_shell_that_marks_its_prompts_by_itself_is_left_alone(tmp_path: Path, shell: str) -> None:
    with ShellTerminal(home_of(tmp_path, OWN_MARKS[shell]), shell) as terminal:
        terminal.prompts(1)
        terminal.run("echo out", 2)
        assert terminal.raw.count(b"]133;A") == 2
        assert terminal.raw.count(b"]133;C") == 1


def test_zsh_finds_the_files_where_the_user_keeps_them(tmp_path: Path) -> None:
    home = home_of(tmp_path, {"z/.zshenv": "PLACE=z\n", "z/.zshrc": "PS1='$PLACE $ZDOTDIR> '\nsetopt prompt_subst\n"})
    with ShellTerminal(home, "zsh", ZDOTDIR=str(home / "z")) as terminal:
        terminal.prompts(1)
        terminal.see(f"z {home / 'z'}"[:30])
        terminal.run("saved=$PS1; print -r -- ${#saved}", 2)
        assert "\n17\n" in terminal.text(), "the prompt is as the user set it while a command runs"


def codes_in(viewer: Viewer) -> list[int | None]:
    return (
        [prompt.exit_code for prompt in viewer.replica.emulator.prompts()]
        if viewer.replica.emulator is not None
        else []
    )


def has_codes(viewer: Viewer, wanted: list[int | None]) -> bool:
    return codes_in(viewer) == wanted


def has_begun(viewer: Viewer, number: int) -> bool:
    prompts = viewer.replica.emulator.prompts() if viewer.replica.emulator is not None else []
    return len(prompts) > number and prompts[number].output is not None


@pytest.mark.usefixtures("sessions")
async def test_prompt_marks_survive_the_host_and_reach_later_viewers() -> None:
    record = await start("bash")
    async with watching(record.id) as (viewer, watcher):
        await watcher.until(lambda: codes_in(viewer) == [None], "a prompt")
        viewer.text("(exit 3)")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: codes_in(viewer) == [3, None], "the end")
        description: Description = await request(record.id, Describe(0))
        assert foreground_of(description).last_exit_code == 3
        os.kill(known(description.facts.program.host_pid), signal.SIGKILL)
        viewer.text("(exit 4)")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: codes_in(viewer) == [3, 4, None], "the marks in the same viewer")
    # A later viewer gets the marks with its snapshot.
    async with watching(record.id) as (later, watcher):
        await watcher.until(partial(has_codes, later, [3, 4, None]), "the marks of a later viewer")
    await end(record.id)


@pytest.mark.usefixtures("sessions")
async def test_prompt_marks_survive_an_upgrade_in_mid_command(tmp_path: Path) -> None:
    with contextlib.closing(Gate(tmp_path / "gate")) as gate:
        record = await start("bash")
        async with watching(record.id) as (viewer, watcher):
            await watcher.until(lambda: codes_in(viewer) == [None], "a prompt")
            viewer.text("seq 40; (exit 3)")
            viewer.key("Enter", "\r")
            await watcher.until(lambda: codes_in(viewer) == [3, None], "the end")
            viewer.text(f"head -c 1 {gate.path}; (exit 4)")
            viewer.key("Enter", "\r")
            await watcher.until(partial(has_begun, viewer, 1), "the second command to run")
            assert viewer.replica.emulator is not None
            before = viewer.replica.emulator.prompts()
            with Store.open(database()) as store:
                [result] = upgrade(store)
            assert result.ok, result
            gate.release()
            await watcher.until(lambda: codes_in(viewer) == [3, 4, None], "the marks in the same viewer")
            marks = viewer.replica.emulator.prompts()
            assert [mark[:2] for mark in marks[:2]] == [mark[:2] for mark in before]
        async with watching(record.id) as (later, watcher):
            await watcher.until(partial(has_codes, later, [3, 4, None]), "the marks of a later viewer")
            assert later.replica.emulator is not None
            assert later.replica.emulator.prompts() == marks
        await end(record.id)
