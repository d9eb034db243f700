"""A long thread of the fake app-server, which a chat resumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_COMMAND_LINES = 30
_ITEMS_OF_A_TURN = 5


def lengthen(path: Path, items: int) -> None:
    """Replace the items of a saved thread by ``items`` items of all kinds; ``items`` is a multiple of 5."""
    thread, _, settings = json.loads(path.read_text())
    turns = [_turn(number) for number in range(items // _ITEMS_OF_A_TURN)]
    path.write_text(json.dumps([thread, turns, settings]))


def _turn(number: int) -> dict[str, Any]:
    text = f"Prompt {number}: what about `module_{number}`?"
    items: list[dict[str, Any]] = [
        {"type": "userMessage", "clientId": None, "content": [{"type": "text", "text": text, "text_elements": []}]},
        {"type": "reasoning", "summary": [f"Thinking about {number}."], "content": []},
        {
            "type": "commandExecution", "command": f"/bin/bash -lc 'make check-{number}'", "cwd": "/",
            "processId": None, "source": "agent", "status": "completed", "exitCode": 0, "durationMs": 5,
            "commandActions": [{"type": "unknown", "command": f"make check-{number}"}],
            "aggregatedOutput": f"line of {number}\n" * _COMMAND_LINES,
        },
        {
            "type": "fileChange", "status": "completed",
            "changes": [{
                "path": f"/src/module_{number}.py", "kind": {"type": "update", "move_path": None},
                "diff": f"@@ -1 +1 @@\n-old {number}\n+new {number}\n",
            }],
        },
        {
            "type": "agentMessage", "phase": None,
            "text": f"Answer {number} with **bold** words.\n\n- first\n- second\n\n```python\nprint({number})\n```\n",
        },
    ]  # fmt: skip
    assert len(items) == _ITEMS_OF_A_TURN
    named = [item | {"id": f"item-{number}-{index}"} for index, item in enumerate(items)]
    return {
        "id": f"turn-{number}", "items": named, "itemsView": "full", "status": "completed", "error": None,
        "startedAt": 1_760_000_000 + number, "completedAt": None, "durationMs": None,
    }  # fmt: skip
