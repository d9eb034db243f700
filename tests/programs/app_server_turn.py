"""Turns of ``fake_app_server``: carries out the words of a prompt, and reports items."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import threading
import time
import zlib
from pathlib import Path
from typing import Any

Json = dict[str, Any]

NUMBERS = re.compile(
    r"\b(overload|silent|late|count|clock|deltas|delay|hold|limit|cut|pictures|each_kb|to_kb):\s*(\d+)"
)
TEXTS = re.compile(r"\b(run|edit|write|ask|answer|fail|refuse):[ \t]*(.+)$", re.MULTILINE)

PICTURE_COLUMNS = 500

USAGE = {
    "totalTokens": 15,
    "inputTokens": 10,
    "cachedInputTokens": 0,
    "cacheWriteInputTokens": 0,
    "outputTokens": 5,
    "reasoningOutputTokens": 0,
}


class Connection:
    """The connection with the client: stdin, stdout and their open requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._log = os.environ.get("FAKE_APP_SERVER_LOG", "")
        self.next_id = 0
        self.replies: dict[int, Json] = {}
        self.arrived = threading.Condition()

    def write(self, data: bytes) -> None:
        with self._lock:
            while data:
                data = data[os.write(1, data) :]

    def send(self, message: Json) -> None:
        self.write(json.dumps(message).encode() + b"\n")

    def notify(self, method: str, **params: Any) -> None:
        self.send({"method": method, "params": params, "emittedAtMs": now_ms()})

    def note(self, line: bytes) -> None:
        if self._log:
            with Path(self._log).open("ab") as log:
                log.write(line)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Turn:
    """One running turn."""

    def __init__(self, turn_id: str, text: str, client_id: str | None) -> None:
        self.id = self.active = turn_id
        self.text = text
        self.client_id = client_id
        self.items: list[Json] = []
        self.steered: list[tuple[str, str | None]] = []
        self.interrupted = self.closed = False
        self.changed = threading.Condition()
        self.numbers = {word: int(number) for word, number in NUMBERS.findall(TEXTS.sub("", text))}
        self.texts = dict(TEXTS.findall(text))

    def has_news(self) -> bool:
        return self.interrupted or bool(self.steered)


class Interrupted(Exception):
    """The turn is interrupted."""


class Broken(Exception):
    """The turn fails: its message, and Codex's word for the error."""


