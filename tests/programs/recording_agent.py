"""Write a record as Claude Code does: answer each typed line, and append both to the record.

``recording_agent.py [--session-id ID] [--resume ID] [--help | --version] …``

The screen shows less than the record has: answers are cut there, as in a program that fills the screen. The answer to
``LINE`` is two texts, ``**LINE** first`` and a list, with a tool call between them.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import TextIO

OPTIONS = ("--settings <file>", "--session-id <id>", "--resume [id]")
OPTIONS_WITH_ID = ("--session-id", "--resume")


def write(record: TextIO, role: str, content: object) -> None:
    record.write(json.dumps({"type": role, "message": {"role": role, "content": content}}) + "\n")
    record.flush()


def main() -> None:
    words = sys.argv[1:]
    if "--help" in words or "--version" in words:
        print("".join(f"  {each}  x\n" for each in OPTIONS) if "--help" in words else "2.1.329 (Claude Code)")
        return
    conversation = next(after for word, after in pairwise(words) if word in OPTIONS_WITH_ID)
    path = Path.home() / ".claude" / "projects" / "-project" / f"{conversation}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    print("ready", flush=True)
    with path.open("a", encoding="utf-8") as record:
        for line in map(str.strip, sys.stdin):
            write(record, "user", line)
            write(record, "assistant", [{"type": "text", "text": f"**{line}** first"}])
            write(record, "assistant", [{"type": "tool_use", "id": "1", "name": "Bash", "input": {}}])
            write(record, "user", [{"type": "tool_result", "tool_use_id": "1", "content": "done"}])
            write(record, "assistant", [{"type": "text", "text": "- one\n- two"}])
            print(f"answered {line} …", flush=True)


if __name__ == "__main__":
    main()
