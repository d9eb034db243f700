"""The endpoint agent of a chat view: our ACP dialect at one end, a fake model server at the other."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from session_host.agents.catalog import load_agent
from session_host.endpoint.acp.agent import _until_signal, serve_pipes
from session_host.endpoint.conversation import AnswerState, Conversation, ConversationFile, ModelAnswer, Question, read
from session_host.endpoint.server.api_keys import KeyFilter
from session_host.paths import config_dir, endpoint_conversation
from session_host.protocol.values import Image
from session_host.structured.dialects.base import Start
from session_host.structured.items import CommandsChanged, SettingsChanged, TitleChanged, TurnOver, UsageChanged
from session_host.structured.lines import AgentLine
from session_host.structured.rules import Step
from tests.fakes.model_script import Script
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.acp_chat import AcpChat
from tests.support.waiting import TIMEOUT_S

RESULTS = {
    "initialize": "InitializeResponse",
    "session/new": "NewSessionResponse",
    "session/load": "LoadSessionResponse",
    "session/resume": "ResumeSessionResponse",
    "session/prompt": "PromptResponse",
    "session/set_config_option": "SetSessionConfigOptionResponse",
}
"""The SDK's classes of results, by the methods."""


class EndpointChat(AcpChat):
    """A chat with an agent at the other end of two pipes."""

    def __init__(self, start: Start, answers: BinaryIO, lines: BinaryIO) -> None:
        self._answers, self._lines = answers, lines
        super().__init__(start)

    def until(self, condition: Callable[[], Any]) -> None:
        """Handle the agent's messages until the condition is true."""
        while not condition():
            readable, _, _ = select.select([self._answers], [], [], TIMEOUT_S)
            assert readable, self.shown()
            line = self._answers.readline()
            assert line, self.shown()
            self._check(line)
            self._take(self.rules.receive_lines([AgentLine(line)], self._later()))

    def ask(self, text: str, **fields: Any) -> list[tuple[str, str, str]]:
        """Prompt, and wait for the end of the turn; returns the items after the prompt."""
        self.until_idle()
        before = len(self.items) + 1
        self.prompt(text, **fields)
        self.until_idle()
        return self.shown()[before:]

    def until_idle(self) -> None:
        """Wait until the agent accepts prompts, and no prompt is pending."""
        rules = self.rules
        self.until(lambda: rules.state.takes_prompts and rules.state.state == "idle" and rules.state.in_flight is None)

    def last(self, kind: type[Any]) -> Any:
        """The last change of a kind."""
        return next(change for change in reversed(self.changes) if isinstance(change, kind))

    @property
    def usage(self) -> UsageChanged:
        change: UsageChanged = self.last(UsageChanged)
        return change

    def _check(self, line: bytes) -> None:
        """Check a message by the SDK's schema."""
        from acp import schema  # A second of imports, which each process of a test run would need at its start.

        message = json.loads(line)
        if message.get("method") == "session/update":
            schema.SessionNotification.model_validate(message["params"])
        elif message.get("method") == "elicitation/create":
            schema.CreateFormSessionElicitationRequest.model_validate(message["params"])
        elif "result" in message:
            [method] = [each["method"] for each in self.sent if each.get("id") == message["id"]]
            getattr(schema, RESULTS[method]).model_validate(message["result"])

    def _take(self, step: Step) -> list[dict[str, Any]]:
        if step.lines:
            self._lines.write(step.lines)
        return super()._take(step)


