"""A command with MACHINE:CHAT or --on does, prints and returns what it does at home."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from session_host.cli.arguments import Parser
from session_host.cli.subcommands import Subcommand
from session_host.commands import SUBCOMMANDS, Where, with_any
from tests.support.commands import Done, OnTerminal, outlive
from tests.support.ssh_machines import SshMachine

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("new", "-d", "-n", "echo", "-C", "HOME", "ON", "--", "cat"),
    ("send", "CHAT", "hello", "--enter"),
    ("wait", "CHAT", "--text", "hello\nhello", "--timeout", "60"),
    ("wait", "CHAT", "--text", "never", "--timeout", "0"),
    ("peek", "CHAT"),
    ("explain", "CHAT"),
    ("answer", "CHAT"),
    ("send", "CHAT", "hello", "--enter", "--wait"),
    ("wait", "CHAT", "--turn", "1", "--timeout", "0"),
    ("approve", "CHAT"),
    ("deny", "CHAT"),
    ("restore", "CHAT"),
    ("restore", "CHAT", "1"),
    ("upgrade", "CHAT"),
    ("pin", "CHAT"),
    ("rename", "CHAT", "echo"),
    ("sleep", "CHAT"),
    ("resume", "CHAT", "-d"),
    ("rm", "CHAT"),
    ("export", "CHAT", "FILE.txt"),
    ("export", "CHAT", "FILE.md"),
    ("export", "CHAT", "FILE"),
    ("replay", "CHAT"),
    ("search", "hello", "ON"),
    ("kill-all", "ON"),
    ("stop", "CHAT"),
    ("send", "CHAT", "hello"),
    ("attach", "CHAT"),
    ("kill", "CHAT"),
    ("ls", "--all", "ON"),
    ("logs", "NONE"),
    ("peek", "NONE"),
    ("attach", "NONE"),
    ("export", "NONE", "FILE.txt"),
    ("kill-all", "--yes", "ON"),
    ("rm", "--ended", "ON"),
    ("rm", "CHAT"),
)
"""In this order, about a chat that runs ``cat``. NONE is a chat that does not exist."""


@pytest.mark.registrations
def test_each_command_about_a_chat_is_tried() -> None:
    tried = {words[0] for words in COMMANDS if "CHAT" in words}
    assert with_any(Where.CHAT) - {"logs"} <= tried, "give it a row in COMMANDS; a chat's log differs here and there"


@pytest.mark.registrations
def test_a_commands_row_says_how_its_arguments_name_a_machine() -> None:
    for name in SUBCOMMANDS:
        parser = Parser(name, name)
        Subcommand.load(name).configure(parser)
        arguments = parser._actions
        names_chat = any(each.dest in {"session", "sessions"} and not each.option_strings for each in arguments)
        assert names_chat == (name in with_any(Where.CHAT)), name
        assert any(each.dest == "on" for each in arguments) == (name in with_any(Where.ON | Where.ASKS_ALL)), name


def test_each_command_does_there_what_it_does_here(alpha: SshMachine, tmp_path: Path) -> None:
    files = []
    for number, words in enumerate(COMMANDS):
        results = []
        for machine, home in (("", Path.home()), ("alpha:", alpha.home)):
            path = tmp_path / f"{machine}{number}"
            meanings = {"CHAT": f"{machine}echo", "NONE": f"{machine}none", "HOME": str(home)}
            chosen = [meanings.get(word, word.replace("FILE", str(path))) for word in words if word != "ON"]
            if "ON" in words and machine:
                chosen[1:1] = ["--on", "alpha"]
            results.append(_without_places(outlive(*chosen), path, home))
            files.append(path.with_name(f"{path.name}.txt"))
        assert results[0] == results[1], words
    here, there = (path.read_text() for path in files if path.exists())
    assert here == there == "hello\nhello\n"


def _without_places(done: Done, path: Path, home: Path) -> tuple[int, str, str]:
    """A command's result without the names, times and numbers that differ from machine to machine."""

    def plain(text: str) -> str:
        text = text.replace(str(path), "FILE").replace(str(home), "~").replace("alpha:", "").replace(" --on alpha", "")
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{8}\b", "ID", text)
        return re.sub(r"\d+", "N", re.sub(r" +", " ", text))

    return done.code, plain(done.output), plain(done.error)


def test_a_recording_on_a_machine_is_played_here(alpha: SshMachine) -> None:
    assert outlive("new", "-d", "--on", "alpha", "-n", "words", "--", "printf", "first\\nsecond\\n").code == 0
    outlive("wait", "alpha:words", "--exited", "--timeout", "60")
    with OnTerminal("replay", "alpha:words", is_executed=True) as terminal:
        assert terminal.end() == 0
        assert terminal.text() == "first\nsecond\n[end of the recording of alpha:words]"
