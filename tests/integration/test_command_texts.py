"""The texts of a shell's commands, as the shell reports them or as they are read from the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.terminal.prompts.command_line import command_text
from tests.support.shells import PLAIN_FILES, ShellTerminal, home_of


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