class Player:
    """Plays the turns of one thread.

    Attributes:
        thread: the thread's id and directory.
        release: a file that lets held streams continue once it exists.
    """

    def __init__(self, connection: Connection, thread: Json, release: Path | None) -> None:
        self.connection = connection
        self.thread = thread
        self.release = release

    def notify(self, method: str, **params: Any) -> None:
        self.connection.notify(method, threadId=self.thread["id"], **params)

    def play(self, turn: Turn) -> None:
        if turn.items:  # of a compaction or a review
            for item in turn.items:
                self.item("started", turn, item)
                self.item("completed", turn, item)
            return
        self.user_message(turn, turn.text, turn.client_id)
        for word, info in (("fail", "other"), ("refuse", "usageLimitExceeded")):
            if word in turn.texts:
                raise Broken(turn.texts[word], info)
        if "write" in turn.texts:
            Path(self.thread["cwd"], turn.texts["write"]).touch()
        answer = self.tools(turn)
        numbers = turn.numbers
        for number in range(numbers.get("pictures", 0)):
            self.make_picture(turn, number)
        if answer is None:
            answer = turn.texts.get("answer", f"echo: {turn.text}")
        if "clock" in numbers:
            deltas = [""] * numbers["clock"]
        elif "count" in numbers:
            deltas = [f"answer line {number:04d}\n" for number in range(1, numbers["count"] + 1)]
        else:
            deltas = pieces(answer, numbers.get("deltas", 1))
        self.stream(turn, deltas)
        while True:
            with turn.changed:
                turn.closed = not turn.steered
            if turn.closed:
                break
            text, client_id = turn.steered.pop(0)
            self.user_message(turn, text, client_id)
            self.stream(turn, [f"steered: {text}"])
        usage = {"total": USAGE, "last": USAGE, "modelContextWindow": 258400}
        self.notify("thread/tokenUsage/updated", turnId=turn.id, tokenUsage=usage)
        if "limit" in numbers:
            window = {"usedPercent": numbers["limit"], "windowDurationMins": 300, "resetsAt": int(time.time()) + 9000}
            limits = {"limitId": "codex", "limitName": None, "primary": window, "secondary": None}
            self.connection.notify("account/rateLimits/updated", rateLimits=limits)

    def tools(self, turn: Turn) -> str | None:
        """Run the prompt's tools; return an answer with the last one's result, None without tools."""
        answer = None
        if "run" in turn.texts:
            answer = self.run_command(turn, turn.texts["run"])
        if "edit" in turn.texts:
            answer = self.edit_file(turn, turn.texts["edit"])
        if "ask" in turn.texts:
            text, *options = (each.strip() for each in turn.texts["ask"].split("/"))
            choices = [{"label": each, "description": ""} for each in options]
            question = {"id": "q1", "header": "Question", "question": text, "isOther": True, "isSecret": False}
            reply = self.ask(
                turn,
                "item/tool/requestUserInput",
                questions=[question | {"options": choices}],
                isBlocking=True,
                autoResolutionMs=None,
            )
            answers = reply.get("result", {}).get("answers", {}).get("q1", {}).get("answers", [])
            answer = f"the user says: {', '.join(answers)}"
        return answer

    def run_command(self, turn: Turn, command: str) -> str:
        whole = f"/bin/bash -lc '{command}'"
        actions = [{"type": "unknown", "command": command}]
        item = {
            "type": "commandExecution",
            "id": f"call_{fresh_id()}",
            "command": whole,
            "cwd": self.thread["cwd"],
            "processId": None,
            "source": "agent",
            "status": "inProgress",
            "commandActions": actions,
            "aggregatedOutput": None,
            "exitCode": None,
            "durationMs": None,
        }
        self.notify("thread/status/changed", status={"type": "active", "activeFlags": ["waitingOnApproval"]})
        self.item("started", turn, item)
        # Codex proposes a rule about the shell for a script that it cannot divide into words.
        rule = ["/bin/bash", "-lc", command] if set(command) & set(";&|<>") else command.split()
        amendment = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": rule}}
        reply = self.ask(
            turn,
            "item/commandExecution/requestApproval",
            kind="command",
            itemId=item["id"],
            reason="fake: may I?",
            environmentId="local",
            command=whole,
            cwd=self.thread["cwd"],
            commandActions=actions,
            proposedExecpolicyAmendment=rule,
            availableDecisions=["accept", amendment, "cancel"],
        )
        decided = reply.get("result", {}).get("decision")
        decision = next(iter(decided)) if isinstance(decided, dict) else decided
        self.notify("thread/status/changed", status={"type": "active", "activeFlags": []})
        if decision in {"decline", "cancel", None}:
            self.item("completed", turn, item | {"status": "declined"})
            if decision == "cancel":
                raise Interrupted
            return "the command was declined"
        output = f"ran {command}\n"
        ids = {"turnId": turn.id, "itemId": item["id"]}
        self.notify("item/commandExecution/outputDelta", **ids, delta=output)
        done = {"status": "completed", "aggregatedOutput": output, "exitCode": 0, "durationMs": 1}
        self.item("completed", turn, item | done)
        return f"the decision was {decision}"

    def make_picture(self, turn: Turn, number: int) -> None:
        data = picture(number, picture_length(turn.numbers, number))
        item = {"type": "imageGeneration", "id": f"ig_{fresh_id()}", "status": "completed", "revisedPrompt": None}
        self.item("started", turn, item | {"result": "", "status": "in_progress"})
        self.notify("item/completed", turnId=turn.id, item=item | {"result": base64.b64encode(data).decode()})

    def edit_file(self, turn: Turn, path: str) -> str:
        change = {
            "path": str(Path(self.thread["cwd"], path)),
            "kind": {"type": "update", "move_path": None},
            "diff": "@@ -1 +1 @@\n-old\n+new\n",
        }
        item = {"type": "fileChange", "id": f"call_{fresh_id()}", "changes": [change], "status": "inProgress"}
        self.item("started", turn, item)
        reply = self.ask(turn, "item/fileChange/requestApproval", itemId=item["id"], reason=None, grantRoot=None)
        decision = reply.get("result", {}).get("decision")
        accepted = decision in {"accept", "acceptForSession"}
        self.item("completed", turn, item | {"status": "completed" if accepted else "declined"})
        if decision == "cancel":
            raise Interrupted
        return f"the decision was {decision}"

    def ask(self, turn: Turn, method: str, **params: Any) -> Json:
        """Send a request and wait for its reply, or for the turn's interruption."""
        connection = self.connection
        number, connection.next_id = connection.next_id, connection.next_id + 1
        ids = {"threadId": self.thread["id"], "turnId": turn.id, "itemId": "", "startedAtMs": now_ms()}
        connection.send({"method": method, "id": number, "params": ids | params})
        with connection.arrived:
            connection.arrived.wait_for(lambda: number in connection.replies or turn.interrupted)
        self.notify("serverRequest/resolved", requestId=number)
        if number not in connection.replies:
            raise Interrupted
        return connection.replies[number]

    def stream(self, turn: Turn, deltas: list[str]) -> None:
        """Stream a message; a steering text cuts it, and then it gets no completion."""
        item = {"type": "agentMessage", "id": f"msg_{fresh_id()}", "text": "", "phase": None}
        self.item("started", turn, item)
        numbers = turn.numbers
        text = ""
        for number in range(len(deltas) + 1):
            if number == numbers.get("cut"):
                os._exit(1)
            if number == numbers.get("hold"):
                self.hold(turn)
            if number < len(deltas):
                with turn.changed:
                    turn.changed.wait_for(turn.has_news, numbers.get("delay", 0) / 1000)
            if turn.interrupted:
                raise Interrupted
            if turn.steered:
                return
            if number < len(deltas):
                ids = {"turnId": turn.id, "itemId": item["id"]}
                delta = deltas[number] or f"{time.monotonic_ns()} "
                text += delta
                self.notify("item/agentMessage/delta", **ids, delta=delta)
        self.item("completed", turn, item | {"text": text})

    def hold(self, turn: Turn) -> None:
        while not turn.has_news() and not (self.release and self.release.exists()):
            with turn.changed:
                turn.changed.wait_for(turn.has_news, 0.01)

    def user_message(self, turn: Turn, text: str, client_id: str | None) -> None:
        content = [{"type": "text", "text": text, "text_elements": []}]
        item = {"type": "userMessage", "id": fresh_id(), "clientId": client_id, "content": content}
        self.item("started", turn, item)
        self.item("completed", turn, item)

    def item(self, event: str, turn: Turn, item: Json) -> None:
        item = item | {"startedAtMs": now_ms(), "completedAtMs": now_ms() if event == "completed" else None}
        if event == "completed" and all(each is not item for each in turn.items):
            turn.items = [each for each in turn.items if each["id"] != item["id"]] + [item]
        self.notify(f"item/{event}", item=item, turnId=turn.id)


