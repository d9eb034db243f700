"""Some programs get the variables of the shell integration, and a shell restores the user's own values."""

from __future__ import annotations

import pytest

from session_host.agents.environment import OFF_VARIABLE, SHELL_DIRECTORY, shell_integration


@pytest.mark.parametrize(
    ("argv", "variable", "file"),
    [
        (["bash"], "ENV", "bash.sh"),
        (["/usr/bin/bash", "-l"], "ENV", "bash.sh"),
        (["/bin/zsh", "-i"], "ZDOTDIR", "zsh"),
        (["fish", "--login"], "XDG_DATA_DIRS", ""),
    ],
)
def test_an_interactive_shell_reads_its_script(argv: list[str], variable: str, file: str) -> None:
    value = shell_integration(argv, {})[variable]
    assert value.split(":")[0] == str(SHELL_DIRECTORY / file)
    assert (SHELL_DIRECTORY / file).exists()


@pytest.mark.parametrize(
    "argv", [["bash", "-c", "true"], ["bash", "--norc"], ["zsh", "script"], ["sh"], ["dash"], ["python3"], ["claude"]]
)
def test_other_programs_are_left_alone(argv: list[str]) -> None:
    assert shell_integration(argv, {}) == {}


def test_a_variable_turns_it_off() -> None:
    assert shell_integration(["zsh"], {OFF_VARIABLE: "0"}) == {}
    assert shell_integration(["zsh"], {OFF_VARIABLE: "1"})


def test_a_bash_that_the_user_wants_in_posix_mode_is_left_alone() -> None:
    assert shell_integration(["bash"], {"POSIXLY_CORRECT": ""}) == {}


def test_the_users_own_values_are_passed_on() -> None:
    values = {"ENV": "/e", "ZDOTDIR": "/z", "XDG_DATA_DIRS": "/x", "HISTFILE": "/h"}
    assert shell_integration(["bash"], values).items() >= {"OUTLIVE_ENV": "/e", "OUTLIVE_HISTFILE": "/h"}.items()
    assert shell_integration(["zsh"], values)["OUTLIVE_ZDOTDIR"] == "/z"
    fish = shell_integration(["fish"], values)
    assert (fish["OUTLIVE_XDG_DATA_DIRS"], fish["XDG_DATA_DIRS"]) == ("/x", f"{SHELL_DIRECTORY}:/x")
