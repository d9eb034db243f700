"""Chats with an agent of the Agent Client Protocol."""

from __future__ import annotations

import pytest

from tests.support.acp_chat import AcpChat, text_block


@pytest.fixture
def chat() -> AcpChat:
    """A chat that takes prompts."""
    chat = AcpChat()
    chat.open()
    return chat


@pytest.fixture
def running(chat: AcpChat) -> AcpChat:
    """A chat with a turn that runs."""
    chat.prompt("go")
    chat.update("agent_thought_chunk", content=text_block("hm"))
    return chat
