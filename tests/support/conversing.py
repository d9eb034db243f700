"""Chats with a program that stores conversations as agents do (``programs/conversing.py``), by the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from session_host.agents.catalog import load_catalog
from session_host.agents.probe import probed
from session_host.paths import config_dir
from tests.programs import program
from tests.programs.conversing import HELPS, VERSIONS
from tests.support.commands import outlive
from tests.support.waiting import TIMEOUT_S

NO_INPUT_LINE = '[signals]\ninput_line = ""\n'
"""The user's catalog file of an agent that shows no input line."""

Chat = dict[str, Any]

_SCRIPT = """\
#!/bin/sh
# What is asked before each first start is answered without an interpreter.
case "$*$CONVERSING_LACKS" in
--version) echo '{version}'; exit ;;
--help) cat <<'END'
{help}END
exit ;;
esac
exec {words} "$@"
"""


def new(agent: str, project: Path, *words: str, name: str = "chat") -> str:
    """Start a chat, and wait until it is ready; returns its id."""
    done = outlive("new", agent, "--json", "-n", name, "-C", str(project), *words)
    assert done.code == 0, done.error
    chat = str(done.json()["id"])
    see(chat, "ready")
    return chat


def probe_options(agent: str, variables: Mapping[str, str]) -> None:
    """Probe an agent's options before its first chat, since a chat's start waits only a short time for them."""
    definition = load_catalog(config_dir())[agent]
    path = definition.find(os.environ["PATH"])
    assert path is not None
    assert probed(definition, path, {**os.environ, **variables}, TIMEOUT_S).options is not None


def see(chat: str, text: str) -> None:
    """Wait for a text on the chat's screen."""
    done = outlive("wait", chat, "--text", text, "--timeout", "60")
    assert done.code == 0, f"{done.error}\n{outlive('peek', chat).output}"


def ask(chat: str, prompt: str) -> None:
    """Send a prompt, and wait for the answer."""
    assert outlive("send", chat, prompt, "--enter").code == 0
    see(chat, f"you said: {prompt}")


def listed(chat: str) -> Chat:
    """The chat's entry in ``ls --all --json``."""
    return next(each for each in outlive("ls", "--all", "--json").json() if each["id"] == chat)


def resume(chat: str, *words: str) -> Chat:
    """Resume the chat; returns the output of ``resume --json``."""
    done = outlive("resume", chat, "--json", *words)
    assert done.code == 0, done.error
    return dict(done.json())


def screen_lines(chat: str) -> list[str]:
    """The lines on the chat's screen that are not empty."""
    return [line for line in outlive("peek", chat).output.splitlines() if line]


def install(directory: Path) -> None:
    """Install the program as ``claude`` and ``codex`` in a directory, and state that it shows no input line."""
    directory.mkdir()
    agents = config_dir() / "agents"
    agents.mkdir(parents=True, exist_ok=True)
    for name in ("claude", "codex"):
        words = " ".join(program("conversing", name))
        (directory / name).write_text(_SCRIPT.format(version=VERSIONS[name], help=HELPS[name], words=words))
        (directory / name).chmod(0o755)
        (agents / f"{name}.toml").write_text(NO_INPUT_LINE, encoding="utf-8")
