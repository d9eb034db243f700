"""The request for a new chat, and its arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.window.new_chat.request import endpoint_arguments, suggested_name, without_endpoint_arguments


def test_model_and_server_in_arguments() -> None:
    arguments = endpoint_arguments("-odd", "http://x")
    assert arguments == ["--model=-odd", "--url=http://x"]
    assert without_endpoint_arguments(["--api=chat", *arguments, "--model"]) == (
        ["--api=chat", "--model"], "-odd", "http://x",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("directory", "agent", "name"),
    [
        ("/x/api", "claude", "api"),
        ("~", "claude", "claude"),
        ("~", "endpoint", "chat"),
        ("/", "", "chat"),
        ("/x/a\nb", "claude", "a b"),
    ],
)
def test_a_chat_is_named_after_its_directory_or_its_agent(directory: str, agent: str, name: str) -> None:
    assert suggested_name(str(Path(directory).expanduser()), agent) == name
