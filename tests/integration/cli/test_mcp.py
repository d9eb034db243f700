"""``outlive mcp``: an agent's tools do what the commands do, and no more; the official SDK is the peer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from session_host.cli.mcp import TOOLS
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment, new, outlive
from tests.support.repositories import Checkout
from tests.support.structured_chats import add_keeping_agent, new_chat, start_chat, viewing, wait
from tests.support.waiting import TIMEOUT_S, eventually, wait_until

pytestmark = pytest.mark.usefixtures("sessions")


class Client:
    """Speaks to the server line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._number = 0

    def write(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{message if isinstance(message, str) else json.dumps(message)}\n")
        self._process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def begin(self, method: str, params: object) -> int:
        self._number += 1
        self.write({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    def ask(self, method: str, params: object = None) -> dict[str, Any]:
        number = self.begin(method, params or {})
        answer = self.read()
        assert answer["id"] == number
        return answer

    def call(self, tool: str, **arguments: object) -> tuple[str, bool]:
        """Call a tool; returns its text, and whether it is an error."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
        return result["content"][0]["text"], result["isError"]


@pytest.fixture
def client(area: Area) -> Iterator[Client]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*OUTLIVE, "mcp"], stdin=pipe, stdout=pipe, text=True, env=environment(), cwd=area.home
    ) as process:
        yield Client(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(TIMEOUT_S) == 0


def test_a_chat_is_asked_waited_for_answered_read_and_stopped(client: Client, area: Area) -> None:
    assert client.ask("initialize", {"protocolVersion": "2024-11-05"})["result"]["protocolVersion"] == "2024-11-05"
    client.write({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert {each["name"] for each in client.ask("tools/list")["result"]["tools"]} == set(TOOLS)
    new_chat(area, "helper")

    assert client.call("send", chat="helper", text="answer: **yes**") == ("**yes**\n", False)
    question, is_error = client.call("send", chat="helper", text="run: touch made")
    assert is_error
    assert "touch made" in question
    assert "(exit code 9)" in question
    assert client.call("answer_question", chat="helper", answer="decline")[1] is False
    assert "declined" in client.call("wait", chat="helper")[0]
    assert "declined" in client.call("read", chat="helper")[0]
    assert "run: touch made" in client.call("read", chat="helper", what="screen")[0]
    text, is_error = client.call("send", chat="helper", text="deltas: 4\nhold: 2", timeout_s=0.5)
    assert (is_error, "(exit code 5)" in text) == (True, True)
    assert client.call("stop", chat="helper")[1] is False
    assert client.call("list_chats")[0] == "[]\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


def test_the_answer_to_the_prompt_of_a_new_chat_is_waited_for(agents: Path, project: Path, client: Client) -> None:
    """It said at once that the chat has not answered yet."""
    started = client.call("start_chat", agent="claude", chat="one", prompt="hello there", directory=str(project))
    assert started[1] is False, started
    assert client.call("wait", chat="one") == ("you said: hello there\n", False)


async def test_what_a_chat_has_changed_is_read(client: Client, checkout: Checkout) -> None:
    checkout.write(".git/info/exclude", "*.jsonl\n*.json\n*.log\n")  # What the agent records.
    add_keeping_agent()
    record = await start_chat(checkout.path, agent="keeping", name="api", prompt="answer: first")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
    await eventually(lambda: len(outlive("restore", "api", "--json").json()) == 1, TIMEOUT_S, "the restore point")
    checkout.write("file", "changed by the chat\n")
    text, is_error = client.call("read", chat="api", what="changes")
    assert (is_error, "+changed by the chat" in text) == (False, True)


def test_a_chat_is_started_in_a_directory(client: Client, area: Area, tmp_path: Path) -> None:
    (area.config / "agents").mkdir(parents=True, exist_ok=True)
    text = 'title = "T"\nexecutable = "sh"\nstart = ["sh", "-c", "pwd; exec cat"]\nmonogram = "T"\n'
    (area.config / "agents" / "there.toml").write_text(text, encoding="utf-8")
    text, is_error = client.call("start_chat", agent="there", chat="one", directory=str(tmp_path))
    assert not is_error, text
    assert json.loads(text)["name"] == "one"
    wait_until(lambda: tmp_path.name in outlive("peek", "one").output, TIMEOUT_S, "its directory")


def test_outside_of_an_agents_chat_nobody_is_reported_to(client: Client) -> None:
    text, is_error = client.call("start_chat", agent="claude", chat="one", report_back=True)
    assert is_error
    assert "in no agent's chat" in text
    assert "(exit code 2)" in text


def test_a_cancelled_call_ends_and_others_go_on(client: Client, area: Area) -> None:
    new_chat(area, "helper")
    number = client.begin("tools/call", {"name": "send", "arguments": {"chat": "helper", "text": "hold: 1\ndeltas: 2"}})
    wait("helper", "working")
    assert client.call("read", chat="helper", what="screen")[1] is False
    client.write({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})
    assert client.ask("ping")["result"] == {}
    assert outlive("ls").output.count("helper") == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nonsense", -32700),
        ("[]", -32600),
        ('{"jsonrpc":"2.0","id":1,"method":"nothing"}', -32601),
        ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing"}}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stop","arguments":{"chat":""}}}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stop","arguments":{"other":1}}}', -32602),
        ("[" * 100_000, -32600),
    ],
)
def test_what_is_no_request_gets_an_error_and_the_next_one_its_answer(client: Client, line: str, code: int) -> None:
    client.write(line)
    assert client.read()["error"]["code"] == code
    client.write('{"jsonrpc":"2.0","id":7,"result":{}}')
    assert client.ask("ping")["result"] == {}


def test_a_text_that_looks_like_an_option_is_sent(client: Client, area: Area) -> None:
    """It printed the command's help, as the answer."""
    new_chat(area, "helper")
    assert client.call("send", chat="helper", text="--help") == ("echo: --help\n", False)
    assert client.call("read", chat="helper") == ("echo: --help\n", False)


def test_a_chats_name_is_no_option_and_what_is_given_is_not_blank(client: Client) -> None:
    """An empty ``request`` answered the only open question."""
    new("-n", "one", "--", "cat")
    refused: tuple[tuple[str, dict[str, str]], ...] = (
        *(("send", {"chat": "one", "text": blank}) for blank in ("", "\n")),
        ("send", {"chat": "one", "text": "x", "at": ""}),
        *(("answer_question", {"chat": "one", "answer": "allow", "request": blank}) for blank in ("", " ")),
        *(("start_chat", {"agent": "shell", "chat": "x", key: ""}) for key in ("prompt", "directory")),
        ("stop", {"chat": "-h"}),
        ("start_chat", {"agent": "-d", "chat": "x"}),
        ("start_chat", {"agent": "shell", "chat": "-x"}),
    )
    for tool, arguments in refused:
        answer = client.ask("tools/call", {"name": tool, "arguments": arguments})
        assert answer["error"]["code"] == -32602


def test_without_pipes_it_says_who_starts_it(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("")
    with (tmp_path / "input").open() as file:
        done = subprocess.run(
            [*OUTLIVE, "mcp"], stdin=file, capture_output=True, text=True, env=environment(), check=False
        )
    assert (done.returncode, "an agent starts" in done.stderr) == (2, True)


@asynccontextmanager
async def official(area: Area) -> AsyncIterator[Any]:
    """A session of the official SDK's client."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    command, *words = OUTLIVE
    server = StdioServerParameters(command=command, args=[*words, "mcp"], env=environment(), cwd=str(area.home))
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session


async def test_the_official_client_uses_it(area: Area) -> None:
    new_chat(area, "helper")
    async with official(area) as session:
        tools = await session.list_tools()
        assert {tool.name for tool in tools.tools} == set(TOOLS)
        result = await session.call_tool("send", {"chat": "helper", "text": "answer: hello"})
        assert result.content[0].text == "hello\n"
