"""Program: an agent that speaks the app-server protocol of Codex 0.169: JSON lines on stdin and stdout.

The words of a prompt script its turn, in this order; without any, the answer is "echo: " and the prompt:

- ``overload: N``: the first N requests with this prompt are refused because of overload.
- ``silent: 1``: the request never gets a reply.
- ``late: 1``: the turn begins, and the request gets its reply, when a file "begin" is in the directory of the threads.
- ``run: COMMAND``, ``edit: PATH``: asks for permission; the item's status and the answer depend on the decision.
- ``write: PATH``: makes the file without asking, so that a test can wait for it.
- ``ask: QUESTION / A / B``: asks the user.
- ``answer: TEXT``, ``count: N``: the answer, or N numbered lines as one delta each.
- ``clock: N``: the answer in N deltas, each the time before it is written: CLOCK_MONOTONIC in nanoseconds.
- ``deltas: N``, ``delay: MS``: the answer in N deltas, with a wait before each.
- ``hold: K``: after K deltas, the stream waits until it is steered or interrupted, or until a file "release" is in the
  directory of the threads.
- ``fail: TEXT``: the turn fails with this error; ``refuse: TEXT``: with this one, since a limit is reached.
- ``pictures: N``, ``each_kb: KB``, ``to_kb: KB``: makes N pictures of this length, or from one to the other, before the
  answer.
- ``limit: PERCENT``: this much of the 5-hour limit is used.
- ``cut: K``: after K deltas, the program exits.

A TEXT extends to the end of its line. Threads are stored as files in the directory that FAKE_APP_SERVER_THREADS names,
if it is set. Each received line is appended to the file that FAKE_APP_SERVER_LOG names.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # The program runs without site packages, by its path.

from tests.programs.app_server_turn import Broken, Connection, Interrupted, Json, Player, Turn, described, fresh_id

INVALID_REQUEST = -32600
OVERLOADED = -32001


class Refused(Exception):
    """A request that gets an error."""

    def __init__(self, message: str, code: int = INVALID_REQUEST) -> None:
        super().__init__(message)
        self.code = code


class Server:
    """The app-server, with one thread."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        directory = os.environ.get("FAKE_APP_SERVER_THREADS", "")
        self.directory = Path(directory) if directory else None
        self.thread: Json = {}
        self.turns: list[Json] = []
        self.turn: Turn | None = None
        self.asked: Counter[str] = Counter()
        self.settings: Json = {
            "model": "fake-model",
            "effort": None,
            "approvalPolicy": "on-request",
            "collaborationMode": {"mode": "default", "settings": {"model": "fake-model"}},
            "sandbox": sandbox("workspace-write"),
        }

    # ------------------------------------------------------------ lines

    def serve(self) -> None:
        for line in sys.stdin.buffer:
            self.connection.note(line)
            message = json.loads(line)
            if "method" in message:
                self.handle(message)
            else:
                with self.connection.arrived:
                    self.connection.replies[message["id"]] = message
                    self.connection.arrived.notify_all()

    def handle(self, message: Json) -> None:
        name = message["method"].replace("/", "_")
        handler = getattr(self, f"do_{name}", no_such_method)
        if "id" not in message:
            return
        try:
            previous = self.turn
            result = handler(message["params"])
            begun = self.turn if self.turn is not previous else None
        except Refused as refused:
            self.connection.send({"error": {"code": refused.code, "message": str(refused)}, "id": message["id"]})
            return
        if result is not None:
            self.connection.send({"id": message["id"], "result": result})
        if begun is not None:
            threading.Thread(target=self.run, args=(begun,), daemon=True).start()

    # ------------------------------------------------------------ requests

    def do_initialize(self, params: Json) -> Json:
        return {
            "userAgent": f"{params['clientInfo']['name']}/0.169.0",
            "codexHome": "/home/user/.codex",
            "platformFamily": "unix",
            "platformOs": "linux",
        }

    def do_thread_start(self, params: Json) -> Json:
        self.thread = {
            "id": fresh_id(),
            "cwd": params.get("cwd") or str(Path.cwd()),
            "name": None,
            "model": "fake-model",
        }
        self.turns = []
        self.settings |= {key: params[key] for key in ("model", "approvalPolicy") if params.get(key)}
        if params.get("sandbox"):
            self.settings["sandbox"] = sandbox(params["sandbox"])
        return self.opened([])

    def do_thread_resume(self, params: Json) -> Json:
        if params["threadId"] != self.thread.get("id"):
            self.load(params["threadId"])
        return self.opened([] if params.get("excludeTurns") else self.turns)

    def do_thread_fork(self, params: Json) -> Json:
        self.load(params["threadId"])
        self.thread |= {"id": fresh_id(), "forkedFromId": params["threadId"]}
        if last := params.get("lastTurnId"):
            self.turns = self.turns[: [turn["id"] for turn in self.turns].index(last) + 1]
        self.save()
        return self.opened([] if params.get("excludeTurns") else self.turns)

    def opened(self, turns: list[Json]) -> Json:
        self.connection.notify("configWarning", summary="This is no real Codex.", details=None)
        thread = {**self.thread, "status": {"type": "idle"}, "parentThreadId": None, "turns": turns, "preview": ""}
        settings = self.settings
        return {
            "thread": thread,
            "model": settings["model"],
            "modelProvider": "fake",
            "cwd": thread["cwd"],
            "approvalPolicy": settings["approvalPolicy"],
            "approvalsReviewer": "user",
            "sandbox": settings["sandbox"],
            "reasoningEffort": settings["effort"],
            "initialTurnsPage": None,
            "collaborationMode": settings["collaborationMode"],
        }

    def do_thread_turns_list(self, params: Json) -> Json:
        start = int(params.get("cursor") or 0)
        end = start + (params.get("limit") or 2)
        more = str(end) if end < len(self.turns) else None
        return {"data": self.turns[start:end], "nextCursor": more, "backwardsCursor": None}

    def do_account_read(self, params: Json) -> Json:
        return {"account": None, "userId": None, "requiresOpenaiAuth": False}

    def do_model_list(self, params: Json) -> Json:
        efforts = [{"reasoningEffort": each, "description": f"{each} effort"} for each in ("low", "high")]
        models = [
            {
                "id": name,
                "model": name,
                "displayName": name.title(),
                "description": f"About {name}",
                "hidden": False,
                "supportedReasoningEfforts": efforts,
                "defaultReasoningEffort": "low",
                "isDefault": name == "fake-model",
            }
            for name in ("fake-model", "other-model")
        ]
        return {"data": models, "nextCursor": None}

    def do_thread_settings_update(self, params: Json) -> Json:
        for name in ("model", "effort", "approvalPolicy", "collaborationMode"):
            if name in params:
                self.settings[name] = params[name]
        if "sandboxPolicy" in params:
            self.settings["sandbox"] = params["sandboxPolicy"]
        settings = self.settings
        self.notify(
            "thread/settings/updated",
            threadSettings={
                "cwd": self.thread["cwd"],
                "approvalPolicy": settings["approvalPolicy"],
                "model": settings["model"],
                "sandboxPolicy": settings["sandbox"],
                "effort": settings["effort"],
                "modelProvider": "fake",
                "collaborationMode": settings["collaborationMode"],
            },
        )
        return {}

    def do_thread_name_set(self, params: Json) -> Json:
        self.thread["name"] = params["name"]
        self.save()
        self.notify("thread/name/updated", threadName=params["name"])
        return {}

    def do_turn_start(self, params: Json) -> Json | None:
        text = "".join(each.get("text", "") for each in params["input"])
        turn = Turn(fresh_id(), text, params.get("clientUserMessageId"))
        if self.turn is not None:  # As in the real one, the prompt becomes a part of the running turn.
            steered = self.do_turn_steer(params | {"expectedTurnId": self.turn.id})
            return {"turn": {"id": steered["turnId"], "items": [], "status": "inProgress"}}
        self.asked[text] += 1
        if self.asked[text] <= turn.numbers.get("overload", 0):
            raise Refused("Server overloaded; retry later.", OVERLOADED)
        if "silent" in turn.numbers:
            return None
        while "late" in turn.numbers and self.directory and not (self.directory / "begin").exists():
            time.sleep(0.01)
        self.turn = turn
        return {"turn": described(turn, "inProgress")}

    def do_thread_compact_start(self, params: Json) -> Json:
        self.turn = Turn(fresh_id(), "", None)
        self.turn.items.append({"type": "contextCompaction", "id": fresh_id()})
        return {}

    def do_review_start(self, params: Json) -> Json:
        self.turn = turn = Turn(fresh_id(), "", None)
        turn.active = fresh_id()
        review = params["target"].get("instructions") or "current changes"
        turn.items.append({"type": "enteredReviewMode", "id": fresh_id(), "review": review})
        turn.items.append({"type": "exitedReviewMode", "id": fresh_id(), "review": "nothing is wrong"})
        return {"turn": described(turn, "inProgress"), "reviewThreadId": self.thread["id"]}

    def do_turn_steer(self, params: Json) -> Json:
        turn = self.turn
        if turn is None:
            raise Refused("no active turn to steer")
        if turn.active != turn.id:
            raise Refused("cannot steer a review turn")
        if turn.id != params["expectedTurnId"]:
            raise Refused(f"expected active turn id `{params['expectedTurnId']}` but found `{turn.id}`")
        with turn.changed:
            if turn.closed:
                raise Refused("no active turn to steer")
            text = "".join(each.get("text", "") for each in params["input"])
            turn.steered.append((text, params.get("clientUserMessageId")))
            turn.changed.notify_all()
        return {"turnId": turn.id}

    def do_turn_interrupt(self, params: Json) -> Json:
        turn = self.turn
        if turn is None:
            raise Refused("no active turn to interrupt")
        if turn.active != params["turnId"]:
            raise Refused(f"expected active turn id {params['turnId']} but found {turn.active}")
        with turn.changed:
            turn.interrupted = True
            turn.changed.notify_all()
        with self.connection.arrived:
            self.connection.arrived.notify_all()
        return {}

    # ------------------------------------------------------------ a turn

    def run(self, turn: Turn) -> None:
        self.notify("thread/status/changed", status={"type": "active", "activeFlags": []})
        # As in the real one, a review runs its own turn, and is interrupted by that turn's id.
        self.notify("turn/started", turn=described(turn, "inProgress") | {"id": turn.active, "rootTurnId": turn.id})
        status, error = "completed", None
        try:
            self.player().play(turn)
        except Interrupted:
            status = "interrupted"
        except Broken as broken:
            status, error = "failed", dict(zip(("message", "codexErrorInfo"), broken.args, strict=True))
        self.turns.append(described(turn, status) | {"items": turn.items, "itemsView": "full"})
        self.turn = None
        self.save()
        self.notify("thread/status/changed", status={"type": "idle"})
        summary = [each for each in turn.items if each["type"] == "agentMessage"][-1:]
        self.notify("turn/completed", turn=described(turn, status) | {"items": summary, "error": error})

    def player(self) -> Player:
        return Player(self.connection, self.thread, self.directory / "release" if self.directory else None)

    def notify(self, method: str, **params: Any) -> None:
        self.connection.notify(method, threadId=self.thread["id"], **params)

    # ------------------------------------------------------------ threads

    def save(self) -> None:
        if self.directory is not None:
            self.directory.mkdir(parents=True, exist_ok=True)
            path = self.directory / f"{self.thread['id']}.json"
            new = path.with_suffix(".new")
            new.write_text(json.dumps([self.thread, self.turns, self.settings]))
            new.replace(path)

    def load(self, thread_id: str) -> None:
        path = self.directory / f"{thread_id}.json" if self.directory else None
        if path is None or not path.exists():
            raise Refused(f"no rollout found for thread id {thread_id}")
        self.thread, self.turns, self.settings = json.loads(path.read_text())


def no_such_method(params: Json) -> Json:
    """The handler of an unknown method."""
    raise Refused(f"Invalid request: unknown variant, {len(params)} parameters")


def sandbox(mode: str) -> Json:
    """The policy of a sandbox mode."""
    if mode == "workspace-write":
        return {
            "type": "workspaceWrite",
            "writableRoots": [],
            "networkAccess": False,
            "excludeTmpdirEnvVar": False,
            "excludeSlashTmp": False,
        }
    return {"type": "readOnly", "networkAccess": False} if mode == "read-only" else {"type": "dangerFullAccess"}


if __name__ == "__main__":
    Server(Connection()).serve()
