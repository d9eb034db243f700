"""How model services stream an answer: pieces of text in, the bytes of server-sent events out.

One class for each of the three APIs that agents speak. Each knows the shape of a request (where the
user's last prompt stands) and of an answer (streamed and whole); none knows of sockets.

Sources: the API references of Anthropic (Messages) and OpenAI (Responses, Chat Completions).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

Json = dict[str, Any]


def event(data: Json, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def last_user_text(messages: Iterable[Any]) -> str:
    """The text of the last message from the user, without what the agent itself put into it.

    Agents add blocks of their own beside the prompt, in tags such as ``<system-reminder>``.
    """
    for message in reversed(list(messages)):
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content", "")
        blocks = [content] if isinstance(content, str) else [block.get("text") or "" for block in content]
        texts = [text for text in blocks if text and not text.lstrip().startswith("<")]
        if texts:
            return str(texts[-1])
    return ""


class Wire(Protocol):
    """One API."""

    name: str

    def prompt(self, request: Json) -> str:
        """The user's last prompt."""

    def stream(self, model: str, pieces: Iterable[str]) -> Iterator[bytes]:
        """The answer as server-sent events, each made when its piece is there."""

    def whole(self, model: str, text: str) -> Json:
        """The answer as one JSON object."""


class Messages:
    """Anthropic's Messages API."""

    name = "messages"

    def prompt(self, request: Json) -> str:
        return last_user_text(request.get("messages", []))

    def stream(self, model: str, pieces: Iterable[str]) -> Iterator[bytes]:
        message = self.whole(model, "") | {"content": [], "stop_reason": None}
        yield event({"type": "message_start", "message": message}, "message_start")
        block: Json = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        yield event(block, "content_block_start")
        for piece in pieces:
            delta = {"type": "text_delta", "text": piece}
            yield event({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")
        yield event({"type": "content_block_stop", "index": 0}, "content_block_stop")
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        yield event({"type": "message_delta", "delta": end, "usage": {"output_tokens": 2}}, "message_delta")
        yield event({"type": "message_stop"}, "message_stop")

    def whole(self, model: str, text: str) -> Json:
        return {
            "id": "msg_fake",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }


class Responses:
    """OpenAI's Responses API."""

    name = "responses"

    def prompt(self, request: Json) -> str:
        given = request.get("input", "")
        return given if isinstance(given, str) else last_user_text(given)

    def stream(self, model: str, pieces: Iterable[str]) -> Iterator[bytes]:
        number = -1

        def numbered(kind: str, **fields: Any) -> bytes:
            nonlocal number
            number += 1
            return event({"type": kind, "sequence_number": number, **fields}, kind)

        running = self.whole(model, "") | {"status": "in_progress", "output": [], "usage": None}
        yield numbered("response.created", response=running)
        item = {"id": "msg_fake", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        yield numbered("response.output_item.added", output_index=0, item=item)
        place = {"item_id": "msg_fake", "output_index": 0, "content_index": 0}
        part = {"type": "output_text", "text": "", "annotations": []}
        yield numbered("response.content_part.added", **place, part=part)
        text = ""
        for piece in pieces:
            text += piece
            yield numbered("response.output_text.delta", **place, delta=piece)
        response = self.whole(model, text)
        item = response["output"][0]
        yield numbered("response.output_text.done", **place, text=text)
        yield numbered("response.content_part.done", **place, part=item["content"][0])
        yield numbered("response.output_item.done", output_index=0, item=item)
        yield numbered("response.completed", response=response)

    def whole(self, model: str, text: str) -> Json:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        item = {"id": "msg_fake", "type": "message", "role": "assistant", "status": "completed", "content": content}
        usage = {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 2,
        }
        return {
            "id": "resp_fake",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": model,
            "output": [item],
            "usage": usage,
        }


class ChatCompletions:
    """OpenAI's Chat Completions API, which most other services speak too."""

    name = "chat"

    def prompt(self, request: Json) -> str:
        return last_user_text(request.get("messages", []))

    def stream(self, model: str, pieces: Iterable[str]) -> Iterator[bytes]:
        def chunk(delta: Json, finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            head = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": model}
            return event(head | {"choices": [choice]})

        yield chunk({"role": "assistant", "content": ""})
        for piece in pieces:
            yield chunk({"content": piece})
        yield chunk({}, "stop")
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        head = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": model}
        yield event(head | {"choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def whole(self, model: str, text: str) -> Json:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        head = {"id": "chatcmpl-fake", "object": "chat.completion", "created": 1, "model": model}
        return head | {"choices": [choice], "usage": usage}


WIRES: dict[str, Wire] = {
    "/v1/messages": Messages(),
    "/v1/responses": Responses(),
    "/v1/chat/completions": ChatCompletions(),
}
"""The APIs by the path of their requests."""
