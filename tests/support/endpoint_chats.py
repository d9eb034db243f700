"""The conversations of chats with a model server, as their files have them."""

from __future__ import annotations

from pathlib import Path

from session_host.endpoint.conversation import Conversation, read
from session_host.paths import state_dir

MODEL = "fake-model"


def conversation_files() -> list[Path]:
    """The files of all conversations."""
    return sorted((state_dir() / "conversations").glob("*.jsonl"))


def conversation() -> Conversation:
    """Read the file of the only conversation."""
    (path,) = conversation_files()
    return Conversation(read(path.read_bytes())[0])
