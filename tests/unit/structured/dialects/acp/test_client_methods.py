"""The Agent Client Protocol: the client's files and terminals, served by the dialect."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.structured.dialects.acp.client_methods import MAX_TERMINALS, OUTPUT_BYTES, SHOWN_BYTES
from session_host.structured.operations import (
    LOST,
    EndTerminal,
    OperationDone,
    ReadText,
    StartTerminal,
    TerminalEnded,
    TerminalOutput,
    WriteText,
)
from session_host.structured.rules import lost_operations
from tests.support.acp_chat import AcpChat

PATH = "/home/user/project/a.txt"


def ask(chat: AcpChat, method: str, number: int = 5, **params: Any) -> list[dict[str, Any]]:
    """Let the agent call a method of the client; returns the sent replies."""
    return chat.hear({"jsonrpc": "2.0", "id": number, "method": method, "params": {"sessionId": "s", **params}})


def make_terminal(chat: AcpChat, command: str = "make", **params: Any) -> str:
    """Let the agent make a terminal; returns its id."""
    assert ask(chat, "terminal/create", command=command, **params) == []
    (reply,) = chat.result(OperationDone(chat.operations[-1].id))
    terminal: str = reply["result"]["terminalId"]
    return terminal


def output(chat: AcpChat, terminal: str) -> dict[str, Any]:
    (reply,) = ask(chat, "terminal/output", terminalId=terminal)
    result: dict[str, Any] = reply["result"]
    return result


def show(chat: AcpChat, terminal: str) -> None:
    """Let the agent show a terminal in its tool call."""
    content = [{"type": "terminal", "terminalId": terminal}]
    fields = {"toolCallId": "t", "title": "Run", "kind": "execute", "status": "in_progress", "content": content}
    chat.update("tool_call", **fields)


def test_files_and_terminals_are_offered_by_default(running: AcpChat) -> None:
    offered = running.sent[0]["params"]["clientCapabilities"]
    assert offered["fs"] == {"readTextFile": True, "writeTextFile": True}
    assert offered["terminal"] is True


def test_a_file_is_read_and_written_by_the_host(running: AcpChat) -> None:
    assert ask(running, "fs/read_text_file", path=PATH, line=3, limit=2) == []
    assert running.operations[-1] == ReadText(1, PATH, 3, 2)
    (reply,) = running.result(OperationDone(1, "three\nfour\n"))
    assert (reply["id"], reply["result"]) == (5, {"content": "three\nfour\n"})
    assert ask(running, "fs/write_text_file", number=6, path=PATH, content="new") == []
    assert running.operations[-1] == WriteText(2, PATH, "new")
    (reply,) = running.result(OperationDone(2))
    assert (reply["id"], reply["result"]) == (6, {})


def test_a_file_that_cannot_be_read_gets_an_error(running: AcpChat) -> None:
    ask(running, "fs/read_text_file", path=PATH)
    (reply,) = running.result(OperationDone(1, error="no such file", missing=True))
    assert reply["error"] == {"code": -32002, "message": f"Resource not found: {PATH}"}
    ask(running, "fs/read_text_file", path="/etc/passwd")
    (reply,) = running.result(OperationDone(2, error="/etc/passwd is outside of the chat's directory"))
    assert (reply["error"]["code"], "outside" in reply["error"]["message"]) == (-32603, True)
    (reply,) = ask(running, "fs/read_text_file", path="a.txt")
    assert reply["error"]["code"] == -32602
    (reply,) = ask(running, "fs/write_text_file", path=PATH, content=7)
    assert reply["error"]["code"] == -32602
    (reply,) = ask(running, "fs/read_text_file", path=PATH, sessionId="another")
    assert reply["error"]["code"] == -32602


def test_a_terminal_in_a_tool_call_shows_its_output_there_also_after_its_release(running: AcpChat) -> None:
    terminal = make_terminal(running, "make", args=["all", "a b"], cwd="/home/user/project/sub", outputByteLimit=1000)
    operation = running.operations[-1]
    assert isinstance(operation, StartTerminal)
    assert (operation.argv, operation.directory) == (("make", "all", "a b"), "/home/user/project/sub")
    show(running, terminal)
    for word in ("one\n", "two\n"):
        running.result(TerminalOutput(terminal, word))
    tool = running.items[-1]
    assert (tool.command, tool.output, tool.status) == ("make all 'a b'", "one\ntwo\n", "running")
    assert output(running, terminal) == {"output": "one\ntwo\n", "truncated": False}
    assert ask(running, "terminal/wait_for_exit", 8, terminalId=terminal) == []
    (reply,) = running.result(TerminalEnded(terminal, 2))
    assert (reply["id"], reply["result"]) == (8, {"exitCode": 2, "signal": None})
    assert output(running, terminal)["exitStatus"] == {"exitCode": 2, "signal": None}
    (reply,) = ask(running, "terminal/release", terminalId=terminal)
    assert reply["result"] == {}
    assert ask(running, "terminal/output", terminalId=terminal)[0]["error"]["code"] == -32002
    running.update("tool_call_update", toolCallId="t", status="failed", content=[])
    assert (running.items[-1].output, running.items[-1].exit_code, running.items[-1].status) == (
        "one\ntwo\n",
        2,
        "failed",
    )
    assert [each for each in running.items if each.kind == "raw"] == []
    assert [each.kind for each in running.items].count("tool") == 1


def test_a_terminal_is_an_item_of_its_own_until_a_tool_call_shows_it(running: AcpChat) -> None:
    terminal = make_terminal(running, "sleep 1; echo done")
    assert running.operations[-1].argv == ("/bin/sh", "-c", "sleep 1; echo done")
    running.result(TerminalOutput(terminal, "a"))
    running.result(TerminalOutput(terminal, "b"))
    item = running.items[-1]
    assert (item.kind, item.command, item.output, item.status) == ("tool", "sleep 1; echo done", "ab", "running")
    show(running, terminal)
    assert [each.output for each in running.items if each.kind == "tool"] == ["ab"]
    other = make_terminal(running, "false")
    running.result(TerminalEnded(other, 1))
    assert (running.items[-1].command, running.items[-1].status, running.items[-1].exit_code) == ("false", "failed", 1)


def test_the_end_of_long_output_is_kept_and_begins_with_a_whole_character(running: AcpChat) -> None:
    terminal = make_terminal(running, outputByteLimit=1001)
    show(running, terminal)
    running.result(TerminalOutput(terminal, "ä" * 1000))
    text = output(running, terminal)
    assert (text["output"], text["truncated"]) == ("ä" * 500, True)
    assert running.items[-1].output == "ä" * 1000
    running.result(TerminalOutput(terminal, "x" * 3 * SHOWN_BYTES))
    assert len(running.items[-1].output) == SHOWN_BYTES + len("…\n")
    running.result(TerminalOutput(terminal, "after", dropped=10_000_000))
    assert running.items[-1].output == "…\nafter"
    assert output(running, terminal) == {"output": "after", "truncated": True}


def test_an_agent_gets_output_up_to_a_limit(running: AcpChat) -> None:
    terminal = make_terminal(running)
    for _ in range(30):
        running.result(TerminalOutput(terminal, "\x1b[32m" + "y" * 100_000))
    text = output(running, terminal)
    assert (len(text["output"]), text["truncated"]) == (OUTPUT_BYTES, True)
    assert set(text["output"]) == {"y"}


def test_a_kill_is_answered_when_the_program_has_ended(running: AcpChat) -> None:
    terminal = make_terminal(running)
    assert ask(running, "terminal/wait_for_exit", 8, terminalId=terminal) == []
    assert ask(running, "terminal/kill", 9, terminalId=terminal) == []
    assert running.operations[-1] == EndTerminal(running.operations[-1].id, terminal)
    replies = running.result(TerminalEnded(terminal, None, "SIGTERM"))
    assert [(each["id"], each["result"]) for each in replies] == [(8, {"exitCode": None, "signal": "SIGTERM"}), (9, {})]
    assert ask(running, "terminal/kill", 10, terminalId=terminal)[0]["result"] == {}
    assert ask(running, "terminal/wait_for_exit", 11, terminalId=terminal)[0]["result"]["signal"] == "SIGTERM"


def test_a_released_terminal_is_ended(running: AcpChat) -> None:
    terminal = make_terminal(running)
    ask(running, "terminal/release", terminalId=terminal)
    assert isinstance(running.operations[-1], EndTerminal)
    assert running.result(TerminalEnded(terminal, None, "SIGTERM")) == []


def test_a_terminal_that_cannot_start_gets_an_error(running: AcpChat) -> None:
    ask(running, "terminal/create", command="make", cwd="/etc")
    (reply,) = running.result(OperationDone(1, error="/etc is outside of the chat's directory"))
    assert "outside" in reply["error"]["message"]
    for params in ({"command": ""}, {"command": "make", "cwd": "sub"}):
        (reply,) = ask(running, "terminal/create", 5, **params)
        assert reply["error"]["code"] == -32602
    for _ in range(MAX_TERMINALS):
        make_terminal(running)
    (reply,) = ask(running, "terminal/create", command="make")
    assert "in use" in reply["error"]["message"]


def test_a_wait_can_be_cancelled(running: AcpChat) -> None:
    terminal = make_terminal(running)
    ask(running, "terminal/wait_for_exit", 8, terminalId=terminal)
    (reply,) = running.hear({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": 8}})
    assert (reply["id"], reply["error"]["code"]) == (8, -32800)
    assert running.result(TerminalEnded(terminal, 0)) == []


@pytest.mark.parametrize("reloads", [False, True])
def test_operations_of_an_earlier_host_are_answered_and_not_repeated(running: AcpChat, reloads: bool) -> None:
    running.reloads = reloads
    terminal = make_terminal(running)
    running.result(TerminalOutput(terminal, "said"))
    ask(running, "terminal/wait_for_exit", 7, terminalId=terminal)
    ask(running, "fs/write_text_file", 8, path=PATH, content="text")
    ask(running, "fs/read_text_file", 9, path=PATH)
    ask(running, "terminal/create", 10, command="make")
    results, operations = lost_operations(running.rules.state)
    assert [type(each) for each in operations] == [ReadText, EndTerminal, EndTerminal]
    replies = {each["id"]: each for result in results for each in running.result(result)}
    assert replies[7]["result"] == {"exitCode": None, "signal": "SIGHUP"}
    assert replies[8]["error"]["message"] == replies[10]["error"]["message"] == LOST
    assert output(running, terminal)["output"] == "said"
    assert "make" in running.items[-1].text
    assert 9 not in replies
    assert lost_operations(running.rules.state) == ([], [operations[0]])
