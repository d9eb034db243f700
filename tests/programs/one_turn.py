"""Program: an agent that runs one process for each turn.

``one_turn.py FORMAT [CONVERSATION]``: it reads the prompt from stdin; the answer lists all prompts of the conversation,
which are stored in the working directory. FORMAT is "codex", "claude", "opencode" or "text". Words of the prompt:

- ``hold: 1``: after the first half of the answer, the process waits for a signal. ``child: 1``: a child waits, too.
- ``deaf: 1``: SIGINT and SIGTERM are ignored.
- ``exit: N``: it exits with this code and "what went wrong" on stderr. ``garbage: 1``: a line that is not JSON.
- ``command: TEXT``: a command and its output come before the answer.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

NUMBERS = re.compile(r"\b(hold|child|deaf|exit|garbage):\s*(\d+)")


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def codex(conversation: str, command: str, answer: str) -> None:
    say(type="thread.started", thread_id=conversation)
    say(type="turn.started")
    if command:
        item = {"id": "item_0", "type": "command_execution", "command": command, "aggregated_output": ""}
        say(type="item.started", item={**item, "exit_code": None, "status": "in_progress"})
        say(type="item.completed", item={**item, "aggregated_output": "out", "exit_code": 0, "status": "completed"})
    say(type="item.completed", item={"id": "item_1", "type": "agent_message", "text": answer})
    say(type="turn.completed", usage={"input_tokens": 10, "output_tokens": 5})


def claude(conversation: str, command: str, answer: str) -> None:
    common = {"session_id": conversation, "parent_tool_use_id": None}
    say(type="system", subtype="init", model="fake", **common)
    if command:
        call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": command}}
        say(type="assistant", message={"id": "m0", "content": [call]}, **common)
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "out", "is_error": False}
        say(type="user", message={"role": "user", "content": [result]}, **common)
    say(type="assistant", message={"id": "m1", "content": [{"type": "text", "text": answer}]}, **common)
    usage = {"fake": {"inputTokens": 10, "outputTokens": 5, "contextWindow": 1000}}
    say(type="result", subtype="success", is_error=False, result=answer, modelUsage=usage, **common)


def opencode(conversation: str, command: str, answer: str) -> None:
    say(type="step_start", sessionID=conversation, part={"type": "step-start"})
    if command:
        state = {"status": "completed", "input": {"command": command}, "output": "out", "metadata": {"exit": 0}}
        say(type="tool_use", sessionID=conversation, part={"tool": "bash", "callID": "call_1", "state": state})
    say(type="text", sessionID=conversation, part={"id": "prt_1", "type": "text", "text": answer})
    say(type="step_finish", sessionID=conversation, part={"tokens": {"input": 10, "output": 5}, "cost": 0})


def text(_: str, command: str, answer: str) -> None:
    print(f"\x1b[1m{command and 'out '}{answer}\x1b[0m", flush=True)


def main() -> None:
    # A random id: a process of another test run with the same one would have the conversation open.
    form, conversation = sys.argv[1], (sys.argv[2:] or [str(uuid.uuid4())])[0]
    prompt = sys.stdin.read()
    words = {word: int(number) for word, number in NUMBERS.findall(prompt)}
    file = Path("prompts")
    file.write_text((file.read_text() if sys.argv[2:] else "") + f"{prompt}\n")
    if words.get("deaf"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if words.get("child"):
        child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(300)"])
        Path("child").write_text(str(child.pid))
    if words.get("garbage"):
        print("a line that is no JSON", flush=True)
    if words.get("hold"):
        print("half an ", end="", flush=True) if form == "text" else codex_half(conversation)
        time.sleep(300)
    if words.get("exit"):
        sys.stderr.write("what went wrong\n")
        os._exit(words["exit"])
    command = re.findall(r"command: (.+)", prompt)
    answer = " | ".join(file.read_text().splitlines())
    {"codex": codex, "claude": claude, "opencode": opencode, "text": text}[form](conversation, "".join(command), answer)


def codex_half(conversation: str) -> None:
    say(type="thread.started", thread_id=conversation)
    say(type="item.started", item={"id": "item_0", "type": "command_execution", "command": "make", "exit_code": None})


if __name__ == "__main__":
    main()
