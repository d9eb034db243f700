"""Program: an agent that speaks the stream-json protocol of Claude Code 2.1: JSON lines on stdin and stdout.

``fake_claude_stream.py [--session-id ID | --resume ID]``; other options are ignored. The words of a prompt script its
turn, in this order; without any, the answer is "echo: " and the prompt:

- ``refuse: STATE``: the prompt is not accepted: "cancelled", "discarded" or "refused".
- ``control: SUBTYPE``: a control request that no client knows; the answer is its error.
- ``form: MESSAGE``: an MCP server asks for a branch and a kind; the answer is the client's.
- ``think: TEXT``: a thought.
- ``run: COMMAND``: asks for permission; the result and the answer depend on the decision.
- ``withdraw: COMMAND``: asks for permission, and withdraws the question.
- ``recall: 1``: the answer has all prompts. ``count: N``: N numbered lines as one delta each.
- ``deltas: N``, ``delay: MS``: the answer in N deltas, with a wait before each.
- ``cut: K``: after K deltas, the program exits.

A TEXT extends to the end of its line. A message that arrives while a turn runs is handled after the next result of a
tool, or begins the next turn. Prompts are stored in the directory that FAKE_CLAUDE_CONVERSATIONS names, if it is set.
Each received line is appended to the file that FAKE_CLAUDE_LOG names.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

Json = dict[str, Any]

NUMBERS = re.compile(r"\b(recall|count|deltas|delay|cut):\s*(\d+)")
FORM = {
    "type": "object",
    "required": ["branch"],
    "properties": {
        "branch": {"type": "string", "title": "Branch"},
        "kind": {"type": "string", "enum": ["major", "minor"]},
        "sign": {"type": "boolean"},
    },
}
TEXTS = re.compile(r"\b(refuse|control|form|schema|think|run|withdraw):[ \t]*(.+)$", re.MULTILINE)
MODEL = {
    "value": "default",
    "resolvedModel": "fake-model",
    "displayName": "Fake",
    "description": "Fast",
    "supportedEffortLevels": ["low", "high"],
}
OTHER_MODEL = {"value": "other", "resolvedModel": "other-model", "displayName": "Other", "description": "Slow"}


class Interrupted(Exception):
    """The turn is interrupted."""


class Agent:
    """The agent: one thread reads stdin, the main one plays turns."""

    def __init__(self, conversation: str, resumed: bool) -> None:
        self.conversation = conversation
        self.mode, self.model = "default", "fake-model"
        self.messages = 0
        self.prompts: list[Json] = []
        self.replies: dict[str, Json] = {}
        self.interrupted = self.at_end = False
        self.changed = threading.Condition()
        self._lock = threading.Lock()
        directory = os.environ.get("FAKE_CLAUDE_CONVERSATIONS", "")
        self.file = Path(directory, f"{conversation}.jsonl") if directory else None
        self.history: list[str] = []
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            if resumed and not self.file.exists():
                words = f"No conversation found with session ID: {conversation}"
                sys.stderr.write(f"{words}\n")
                self.send(type="result", subtype="error_during_execution", is_error=True, num_turns=0, errors=[words])
                sys.exit(1)
            if resumed:
                self.history = [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]
            elif self.file.exists():
                sys.exit(f"Error: Session ID {conversation} is already in use.")

    # ------------------------------------------------------------ lines

    def write(self, data: bytes) -> None:
        with self._lock:
            while data:
                data = data[os.write(1, data) :]

    def send(self, **fields: Any) -> None:
        message = {**fields, "session_id": self.conversation, "uuid": str(uuid.uuid4())}
        self.write(json.dumps(message).encode() + b"\n")

    def system(self, subtype: str, **fields: Any) -> None:
        self.send(type="system", subtype=subtype, **fields)

    def event(self, kind: str, **fields: Any) -> None:
        self.send(type="stream_event", event={"type": kind, **fields}, parent_tool_use_id=None)

    def listen(self) -> None:
        """Read stdin until its end."""
        log = os.environ.get("FAKE_CLAUDE_LOG", "")
        for line in sys.stdin.buffer:
            if log:
                with Path(log).open("ab") as file:
                    file.write(line)
            message = json.loads(line)
            with self.changed:
                match message["type"]:
                    case "control_request":
                        self.control(message["request_id"], message["request"])
                    case "control_response":
                        response = message["response"]
                        self.replies[response["request_id"]] = response
                        self.send(type="control_response", response=response)
                    case "user":
                        self.prompts.append(message)
                        self.lifecycle(message, "queued")
                self.changed.notify_all()
        with self.changed:
            self.at_end = True
            self.changed.notify_all()

    def lifecycle(self, message: Json, state: str) -> None:
        if "uuid" in message:
            self.send(type="command_lifecycle", command_uuid=message["uuid"], state=state)

    def control(self, request_id: str, request: Json) -> None:
        reply: Json = {}
        match request["subtype"]:
            case "initialize":
                commands = [{"name": "compact", "description": "Summarise", "argumentHint": "[what]"}]
                reply = {"commands": commands, "models": [MODEL, OTHER_MODEL], "current_permission_mode": self.mode}
            case "get_settings":
                reply = {"applied": {"model": self.model, "effort": "low"}}
            case "set_permission_mode" if request["mode"] == "bypassPermissions":
                error = {"subtype": "error", "request_id": request_id, "error": "Cannot set permission mode"}
                self.send(type="control_response", response=error)
                return
            case "set_permission_mode":
                self.mode = reply["mode"] = request["mode"]
            case "set_model":
                self.model = reply["model"] = "other-model" if request["model"] == "other" else "fake-model"
            case "interrupt":
                self.interrupted = True
        self.send(type="control_response", response={"subtype": "success", "request_id": request_id, "response": reply})

    # ------------------------------------------------------------ turns

    def serve(self) -> None:
        """Play turns until stdin ends."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.prompts or self.at_end)
                if not self.prompts:
                    return
                message = self.prompts.pop(0)
                self.interrupted = False
            Turn(self, message).play()


