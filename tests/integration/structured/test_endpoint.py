"""The chat view of a chat with a model server: a real host, the real program, and a fake server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.resume import resume
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.endpoint.conversation import (
    AnswerBegan,
    AnswerEnded,
    AnswerState,
    Attachment,
    ConversationFile,
    Piece,
    Question,
    Record,
    Rewound,
    Settings,
    SettingsChanged,
)
from session_host.errors import UsageError
from session_host.paths import config_dir, endpoint_conversation, ensure_private, state_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import AnswerRequest, Describe, Description, Interrupt, Prompt
from session_host.protocol.values import State
from session_host.structured.items import digest
from tests.fakes.model_server import ModelServer, answer_line
from tests.fakes.secret_service import SecretService
from tests.support.buses import bus_daemon
from tests.support.commands import new
from tests.support.endpoint_chats import MODEL, conversation, conversation_files
from tests.support.hosts import end
from tests.support.journals import make_record
from tests.support.structured_chats import ChatViewer, viewing
from tests.support.waiting import eventually, wait_for_end

ID, AT = "11111111-2222-4333-8444-555555555555", "2026-01-02T03:04:05.000Z"

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A fake server that treats each request as a turn."""
    with ModelServer(tools_needed=False) as server:
        yield server


async def start(server: ModelServer, directory: Path) -> ChatFacts:
    return await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())["endpoint"],
            arguments=["-m", MODEL, "-u", server.url],
            prompt="hello",
            directory=str(directory),
            environment=os.environ,
        )
    )


async def kill(session_id: str, *, host: bool) -> None:
    """Kill the chat's host or its program."""
    description: Description = await request(session_id, Describe(0))
    pid = description.facts.program.host_pid if host else description.facts.program.child_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid, 10)


def dialogue(chat: ChatViewer) -> list[str]:
    return [item.text for item in chat.items if item.kind in {"user", "agent"}]


