"""``outlive attach`` on a chat with a model server: commands, files, a turn that failed, the key."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.paths import state_dir
from tests.fakes.model_server import ModelServer
from tests.support.commands import OnTerminal, new
from tests.support.endpoint_chats import MODEL, conversation_files

pytestmark = pytest.mark.usefixtures("sessions")

KEY = "sk-right-key-0123456789"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A fake server that treats each request as a turn."""
    with ModelServer(tools_needed=False) as server:
        yield server


def start(server: ModelServer, directory: Path) -> None:
    new("endpoint", "-n", "x", "-C", str(directory), "-m", MODEL, "-u", server.url)


def files_with(text: str) -> list[str]:
    """The names of all files of chats that contain a text."""
    left = [path for path in state_dir().rglob("*") if path.is_file() and path.suffix != ".new"]
    assert conversation_files()[0] in left
    return [path.name for path in left if text.encode() in path.read_bytes()]


def test_commands_and_files_are_completed(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("milk")
    start(server, tmp_path)
    with OnTerminal("attach", "x") as terminal:
        terminal.see("Enter sends")
        terminal.type("/tok")
        terminal.see("/tokens: show the token counts · Tab completes")
        terminal.type("\t")
        terminal.see("> /tokens")
        terminal.type("\r")
        terminal.see("— The server reports no token counts")
        terminal.type("read @no\t")
        terminal.see("> read @notes.txt")
        terminal.type("it\r")
        terminal.see("echo: File notes.txt:")
    assert server.requests[-1].body["messages"][-1]["content"] == (
        "File notes.txt:\n```\nmilk\n```\n\nread @notes.txt it"
    )


def test_a_failed_turn_is_tried_again_and_its_answer_copied(server: ModelServer, tmp_path: Path) -> None:
    start(server, tmp_path)
    with OnTerminal("attach", "x") as terminal:
        terminal.see("Enter sends")
        terminal.type("\x02y")
        terminal.see("no answer yet")
        terminal.type("fail: 400 times: 1\r")
        terminal.see("change it with /edit")
        terminal.see("Ctrl+B r tries again")
        terminal.type("\x02r")
        terminal.see("echo: fail: 400 times: 1")
        terminal.see("Enter sends")
        terminal.type("\x02r")
        terminal.see("the last turn did not fail")
        terminal.type("\x02y")
        terminal.see("copied the last answer")
        assert b"\x1b]52;c;" + b64encode(b"echo: fail: 400 times: 1") in terminal.raw
    assert server.prompts() == ["fail: 400 times: 1"] * 2


def test_an_entered_key_is_shown_and_kept_nowhere(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = KEY
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key-0123456789")
    start(server, tmp_path)
    with OnTerminal("attach", "x") as terminal:
        terminal.see("Enter sends")
        terminal.type("hello\r")
        terminal.see("rejected the key (401")
        terminal.type("/key\r")
        terminal.see("Type answer, then Enter")
        terminal.type(KEY)
        terminal.see("? " + "•" * len(KEY))
        terminal.type("\r")
        terminal.see("The key is used until this chat ends")
        terminal.type("/retry\r")
        terminal.see("echo: hello")
        assert KEY.encode() not in terminal.raw
    with OnTerminal("attach", "x", env={"TERM": "dumb"}) as terminal:
        terminal.see("Ctrl+D detaches]")
        terminal.type("/key\n")
        terminal.see("Type answer, then Enter")
        terminal.type(f"{KEY}\n")
        terminal.see("→ ••••••")
        terminal.type("more\n")
        terminal.see("echo: more")
        assert KEY.encode() not in terminal.raw
        assert b"more\r\n" in terminal.raw, "what is no secret is shown"
    assert files_with(KEY) == files_with("sk-wrong") == []