@contextmanager
def endpoint_chat(
    *arguments: str, start: Start | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[EndpointChat]:
    """A chat with an agent with these arguments. The agent runs in a thread with its own event loop."""
    source, input_end = os.pipe()
    output, target = os.pipe()
    agent_input, agent_output = os.fdopen(source, "rb", buffering=0), os.fdopen(target, "wb", buffering=0)
    work = serve_pipes(arguments, environment or {}, KeyFilter(), agent_input, agent_output)
    thread = threading.Thread(target=asyncio.run, args=(work,))
    with agent_input, agent_output, os.fdopen(output, "rb", buffering=0) as answers:
        try:
            with os.fdopen(input_end, "wb", buffering=0) as lines:
                thread.start()
                yield EndpointChat(start or started(), answers, lines)
        finally:
            thread.join()


def started(directory: str = "/") -> Start:
    """A start with the options of the agent's file."""
    chat_view = load_agent(config_dir(), "endpoint").structured
    assert chat_view is not None
    return Start(directory=directory, version="1.0", options=dict(chat_view.options))


ID = "a-conversation"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A fake model server that takes each request as a turn."""
    with ModelServer(tools_needed=False) as server:
        yield server


@pytest.fixture
def words(server: ModelServer) -> tuple[str, ...]:
    return ("--conversation", ID, "-m", "fake-model", "-u", server.url)


def saved_conversation() -> Conversation:
    """Read the conversation from the disk."""
    return Conversation(read(endpoint_conversation(ID).read_bytes())[0])


def models(chat: EndpointChat) -> list[str]:
    chat.until_idle()
    return [choice.id for choice in chat.last(SettingsChanged).settings[0].choices]


def test_questions_are_answered_tokens_counted_and_both_saved(words: tuple[str, ...]) -> None:
    with endpoint_chat(*words) as chat:
        assert chat.ask("count: 3") == [("agent", "\n".join(map(answer_line, (1, 2, 3))), "done")]
        assert chat.ask("hello") == [("agent", "echo: hello", "done")]
        assert (chat.usage.used, chat.usage.total) == (2, 4)
        assert chat.last(TitleChanged).title == "count: 3"
        assert chat.transcript.status.conversation == ID
    assert [message.text for message in saved_conversation().messages][2:] == ["hello", "echo: hello"]


def test_a_stopped_answer_keeps_the_received_part(server: ModelServer, words: tuple[str, ...]) -> None:
    with endpoint_chat(*words) as chat:
        chat.prompt("count: 9 hold: 2")
        chat.until(lambda: answer_line(2) in str(chat.shown()))
        chat.interrupt()
        chat.until_idle()
        assert chat.shown()[-1] == ("agent", f"{answer_line(1)}\n{answer_line(2)}\n", "interrupted")
        answer = saved_conversation().last
        assert isinstance(answer, ModelAnswer)
        assert (answer.state, answer.text.splitlines()[-1]) == (AnswerState.STOPPED, answer_line(2))
        server.release()
        assert (chat.ask("/continue"))[0][1].startswith("echo: Go on exactly")


def test_a_conversation_continues_in_a_program_that_loads_it(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("milk")
    with endpoint_chat(*words, start=started(str(tmp_path))) as chat:
        chat.ask("what is in @notes.txt", images=(Image("image/png", PNG),))
        chat.ask("cut: 1 count: 3")
        chat.ask("/system be brief")
        chat.ask("fail: 400")
        shown = chat.shown()
    with endpoint_chat(*words, start=Start(directory="/", conversation=ID)) as again:
        again.until(lambda: "settle" in dict(again.timers))
        again.expire("settle")
        loaded = again.shown()
        assert loaded[0] == ("user", "what is in @notes.txt\n+ notes.txt (4 B)", "done")
        assert again.items[1].images == (Image("image/png", PNG),)
        assert [each for each in loaded if each[0] == "agent"] == [
            ("agent", each[1], "done") for each in shown if each[0] == "agent"
        ]
        notes = [text for kind, text, _ in loaded if kind == "notice"]
        assert notes == [
            "Connection lost; /continue to continue, /retry to ask again",
            "This question has no answer; /retry to ask it again",
        ]
        assert again.last(TitleChanged).title == "what is in @notes.txt"
        again.ask("go on")
    with endpoint_chat(*words, start=Start(directory="/", conversation=ID, has_history=True)) as third:
        third.until_idle()
        assert third.shown() == [], "the transcript has it"


def test_the_note_below_a_new_question_names_the_previous_one(words: tuple[str, ...], tmp_path: Path) -> None:
    with endpoint_chat(*words, start=Start(directory=str(tmp_path), version="1.0")) as chat:
        chat.ask("wrong fail: 400")
        notes = [text for kind, text, _ in chat.ask("right") if kind == "notice"]
        assert notes == ["The previous question has no answer and is not sent again"]


def test_images_and_files_reach_the_model(
    server: ModelServer, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("milk")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\x00\xff")
    monkeypatch.setenv("HOME", str(tmp_path))
    with endpoint_chat(*words, start=Start(directory=str(tmp_path), version="1.0")) as chat:
        answer = chat.ask("see @notes.txt and @picture.png", images=(Image("image/png", PNG),))
        assert answer[0][:2] == ("notice", f"Not attached: {tmp_path}/picture.png is not a text file (not UTF-8)")
        text, image = server.requests[-1].body["messages"][-1]["content"]
        assert text["text"] == "File notes.txt:\n```\nmilk\n```\n\nsee @notes.txt and @picture.png"
        assert image == {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
        chat.ask("and again")
        assert server.requests[-1].body["messages"][0]["content"][1] == image
        chat.ask("@~/notes.txt")
        assert server.requests[-1].body["messages"][-1]["content"].startswith("File ~/notes.txt:\n```\nmilk")


def test_slash_commands_are_carried_out(server: ModelServer, words: tuple[str, ...]) -> None:
    with endpoint_chat(*words, environment={"NAME": "sk-1"}) as chat:
        chat.ask("secnd")
        assert {"edit", "system", "regenerate"} <= {command.name for command in chat.last(CommandsChanged).commands}
        assert chat.ask("/edit second\nline") == [("agent", "echo: second\nline", "done")]
        assert chat.ask("/system be brief") == [("notice", "System prompt set", "")]
        assert chat.ask("/set") == [("notice", "No parameters", "")]
        assert chat.ask("/set temperature 0.2") == [("notice", "Parameters: temperature = 0.2", "")]
        chat.ask("/regenerate")
        assert server.requests[-1].body["temperature"] == 0.2
        sent = server.requests[-1].body["messages"]
        assert [message["content"] for message in sent] == ["be brief", "second\nline"]
        assert chat.ask("/model other") == [("notice", "Model: other", "")]
        assert chat.ask("/model") == [("notice", "Model: other; the server has: fake-model", "")]
        assert (chat.ask("/tokens"))[0][1].endswith("the whole chat: 3 tokens in, 3 out")
        assert chat.ask("/key env:NAME") == [("notice", "Key from env:NAME; /retry asks the last question again", "")]
        assert (chat.ask("/nonsense"))[-1][1].startswith("unknown command /nonsense; commands: /regenerate")
        assert chat.shown()[-2][2] == "failed"
        assert (chat.ask("/usr/bin is a path")) == [("agent", "echo: /usr/bin is a path", "done")]
    assert [message.text for message in saved_conversation().messages if isinstance(message, Question)] == [
        "second\nline",
        "/usr/bin is a path",
    ]


def test_an_entered_key_is_used_and_hidden(server: ModelServer, words: tuple[str, ...]) -> None:
    server.key = "sk-right-key-0123456789"
    with endpoint_chat(*words) as chat:
        assert "set another with /key" in chat.ask("hello")[-1][1]
        chat.prompt("/key")
        chat.until(lambda: chat.transcript.open_requests)
        [asked] = chat.request.questions
        assert (asked.text, asked.secret) == ("API key", True)
        chat.answer("", key=f" {server.key} ")
        chat.until_idle()
        assert "the key is used until this chat ends" in chat.shown()[-1][1].lower()
        assert chat.ask("/retry") == [("agent", "echo: hello", "done")]
        assert server.key not in str((chat.changes, chat.shown()))
    assert server.key.encode() not in endpoint_conversation(ID).read_bytes()


def test_the_question_for_a_key_can_be_declined_and_stopped(server: ModelServer, words: tuple[str, ...]) -> None:
    with endpoint_chat(*words) as chat:
        chat.ask("hello")
        for end in (lambda: chat.answer("decline"), chat.interrupt):
            chat.prompt("/key")
            chat.until(lambda: chat.transcript.open_requests)
            end()
            chat.until_idle()
        assert not chat.transcript.open_requests
        assert chat.ask("more") == [("agent", "echo: more", "done")]


def test_a_client_without_forms_is_told_how_to_name_the_key(words: tuple[str, ...], area: object) -> None:
    asked, sent, replies = os.pipe(), os.pipe(), []
    with os.fdopen(asked[0], "rb", buffering=0) as source, os.fdopen(sent[1], "wb", buffering=0) as target:
        work = serve_pipes(words, {}, KeyFilter(), source, target)
        thread = threading.Thread(target=asyncio.run, args=(work,))
        with os.fdopen(asked[1], "wb", buffering=0) as lines, os.fdopen(sent[0], "rb", buffering=0) as answers:
            thread.start()
            prompt = {"sessionId": ID, "prompt": [{"type": "text", "text": "/key"}]}
            for number, (method, params) in enumerate(
                (("initialize", {"protocolVersion": 1}), ("session/new", {}), ("session/prompt", prompt))
            ):
                message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                lines.write(json.dumps(message).encode() + b"\n")
                while (reply := json.loads(answers.readline())).get("id") != number:
                    pass
                replies.append(reply)
        thread.join()
    assert replies[-1]["error"]["message"].startswith("write after /key where the key is: env:NAME")


def test_the_model_is_a_setting(server: ModelServer, words: tuple[str, ...]) -> None:
    server.models = ("fake-model", "other-model")
    with endpoint_chat(*words) as chat:
        chat.until(lambda: len(models(chat)) == 2)
        chat.change("model", "other-model")
        chat.until(lambda: chat.last(SettingsChanged).settings[0].value == "other-model")
        chat.ask("hello")
        assert server.requests[-1].body["model"] == "other-model"
    with endpoint_chat(*words[:2], "-u", server.url, start=Start(directory="/", conversation=ID)) as again:
        again.until(lambda: "settle" in dict(again.timers))
        again.expire("settle")
        again.until(lambda: len(models(again)) == 2)
        assert again.last(SettingsChanged).settings[0].value == "other-model", "the changed setting"


def test_the_only_model_is_chosen_and_several_are_offered(server: ModelServer, area: object) -> None:
    server.models = ("fake-model",)
    with endpoint_chat("-u", server.url) as chat:
        chat.until(chat.shown)
        assert chat.shown() == [("notice", "Using the server's only model: fake-model", "")]
        assert (chat.ask("hello"))[-1][1] == "echo: hello"
    with endpoint_chat("-u", server.url, "--conversation", "asked-at-once") as chat:
        assert [text for kind, text, _ in chat.ask("hello") if kind == "notice"] == [
            "Using the server's only model: fake-model"
        ]
    server.models = ("a", "b")
    with endpoint_chat("-u", server.url) as chat:
        chat.until(chat.shown)
        choose = "Choose a model: /model lists the models, /model NAME selects one"
        assert chat.shown() == [("notice", choose, "")]
        assert "no model selected" in (chat.ask("hello"))[-1][1]


def test_a_busy_server_is_asked_again_until_it_answers(server: ModelServer, words: tuple[str, ...]) -> None:
    with endpoint_chat(*words) as chat:
        server.plan(Script(status=503, retry_after_s=1))
        waits, answer = chat.ask("hello")
        assert waits[0] == "notice"
        assert waits[1].endswith("; asking again in 1 s")
        assert answer == ("agent", "echo: hello", "done")


@pytest.mark.parametrize(
    ("script", "words_of_it"),
    [
        ("fail: 401", "set another with /key"),
        ("fail: 400", "change it with /edit"),
        ("fail: 404", "/model"),
    ],
)
def test_failures_say_what_to_do(words: tuple[str, ...], script: str, words_of_it: str) -> None:
    with endpoint_chat(*words) as chat:
        answer = (chat.ask(script))[-1][1]
        assert words_of_it in answer
        assert "/retry" not in answer, "the view has a button for that"
        assert chat.last(TurnOver).outcome == "failed"
        assert (chat.ask("hello"))[-1] == ("agent", "echo: hello", "done")


def test_a_server_that_is_down_and_a_missing_address_are_reported(words: tuple[str, ...], server: ModelServer) -> None:
    server.close()
    with endpoint_chat(*words) as chat:
        answer = (chat.ask("hello"))[-1][1]
        assert answer == f"connection to {server.url.removeprefix('http://')} refused; start the server"
    with endpoint_chat("--conversation", "another") as chat:
        chat.until(lambda: chat.failure)
        assert chat.failure.startswith("Model server cannot begin a conversation: no server given; use:")
    with endpoint_chat("--nonsense") as chat:
        chat.until(lambda: chat.failure)
        assert chat.failure.startswith("The agent does not start: unrecognized arguments: --nonsense")


def test_a_server_that_is_down_at_the_start_is_reported_without_a_command_to_ask_again(server: ModelServer) -> None:
    server.close()
    with endpoint_chat("-u", server.url) as chat:
        chat.until(chat.shown)
        problem = f"Connection to {server.url.removeprefix('http://')} refused; start the server"
        assert chat.shown() == [("notice", problem, "")]


def test_a_conversation_that_is_open_elsewhere_is_not_opened(words: tuple[str, ...]) -> None:
    with endpoint_chat(*words) as chat:
        chat.ask("hello")
        with endpoint_chat(*words, start=Start(directory="/", conversation=ID)) as other:
            other.until(other.shown)
            assert "this conversation is open in another chat" in other.shown()[0][1]
            before = endpoint_conversation(ID).read_bytes()
        assert endpoint_conversation(ID).read_bytes() == before
    with ConversationFile(endpoint_conversation(ID), ID):
        pass  # It is closed.


def test_thoughts_are_shown_and_not_saved(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    from session_host.endpoint.server import client

    async def answer(*_: object) -> object:
        for event in (client.Thinking("hm"), client.Thinking(), client.Thinking("m"), client.TextPiece("yes")):
            yield event
        yield client.Finished("the answer reached the length limit; /continue to continue")

    monkeypatch.setattr(client.Server, "answer", answer)
    with endpoint_chat(*words) as chat:
        assert chat.ask("why?") == [
            ("thought", "hmm", "done"),
            ("agent", "yes", "done"),
            ("notice", "The answer reached the length limit; /continue to continue", ""),
        ]
    assert [message.text for message in saved_conversation().messages] == ["why?", "yes"]


def test_a_second_signal_does_not_cut_short_what_the_first_one_ended() -> None:
    saved = []

    async def answer() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            for _ in range(9):
                await asyncio.sleep(0)  # The loop handles it.
            saved.append(1)

    asyncio.run(_until_signal(answer()))
    assert saved
