"""Failures in the chat with a model server: one line with advice, and received text is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.endpoint.conversation import Answer, AnswerState
from session_host.paths import state_dir
from session_host.protocol.values import Activity
from tests.fakes.model_script import Script
from tests.fakes.model_server import ModelServer, answer_line
from tests.fakes.secret_service import SecretService
from tests.support.buses import bus_daemon
from tests.support.endpoint_chats import chatting, conversation, conversation_files

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A fake server that treats each request as a turn."""
    with ModelServer(tools_needed=False) as server:
        yield server


async def test_a_server_that_is_down_is_tried_again(server: ModelServer) -> None:
    with ModelServer() as gone:
        url = gone.url
    async with chatting(url) as chat:
        await chat.enter("hello")
        await chat.see(f"✗ connection to {url.removeprefix('http://')} refused; start the server, then /retry")
        await chat.wait_for_activity(Activity.NEEDS_INPUT)
        assert (await chat.describe()).activity_detail.startswith("connection to ")
        await chat.enter("/retry")
        await chat.see("✗ connection to", 2)
    assert [each.text for each in conversation().messages] == ["hello"]


async def test_a_wrong_key_is_replaced_by_a_hidden_entry(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.key = "sk-right-key-0123456789"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key-0123456789")
    async with chatting(server) as chat:
        await chat.enter("hello")
        await chat.see("rejected the key (401: Incorrect API key provided); set another with /key, then /retry")
        await chat.enter("/key")
        await chat.see("key ›")
        chat.viewer.text(server.key)
        await chat.see("key › ***")
        chat.viewer.key("Enter")
        await chat.see("the key is used until this chat ends")
        await chat.enter("/retry")
        await chat.see("echo: hello")
        chat.viewer.key("ArrowUp")
        await chat.see("› /retry")
        argv = (await chat.describe()).argv
    # The host may still be saving the last screen: its temporary file (.new) does not count.
    left = [path for path in state_dir().rglob("*") if path.is_file() and path.suffix != ".new"]
    assert conversation_files()[0] in left
    for key in ("sk-right", "sk-wrong"):
        assert not any(key in word for word in argv)
        assert [path.name for path in left if key.encode() in path.read_bytes()] == []


async def test_an_entered_key_is_saved_in_the_desktops_secret_store(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = "sk-right-key-0123456789"
    with bus_daemon(tmp_path) as bus, SecretService(bus.address) as store:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        async with chatting(server) as chat:
            await chat.enter("/key")
            await chat.see("key ›")
            chat.viewer.paste(server.key)
            await chat.see("key › ***")
            chat.viewer.key("Enter")
            await chat.see(f"key saved in the secret store for {server.url}")
            assert list(store.items.values()) == [server.key]
        async with chatting(server, "--key", "secret") as chat:
            await chat.enter("hello")
            await chat.see("echo: hello")


async def test_the_last_answer_is_copied(server: ModelServer) -> None:
    async with chatting(server) as chat:
        await chat.enter("hello")
        await chat.see("echo: hello")
        await chat.wait_for_activity(Activity.IDLE)
        await chat.enter("/copy")
        await chat.see("last answer copied")
        await chat.watcher.until(
            lambda: any("echo: hello" in repr(event) for event in chat.watcher.events), "the clipboard's text"
        )


async def test_the_key_is_read_from_the_configured_source(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_KEY", "sk-right-key-0123456789")
    server.key = "sk-right-key-0123456789"
    async with chatting(server, "--key", "env:OWN_KEY") as chat:
        await chat.enter("hello")
        await chat.see("echo: hello")
        assert server.requests[-1].key == server.key
    async with chatting(server, "--key", "env:NOT_SET") as chat:
        await chat.see("✗ the variable NOT_SET is not set")
        await chat.enter("hello")
        await chat.see("✗ the variable NOT_SET is not set", 2)


async def test_a_busy_server_is_asked_again_after_its_delay_unless_that_is_stopped(server: ModelServer) -> None:
    busy = [Script(status=429, retry_after_s=seconds) for seconds in (600, 2)]
    server.plan(*busy, Script(status=503, retry_after_s=0))
    async with chatting(server) as chat:
        await chat.enter("hello")
        await chat.see("retrying in 600 s")
        chat.viewer.key("Escape")
        await chat.wait_until_gone("retrying in")
        await chat.wait_for_activity(Activity.IDLE)
        await chat.enter("/retry")
        await chat.see("retrying in 2 s · Esc stops")
        assert (await chat.describe()).activity is Activity.WORKING
        await chat.see("retrying in 1 s · Esc stops")
        await chat.see("echo: hello")
        assert len(server.requests) == 4


async def test_an_interrupted_answer_is_kept_and_can_be_asked_again(server: ModelServer) -> None:
    async with chatting(server) as chat:
        await chat.enter("count: 9 cut: 5 times: 1")
        await chat.see("✗ connection lost; /continue to continue, /retry to ask again")
        await chat.see(answer_line(5))
        answer = conversation().last
        assert isinstance(answer, Answer)
        assert (answer.state, answer.text.count("\n")) == (AnswerState.CUT, 5)
        await chat.wait_for_activity(Activity.NEEDS_INPUT)
        await chat.enter("/retry")
        await chat.see(answer_line(9))
        await chat.wait_for_activity(Activity.IDLE)
        assert server.prompts() == ["count: 9 cut: 5 times: 1"] * 2
