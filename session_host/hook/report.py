"""``python -I -S report.py [--ask | --done] [EVENT] [JSON]``: reports an agent's event to the host of its session.

An agent's hook runs this program with a JSON object on standard input, or as the last argument: the event, its
conversation, and the question. The program sends that as a ``Report``, a message of ``session_host.protocol.messages``,
to the session's socket (``OUTLIVE_SOCKET``), with the value that shows that it belongs to the session
(``OUTLIVE_REPORT_ID``). It does not wait for an answer: without a host, the message waits in the
socket for the next one. In any case it prints nothing, exits with 0, and takes at most a third of a second.

With ``--ask`` the event is a question, and the agent's own dialog is open meanwhile. After the report the program sends
the question as an ``AskUser``, and waits for the ``UserAnswer``, which it prints; an empty one leaves the answer to the
dialog. If the host dies, the program asks the next one.

With ``--done`` the event is the end of tool calls or of a sub-agent, which closes their questions.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time

PROTOCOL_VERSION = 1
"""That of ``session_host.protocol.messages``, which is not imported: a hook starts with each event of an agent."""

TIMEOUT_S = 1.0
"""How long an agent that waits for its hooks is delayed at most."""

MAX_WAIT_S = 23.5 * 3600
"""How long a question waits for its answer: less than the agent lets the hook run."""

ASKING_TIMEOUT_S = 30.0
"""How long a question waits for the agent's input, and for a host that takes it."""

RETRIES_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0)
"""Delays before asking the next host."""

MAX_INPUT_BYTES = 4 * 1024 * 1024
MAX_QUESTION_BYTES = 1024 * 1024
MAX_CHARACTERS = 400

_ASKED = ("command", "cmd", "file_path", "path", "filePath", "url", "query", "pattern", "prompt", "description")
"""Fields of a tool's input that describe it, the most precise first."""


_QUESTIONS = {"ExitPlanMode": "approve the plan", "exit_plan_mode": "approve the plan"}
"""Tools that ask the user something, in the user's words: Claude Code's name, and Qwen Code's."""


def main(arguments: list[str]) -> None:
    """Report the event in time, and ignore all errors."""
    asks, is_done = arguments[:1] == ["--ask"], arguments[:1] == ["--done"]
    timeout_s = ASKING_TIMEOUT_S if asks else TIMEOUT_S
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    # Again and again: Python handles an alarm that comes just before a system call only after that call.
    signal.setitimer(signal.ITIMER_REAL, MAX_WAIT_S if asks else TIMEOUT_S, TIMEOUT_S)
    path = os.environ.get("OUTLIVE_SOCKET", "")
    if not path:
        return
    event, given = "", b""
    for argument in arguments[asks or is_done :]:
        if argument.lstrip()[:1] == "{":
            given = argument.encode("utf-8", "replace")
        else:
            event = event or argument
    given = given or _input(time.monotonic() + timeout_s / 2)
    value = _parsed(given)
    event = event or _text(value.get("hook_event_name")) or _text(value.get("type"))
    if not event:
        return
    if kind := _text(value.get("notification_type")):
        event = f"{event} {kind}"
    names = ("session_id", "sessionId", "thread-id")
    conversation = next((text for name in names if (text := _text(value.get(name)))), "")
    own = os.environ.get("OUTLIVE_REPORT_ID", "")
    report = frame(["Report", "hook", event, conversation, asked(value), done(value) if is_done else "", own])
    if not asks or len(given) > MAX_QUESTION_BYTES:
        _connect(path, report, timeout_s).close()
        return
    question = os.urandom(4).hex()
    for tries, wait_s in enumerate(RETRIES_S):
        time.sleep(wait_s)
        asking = frame(["AskUser", 1, question, given.decode(), tries > 0, own, asked(value)])
        with _connect(path, report + asking, timeout_s) as connection:
            output = _answer(connection)
        if output is not None:
            os.write(1, output)
            return
        report = b""  # The next host knows it.