def described(turn: Turn, status: str) -> Json:
    """A turn without its items."""
    return {
        "id": turn.id,
        "items": [],
        "itemsView": "notLoaded",
        "status": status,
        "error": None,
        "startedAt": now_ms() // 1000,
        "completedAt": None,
        "durationMs": None,
    }


def picture_length(numbers: dict[str, int], number: int) -> int:
    """The length of a picture of a turn: the lengths grow evenly, if the prompt has a last one."""
    first, count = numbers.get("each_kb", 1), numbers["pictures"]
    last = numbers.get("to_kb", first)
    return (first + (last - first) * number // max(count - 1, 1)) * 1024


def picture(number: int, length: int) -> bytes:
    """A PNG file of about this length: noise, which is another one for each number."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    rows = max(1, length // (3 * PICTURE_COLUMNS))
    noise = random.Random(number)
    pixels = b"".join(b"\0" + noise.randbytes(3 * PICTURE_COLUMNS) for _ in range(rows))
    head = PICTURE_COLUMNS.to_bytes(4, "big") + rows.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels, 0)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def pieces(text: str, count: int) -> list[str]:
    """Divide a text into at most ``count`` pieces."""
    length = max(1, -(-len(text) // count))
    return [text[start : start + length] for start in range(0, len(text), length)]


def fresh_id() -> str:
    """An id that is unique across processes."""
    return f"{time.time_ns():x}-{os.getpid():x}-{os.urandom(4).hex()}"
