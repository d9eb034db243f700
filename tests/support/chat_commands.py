"""Chats without a terminal, started by the command line; their agent is the fake app-server."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.area import Area
from tests.support.commands import new, outlive

SERVER = Path(__file__).resolve().parents[1] / "programs" / "fake_app_server.py"


def install_agent(area: Area) -> None:
    """Add the agent "fake" to the catalog."""
    directory = area.config / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake.toml").write_text(
        f'title = "Fake"\nexecutable = "{sys.executable}"\nstart = ["{sys.executable}"]\nmonogram = "Fk"\n'
        f'[chat_view]\ndialect = "codex"\nstart = ["{sys.executable}", "-S", "{SERVER}"]\n'
    )


def input_log(area: Area) -> Path:
    """The log of the lines that all fake agents receive."""
    return area.home / "agent-input.log"


def new_chat(area: Area, name: str, prompt: str = "") -> str:
    """Start a structured chat, and wait until its agent is idle; with a prompt do not wait. Returns its id."""
    if not (area.config / "agents/fake.toml").exists():
        install_agent(area)
    words = ["-n", name, "-C", str(area.home), "-e", f"FAKE_APP_SERVER_LOG={input_log(area)}"]
    words += ["-e", f"FAKE_APP_SERVER_THREADS={area.home}"]
    session_id = new("fake", "--runtime", "structured", *words, *(["-p", prompt] if prompt else []))
    if not prompt:
        wait(name, "idle")
    return session_id


def wait(name: str, activity: str) -> None:
    """Wait until the chat has this activity."""
    done = outlive("wait", name, "--activity", activity, "--timeout", "8")
    assert done.code == 0, done.error


def send(name: str, *words: str) -> None:
    """Send a prompt."""
    done = outlive("send", name, *words)
    assert done.code == 0, done.error


def wait_for_text(name: str, pattern: str) -> None:
    """Wait until the transcript matches a pattern."""
    done = outlive("wait", name, "--text", pattern, "--timeout", "8")
    assert done.code == 0, done.error