def _connect(path: str, frames: bytes, timeout_s: float) -> socket.socket:
    """Send frames to the session's host over a new connection."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s / 2)
    connection.connect(path)
    connection.sendall(frame(["Hello", PROTOCOL_VERSION, "control", "", ""]) + frames)
    return connection


def _answer(connection: socket.socket) -> bytes | None:
    """Wait for the output of the ``UserAnswer``.

    Returns:
        b"" also if the agent does not read the output any more; None if the host has gone.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    poll.register(1, 0)  # POLLERR and POLLHUP are always reported.
    data = b""
    while True:
        if any(descriptor == 1 for descriptor, _ in poll.poll()):
            return b""
        try:
            part = connection.recv(65536)
        except OSError:
            part = b""
        if not part:
            return None
        data += part
        while len(data) >= 4 and len(data) >= (end := 4 + int.from_bytes(data[:4], "big")):
            payload, data = data[4:end], data[end:]
            if payload.startswith(_ANSWER):
                # The output follows a marker and its length of one, two or four bytes.
                return payload[len(_ANSWER) + 1 + (1, 2, 4)[payload[len(_ANSWER)] - 0xC4] :]


_ANSWER = b"\x93\xaaUserAnswer\x01"
"""The beginning of the reply to request 1, up to its output: msgpack's array of three, the name and the number."""


def _input(deadline_s: float) -> bytes:
    """Read standard input, up to a limit and until the deadline."""
    data = b""
    while len(data) < MAX_INPUT_BYTES and not os.isatty(0):
        wait_s = deadline_s - time.monotonic()
        if wait_s <= 0 or not select.select([0], [], [], wait_s)[0]:
            break
        part = os.read(0, 1024 * 1024)
        if not part:
            break
        data += part
    return data


def _parsed(data: bytes) -> dict[str, object]:
    """Parse a JSON object; {} for anything else."""
    if not data:
        return {}
    import json

    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def asked(value: dict[str, object]) -> str:
    """The question or subject of a hook's object in one line: ``Bash: npm test``."""
    tool = _text(value.get("tool_name") or value.get("toolName"))
    about = value.get("tool_input") or value.get("toolArgs")
    text = ""
    if isinstance(about, dict):
        questions = about.get("questions")
        if isinstance(questions, list) and questions and isinstance(questions[0], dict):
            return _text(questions[0].get("question"))
        text = next((text for name in _ASKED if (text := _text(about.get(name)))), "")
    if tool in _QUESTIONS:
        return _QUESTIONS[tool]
    if tool:
        return f"{tool}: {text}"[:MAX_CHARACTERS] if text else tool
    text = _error(value) or next((text for name in ("message", "reason") if (text := _text(value.get(name)))), "")
    server = _text(value.get("mcp_server_name"))
    return f"{server}: {text}"[:MAX_CHARACTERS] if server else text


def _error(value: dict[str, object]) -> str:
    """The error that stopped a turn: the agent's own words, a message (perhaps the server's JSON), or its kind."""
    error = value.get("error")
    if isinstance(error, dict):
        message = error.get("message")
        server = _parsed(message.encode("utf-8", "replace")) if isinstance(message, str) else {}
        return _text(server.get("message")) or _text(message)
    return (_text(value.get("last_assistant_message")) or _text(error)) if error else ""


def done(value: dict[str, object]) -> str:
    """What has ended, as JSON: the calls of a hook's object without their output, or its whole agent."""
    import json

    given = value.get("tool_calls")
    calls = given if isinstance(given, list) else [value] if "tool_name" in value else []
    names = ("tool_name", "tool_input")
    ended = [{name: call.get(name) for name in names} for call in calls if isinstance(call, dict)]
    return json.dumps({"agent_id": value.get("agent_id"), "calls": ended})


def _text(value: object) -> str:
    """A text in one line, cut to the limit; "" for a value that is no text."""
    return " ".join(value.split())[:MAX_CHARACTERS] if isinstance(value, str) else ""


def frame(message: list[str | int]) -> bytes:
    """Encode a message as ``session_host.protocol.codec`` does: a length of four bytes, then msgpack."""
    payload = b"".join([bytes([0x90 | len(message)]), *(_packed(value) for value in message)])
    return len(payload).to_bytes(4, "big") + payload


def _packed(value: str | int) -> bytes:
    """Encode a truth value, a small number or a text as msgpack."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value])
    data = value.encode("utf-8", "replace")
    if len(data) < 32:
        return bytes([0xA0 | len(data)]) + data
    if len(data) < 256:
        return bytes([0xD9, len(data)]) + data
    if len(data) < 65536:
        return b"\xda" + len(data).to_bytes(2, "big") + data
    return b"\xdb" + len(data).to_bytes(4, "big") + data


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BaseException:  # noqa: BLE001, S110 - the agent must not notice any error
        pass
    # Exit without output, too.
    os._exit(0)
