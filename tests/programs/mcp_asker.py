"""Program: an MCP server on stdin and stdout; its tool ``ask`` asks the user for a branch (elicitation).

The tool's result is the user's answer, as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

FORM = {"type": "object", "required": ["branch"], "properties": {"branch": {"type": "string", "title": "Branch"}}}
TOOL = {"name": "ask", "description": "Asks the user.", "inputSchema": {"type": "object", "properties": {}}}
QUESTION = "elicitation"
"""The id of the request to the client."""


def send(**message: Any) -> None:
    """Send a message."""
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def result(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The result of a client's request; {} for most."""
    if method == "initialize":
        info = {"name": "asker", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
    return {"tools": [TOOL]} if method == "tools/list" else {}


def main() -> None:
    """Answer the client's requests until it closes."""
    call: Any = None
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("id") == QUESTION:
            answer = {"type": "text", "text": json.dumps(message.get("result"), sort_keys=True)}
            send(id=call, result={"content": [answer]})
        elif message.get("method") == "tools/call":
            call = message["id"]
            asked = {"message": "Which branch is released?", "requestedSchema": FORM}
            send(id=QUESTION, method="elicitation/create", params=asked)
        elif "id" in message and "method" in message:
            send(id=message["id"], result=result(message["method"], message.get("params") or {}))


if __name__ == "__main__":
    main()
