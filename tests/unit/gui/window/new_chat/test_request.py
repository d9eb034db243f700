"""The request for a new chat, and its arguments."""

from __future__ import annotations

from gui.window.new_chat.request import endpoint_arguments, without_endpoint_arguments


def test_model_and_server_in_arguments() -> None:
    arguments = endpoint_arguments("-odd", "http://x")
    assert arguments == ["--model=-odd", "--url=http://x"]
    assert without_endpoint_arguments(["--api=chat", *arguments, "--model"]) == (
        ["--api=chat", "--model"], "-odd", "http://x",
    )  # fmt: skip