class Turn:
    """One turn."""

    def __init__(self, agent: Agent, message: Json) -> None:
        self.agent = agent
        self.message = message
        content = message["message"]["content"]
        self.text = "\n".join(each["text"] for each in content if each["type"] == "text")
        self.images = sum(each["type"] == "image" for each in content)
        self.numbers = {word: int(number) for word, number in NUMBERS.findall(TEXTS.sub("", self.text))}
        self.texts: dict[str, str] = dict(TEXTS.findall(self.text))

    def play(self) -> None:
        agent = self.agent
        if "refuse" in self.texts:
            agent.lifecycle(self.message, self.texts["refuse"])
            return
        agent.lifecycle(self.message, "started")
        agent.system("init", model=agent.model, permissionMode=agent.mode, cwd=str(Path.cwd()), tools=["Bash"])
        agent.send(**{**self.message, "isReplay": True})
        self.remember()
        subtype, reason = "success", "completed"
        try:
            self.run()
        except Interrupted:
            subtype, reason = "error_during_execution", "aborted_streaming"
            agent.send(type="user", message={"role": "user", "content": "[Request interrupted by user]"})
        usage = {agent.model: {"inputTokens": 10, "outputTokens": 5, "contextWindow": 200_000}}
        agent.send(
            type="result",
            subtype=subtype,
            is_error=subtype != "success",
            result=None,
            num_turns=1,
            terminal_reason=reason,
            total_cost_usd=0.25,
            modelUsage=usage,
            usage={},
        )
        agent.lifecycle(self.message, "completed")

    def remember(self) -> None:
        self.agent.history.append(self.text)
        if self.agent.file is not None:
            with self.agent.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self.text) + "\n")

    def run(self) -> None:
        """Carry out the prompt."""
        texts, numbers = self.texts, self.numbers
        answer = "echo: " + self.text + " with an image" * self.images
        if "control" in texts:
            answer = f"the client said: {self.asked({'subtype': texts['control']}).get('error')}"
        if "form" in texts:
            asked = {"subtype": "elicitation", "mcp_server_name": "asker", "mode": "form", "message": texts["form"]}
            schema = json.loads(texts["schema"]) if "schema" in texts else FORM
            answer = f"the client said: {json.dumps(self.asked({**asked, 'requested_schema': schema})['response'])}"
        if "think" in texts:
            self.block("thinking", [texts["think"]])
        if "run" in texts:
            answer = self.tool({"command": texts["run"], "description": "Run it"}, f"ran {texts['run']}")
        if "withdraw" in texts:
            answer = self.tool({"command": texts["withdraw"]}, "", withdrawn=True)
        if "recall" in numbers:
            answer = " | ".join(self.agent.history)
        if "count" in numbers:
            deltas = [f"answer line {number:04d}\n" for number in range(1, numbers["count"] + 1)]
        else:
            size = -(-len(answer) // numbers.get("deltas", 1))
            deltas = [answer[start : start + size] for start in range(0, len(answer), size)]
        self.block("text", deltas)

    def block(self, kind: str, deltas: list[str]) -> None:
        """Stream a message of one block, and then send it as a whole."""
        agent = self.agent
        agent.messages += 1
        message_id = f"msg_{agent.messages}"
        agent.event("message_start", message={"id": message_id, "usage": {"input_tokens": 10, "output_tokens": 1}})
        agent.event("content_block_start", index=0, content_block={"type": kind, kind: ""})
        sent: list[str] = []
        try:
            for number, delta in enumerate(deltas):
                self.before_delta(number)
                agent.event("content_block_delta", index=0, delta={"type": f"{kind}_delta", kind: delta})
                sent.append(delta)
            self.before_delta(len(deltas))
        finally:
            content = [{"type": kind, kind: "".join(sent)}]
            agent.send(type="assistant", message={"id": message_id, "content": content}, parent_tool_use_id=None)
            agent.event("content_block_stop", index=0)
        agent.event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5})
        agent.event("message_stop")

    def before_delta(self, number: int) -> None:
        """Exit or wait, if the prompt demands it before this delta."""
        agent, numbers = self.agent, self.numbers
        if numbers.get("cut") == number:
            os._exit(9)
        wait_until = time.monotonic() + numbers.get("delay", 0) / 1000
        while time.monotonic() < wait_until:
            if agent.interrupted:
                raise Interrupted
            time.sleep(0.002)
        if agent.interrupted:
            raise Interrupted

    def asked(self, request: Json, *, withdrawn: bool = False) -> Json:
        """Send a control request and wait for its response."""
        agent = self.agent
        request_id = str(uuid.uuid4())
        agent.send(type="control_request", request_id=request_id, request=request)
        if withdrawn:
            agent.send(type="control_cancel_request", request_id=request_id)
            return {"response": {"behavior": "deny", "message": "withdrawn"}}
        with agent.changed:
            agent.changed.wait_for(lambda: request_id in agent.replies or agent.interrupted)
            if agent.interrupted:
                agent.send(type="control_cancel_request", request_id=request_id)
                raise Interrupted
            return agent.replies.pop(request_id)

    def tool(self, values: Json, output: str, *, withdrawn: bool = False) -> str:
        """Ask for permission to run a command; returns an answer with the result."""
        agent = self.agent
        agent.messages += 1
        call = f"toolu_{agent.messages}"
        message = {
            "id": f"msg_{agent.messages}",
            "content": [{"type": "tool_use", "id": call, "name": "Bash", "input": values}],
        }
        agent.send(type="assistant", message=message, parent_tool_use_id=None)
        rules = [{"toolName": "Bash", "ruleContent": values["command"]}]
        suggestions = [
            {"type": "addRules", "rules": rules, "behavior": "allow", "destination": "session"},
            {"type": "setMode", "mode": "acceptEdits", "destination": "session"},
        ]
        request = {
            "subtype": "can_use_tool",
            "tool_name": "Bash",
            "input": values,
            "tool_use_id": call,
            "permission_suggestions": suggestions,
        }
        decision = self.asked(request, withdrawn=withdrawn).get("response", {})
        allowed = decision.get("behavior") == "allow"
        output = output if allowed else decision["message"]
        result = {"type": "tool_result", "tool_use_id": call, "content": output, "is_error": not allowed}
        agent.send(type="user", message={"role": "user", "content": [result]}, parent_tool_use_id=None)
        if decision.get("interrupt"):
            raise Interrupted
        steered = ""
        with agent.changed:
            for prompt in agent.prompts:
                agent.lifecycle(prompt, "started")
                steered += f"; steered: {prompt['message']['content'][0]['text']}"
            agent.prompts.clear()
        return f"the tool said: {output}{' for good' * ('updatedPermissions' in decision)}{steered}"


def main() -> None:
    """Serve until stdin ends."""
    arguments = dict(zip(sys.argv[1:], [*sys.argv[2:], ""], strict=False))
    resumed = arguments.get("--resume", "")
    agent = Agent(resumed or arguments.get("--session-id", "") or str(uuid.uuid4()), bool(resumed))
    threading.Thread(target=agent.listen, daemon=True).start()
    agent.serve()


if __name__ == "__main__":
    main()