async def test_an_answer_outlives_its_host_and_a_conversation_its_program(server: ModelServer, tmp_path: Path) -> None:
    record = await start(server, tmp_path)
    lines = [f"{answer_line(number)}\n" for number in range(1, 9)]
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        chat.viewer.send(Prompt("count: 8 hold: 4"))
        await chat.until_said(answer_line(4))
        await kill(record.id, host=True)
        server.release()
        await chat.until_idle(2)
        whole = ["hello", "echo: hello", "count: 8 hold: 4", "".join(lines).strip()]
        assert dialogue(chat) == whole
        chat.viewer.send(Prompt("count: 9 hold: 2"))
        await chat.watcher.until(lambda: chat.texts()[-1] == "".join(lines[:2]), "two lines")
        chat.viewer.send(Interrupt())
        await chat.watcher.until(lambda: chat.state == "idle", "the turn to be stopped")
        chat.viewer.send(Prompt("hold: 3 count: 9"))
        await chat.watcher.until(lambda: chat.texts()[-1] == "".join(lines[:3]), "three lines")
        # A killed program loses at most the last second of its answer.
        await eventually(lambda: conversation().messages[-1].text == "".join(lines[:3]), 20, "the lines to be saved")
        await kill(record.id, host=False)
        await chat.watcher.until(lambda: chat.state == "ended", "the end")
        whole += ["count: 9 hold: 2", "".join(lines[:2]), "hold: 3 count: 9", "".join(lines[:3])]
        assert dialogue(chat) == whole
    again = await resume(record.id)
    async with viewing(again.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the chat to go on")
        assert dialogue(chat) == whole
        assert chat.texts("notice")[-1] == "The answer was interrupted; /continue to continue, /retry to ask again"
        server.release()
        chat.viewer.send(Prompt("more"))
        await chat.until_said("echo: more")
        await chat.watcher.until(lambda: chat.state == "idle", "the answer to be complete")
        sent = [message["content"] for message in server.requests[-1].body["messages"]]
        assert sent == [*whole, "more"]
    await end(again.id)
    assert len(conversation_files()) == 1


async def test_a_chat_of_the_terminal_resumes_as_a_chat_view_with_its_whole_history(
    server: ModelServer, tmp_path: Path
) -> None:
    """Earlier versions ran in a terminal, and could get a question among their arguments."""
    settings = Settings(url=server.url, model=MODEL, parameters={"temperature": 0.2})
    note = "connection lost; /continue to continue, /retry to ask again"
    records: list[Record] = [
        SettingsChanged(AT, settings),
        Question(AT, "see the file", (Attachment("notes.txt", "milk"),)),
        AnswerBegan(AT, MODEL),
        Piece("milk"),
        AnswerEnded(AT, AnswerState.COMPLETE, 1, 1),
        Question(AT, "wrnog"),
        AnswerBegan(AT, MODEL),
        Piece("what?"),
        AnswerEnded(AT, AnswerState.COMPLETE),
        Rewound(AT, 2),
        Question(AT, "right"),
        AnswerBegan(AT, MODEL),
        Piece("stop"),
        Piece("ped"),
        AnswerEnded(AT, AnswerState.STOPPED),
        Question(AT, "lost"),
        AnswerBegan(AT, MODEL),
        Piece("half"),
        AnswerEnded(AT, AnswerState.CUT, note=note),
        Question(AT, "killed"),
        AnswerBegan(AT, MODEL),
        Piece("beginning"),
    ]
    path = endpoint_conversation(ID)
    ensure_private(state_dir())
    ensure_private(path.parent)
    with ConversationFile(path, ID) as file:
        for record in records:
            file.append(record)
    arguments = [f"--model={MODEL}", f"--url={server.url}", "see the file", "--ask", "more"]
    argv = ["python", "-P", "-m", "session_host.endpoint", "--conversation", ID, *arguments]
    old = make_record(
        agent="endpoint",
        argv=argv,
        arguments=arguments,
        cwd=str(tmp_path),
        state=State.EXITED,
        exit_code=0,
        provider_session_id=ID,
        ended_at=AT,
    )
    assert old.origin.runtime == "terminal"
    with open_store() as store:
        store.insert(old)
    again = await resume(old.id)
    assert again.origin.runtime == "structured"
    async with viewing(again.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the chat to go on")
        questions = ["see the file\n+ notes.txt (4 B)", "right", "lost", "killed"]
        answers = ["milk", "stopped", "half", "beginning"]
        assert dialogue(chat) == [text for pair in zip(questions, answers, strict=True) for text in pair]
        assert chat.texts("notice") == [
            "Stopped",
            "Connection lost; /continue to continue, /retry to ask again",
            "The answer was interrupted; /continue to continue, /retry to ask again",
        ]
        chat.viewer.send(Prompt("/continue"))
        await chat.watcher.until(lambda: "echo: Go on exactly" in chat.texts()[-1], "the rest of the answer")
        await chat.watcher.until(lambda: chat.state == "idle", "the end of the turn")
        body = server.requests[-1].body
        assert body["temperature"] == 0.2
        sent = [message["content"] for message in body["messages"]]
        assert sent[0].startswith("File notes.txt:\n```\nmilk\n```")
        assert sent[1:-1] == ["milk", "right", "stopped", "lost", "half", "killed", "beginning"]
        items = dialogue(chat)
    await end(again.id)
    third = await resume(again.id)
    async with viewing(third.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the chat to go on")
        assert dialogue(chat) == items, "each once"
    await end(third.id)
    with pytest.raises(UsageError, match="runs in no terminal"):
        await resume(third.id, runtime="terminal")


async def test_an_entered_key_is_saved_in_the_desktops_secret_store(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = "sk-right-key-0123456789"
    words = ("-C", str(tmp_path), "-m", MODEL, "-u", server.url)
    with bus_daemon(tmp_path) as bus, SecretService(bus.address) as store:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        session_id = new("endpoint", *words)
        async with viewing(session_id) as chat:
            chat.viewer.send(Prompt("/key"))
            asked = await chat.until_asked()
            chat.viewer.send(AnswerRequest(asked.id, "", digest(asked), {"key": server.key}))
            await chat.watcher.until(lambda: bool(chat.texts("notice")), "the notice")
            saved = f"Key saved in the secret store for {server.url}; /retry asks the last question again"
            assert chat.texts("notice") == [saved]
            assert list(store.items.values()) == [server.key]
        await end(session_id)
        again = new("endpoint", *words, "--key", "secret", "-p", "hello")
        async with viewing(again) as chat:
            await chat.until_said("echo: hello")
        await end(again)


async def test_a_question_among_the_arguments_is_refused_with_its_remedy(server: ModelServer, tmp_path: Path) -> None:
    session_id = new("endpoint", "-C", str(tmp_path), "-m", MODEL, "-u", server.url, "--", "what now?")
    async with viewing(session_id) as chat:
        await chat.watcher.until(lambda: bool(chat.texts("notice")), "the notice")
        assert chat.texts("notice") == ["The question among the arguments is not asked; use: outlive new -p QUESTION"]
        chat.viewer.send(Prompt("this one"))
        await chat.until_said("echo: this one")
    await end(session_id)
