"""The man page and the shell completions of a package."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from installers.command_line_files import MAN_PAGE, PATHS, files
from session_host.commands import SUBCOMMANDS
from tests.support.commands import REPOSITORY, new
from tests.support.terminals import Terminal

ASK_BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shtab_outlive
printf '%s\\n' "${COMPREPLY[@]}"
"""
ASK_FISH = """
source $argv[1]
complete -C (string join -- ' ' $argv[2..]) | string replace -r '\\t.*' ''
"""


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """The share directory with the files of a package; ``outlive`` is in ``bin`` beside it."""
    for place, text in files().items():
        path = tmp_path / "share" / place
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    command = tmp_path / "bin" / "outlive"
    command.parent.mkdir()
    words = shlex.join(["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "session_host.cli"])
    command.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    command.chmod(0o755)
    return tmp_path / "share"


def shell_environment(share: Path) -> dict[str, str]:
    home = share.parent / "home"
    home.mkdir(exist_ok=True)
    return {**os.environ, "PATH": f"{share.parent}/bin:{os.environ['PATH']}", "HOME": str(home), "LC_ALL": "C.UTF-8"}


def completed(shell: str, share: Path, *words: str) -> list[str]:
    """The completions that the shell offers for the last word."""
    script = ["-c", ASK_BASH, "bash"] if shell == "bash" else ["--no-config", "-c", ASK_FISH]
    done = subprocess.run(
        [shell, *script, str(share / PATHS[shell]), *words],
        capture_output=True,
        text=True,
        check=False,
        env=shell_environment(share),
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.usefixtures("sessions")
def test_a_shell_completes_subcommands_options_and_the_names_of_chats(shell: str, share: Path) -> None:
    new("-n", "first", "--", "cat")
    new("-n", "the second", "--", "cat")

    assert completed(shell, share, "outlive", "att") == ["attach"]
    assert completed(shell, share, "outlive", "wait", "--tim") == ["--timeout"]
    assert {"claude", "codex", "shell"} <= set(completed(shell, share, "outlive", "new", ""))
    assert completed(shell, share, "outlive", "stop", "f") == ["first"]
    quoted = "the\\ second" if shell == "bash" else "the second"
    assert completed(shell, share, "outlive", "stop", "") == ["first", quoted]


@pytest.mark.usefixtures("sessions")
def test_zsh_completes_the_name_of_a_chat(share: Path) -> None:
    new("-n", "the second", "--", "cat")
    directory = share / Path(PATHS["zsh"]).parent
    with Terminal(["zsh", "-f", "-i"], env={**shell_environment(share), "TERM": "xterm"}) as terminal:
        terminal.type(f"fpath=({directory} $fpath); autoload -U compinit; compinit -u -D; echo rea''dy\r")
        terminal.until(b"ready\r\n")
        terminal.type(b"outlive stop the\t")
        terminal.until(rb"the\ second")


def test_the_man_page_describes_each_subcommand_and_option() -> None:
    page = files()[MAN_PAGE].replace("\\-", "-")

    assert page.startswith(".TH OUTLIVE")
    assert all(f"'outlive {subcommand}'" in page for subcommand in SUBCOMMANDS)
    assert "give up after this time" in page
    assert ".SH EXIT STATUS" in page


def test_the_man_page_says_what_the_help_of_a_subcommand_says_below_its_options() -> None:
    page = " ".join(files()[MAN_PAGE].split())

    assert ".B outlive [COMMAND]" in page
    assert "Ctrl+B ? shows all keys" in page
    assert "Without POINT, lists the restore points" in page
