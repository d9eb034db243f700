"""The man page and the shell completions of a package."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from installers.command_line_files import MAN_PAGE, PATHS, files
from session_host import errors
from session_host.commands import SUBCOMMANDS
from tests.support.area import Area
from tests.support.commands import REPOSITORY, new, outlive
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


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.usefixtures("sessions")
def test_a_shell_offers_only_what_can_be_chosen(shell: str, share: Path, area: Area) -> None:
    new("-n", "runs", "--", "cat")
    new("-n", "over", "--", "true")
    outlive("wait", "over", "--exited")
    area.config.mkdir(exist_ok=True)
    (area.config / "machines.toml").write_text('"devbox" = "me@devbox.example.org"\nbuild1="build1"\n')

    machine = ["devbox:", "build1:"] if shell == "fish" else []
    assert sorted(completed(shell, share, "outlive", "resume", "")) == sorted(["over", *machine])
    assert sorted(completed(shell, share, "outlive", "peek", "")) == sorted(["over", "runs", *machine])
    assert sorted(completed(shell, share, "outlive", "ls", "--on", "")) == ["build1", "devbox"]
    assert completed(shell, share, "outlive", "machines", "login", "dev") == ["devbox"]
    assert completed(shell, share, "outlive", "ls", "--agent", "clau") == ["claude"]
    assert "aider" not in completed(shell, share, "outlive", "skill", "--install", "")
    assert sorted(completed(shell, share, "outlive", "help", "phon")) == ["phone", "phone-address"]


@pytest.mark.usefixtures("sessions")
def test_zsh_completes_the_names_of_chats_and_machines(share: Path, area: Area) -> None:
    new("-n", "the second", "--", "cat")
    area.config.mkdir(exist_ok=True)
    (area.config / "machines.toml").write_text('"devbox" = "me@devbox.example.org"\n')
    directory = share / Path(PATHS["zsh"]).parent
    with Terminal(["zsh", "-f", "-i"], env={**shell_environment(share), "TERM": "xterm"}) as terminal:
        terminal.type(f"fpath=({directory} $fpath); autoload -U compinit; compinit -u -D; echo rea''dy\r")
        terminal.until(b"ready\r\n")
        terminal.type(b"outlive stop the\t")
        terminal.until(rb"the\ second")
        terminal.type(b"\x15outlive peek dev\t")
        terminal.until(b"outlive peek devbox:")
        terminal.type(b"\x15outlive resume the\t\x15outlive ls --on d\t")
        terminal.until(b"outlive ls --on devbox")


@pytest.mark.registrations
def test_the_man_page_describes_each_subcommand_and_option() -> None:
    page = files()[MAN_PAGE].replace("\\-", "-")

    assert page.startswith(".TH OUTLIVE")
    assert all(f"'outlive {subcommand}'" in page for subcommand in SUBCOMMANDS)
    assert "give up after this time" in page


@pytest.mark.registrations
def test_the_man_page_and_the_guide_name_each_exit_code() -> None:
    known = {each.exit_code for each in vars(errors).values() if hasattr(each, "exit_code")}
    status = files()[MAN_PAGE].partition(".SH EXIT STATUS")[2].partition(".SH ENVIRONMENT")[0]
    assert set(map(int, re.findall(r"(?m)^\.TP\n(\d+)$", status))) == {0, *known} == set(range(13))
    guide = (REPOSITORY / "resources/guide/command-line.md").read_text("utf-8")
    codes = guide.partition("## Exit codes")[2].partition("\n## ")[0]
    assert set(map(int, re.findall(r"(?m)^\| (\d+) \|", codes))) == {0, *known}


def test_the_man_page_says_what_the_help_of_a_subcommand_says_below_its_options() -> None:
    page = " ".join(files()[MAN_PAGE].split())

    assert ".B outlive [COMMAND]" in page
    assert "Ctrl+B ? shows all keys" in page
    assert "Without POINT, lists the restore points" in page
