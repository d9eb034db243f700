"""OpenAI's two APIs: Responses, and Chat Completions, which most other services also have.

Source: OpenAI's API reference. ``model_wire`` explains what a wire is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tests.fakes.model_script import Json, Piece, Tokens, Tool, ToolCall
from tests.fakes.model_wire import ConversationEntry, event, fresh_id, parted, texts_of


def openai_error(status: int, message: str) -> Json:
    """The body of a refusal, the same for both APIs."""
    codes = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": codes.get(status)}}


class Responses:
    """OpenAI's Responses API."""

    name = "responses"

    def conversation(self, request: Json) -> list[ConversationEntry]:
        given = request.get("input", "")
        if isinstance(given, str):
            return [ConversationEntry("user", [given])]
        entries = []
        for item in given:
            if str(item.get("type", "")).endswith("_call_output"):
                entries.append(ConversationEntry("result", texts_of(item.get("output"))))
            elif item.get("role") == "user":
                entries.append(ConversationEntry("user", texts_of(item.get("content"))))
        return entries

    def tools(self, request: Json) -> list[Tool]:
        every = request.get("tools") or []
        return [Tool(str(tool["name"]), tool.get("parameters") or {}) for tool in every if tool.get("name")]

    def stream(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Iterator[bytes]:
        number = -1

        def numbered(kind: str, **fields: Any) -> bytes:
            nonlocal number
            number += 1
            return event({"type": kind, "sequence_number": number, **fields}, kind)

        running = self.whole(model, [], tokens) | {"status": "in_progress", "output": [], "usage": None}
        message = fresh_id("msg")
        yield numbered("response.created", response=running)
        text = ""
        calls: list[ToolCall] = []
        place = {"item_id": message, "output_index": 0, "content_index": 0}
        for piece in pieces:
            if isinstance(piece, ToolCall):
                calls.append(piece)
                continue
            if not text:
                item = {"id": message, "type": "message", "role": "assistant", "status": "in_progress"}
                yield numbered("response.output_item.added", output_index=0, item=item | {"content": []})
                part = {"type": "output_text", "text": "", "annotations": []}
                yield numbered("response.content_part.added", **place, part=part)
            text += piece
            yield numbered("response.output_text.delta", **place, delta=piece)
        response = self.whole(model, [*([text] if text else []), *calls], tokens) | {"id": running["id"]}
        for index, item in enumerate(response["output"]):
            if item["type"] == "message":
                item["id"] = message
                yield numbered("response.output_text.done", **place, text=text)
                yield numbered("response.content_part.done", **place, part=item["content"][0])
            else:
                began = item | {"status": "in_progress", "arguments": ""}
                yield numbered("response.output_item.added", output_index=index, item=began)
                at = {"item_id": item["id"], "output_index": index}
                yield numbered("response.function_call_arguments.delta", **at, delta=item["arguments"])
                yield numbered("response.function_call_arguments.done", **at, arguments=item["arguments"])
            yield numbered("response.output_item.done", output_index=index, item=item)
        yield numbered("response.completed", response=response)

    def whole(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Json:
        text, calls = parted(pieces)
        content = [{"type": "output_text", "text": text, "annotations": []}]
        item: Json = {"id": fresh_id("msg"), "type": "message", "role": "assistant", "status": "completed"}
        usage = {
            "input_tokens": tokens.read + tokens.cached,
            "input_tokens_details": {"cached_tokens": tokens.cached},
            "output_tokens": tokens.written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(tokens),
        }
        return {
            "id": fresh_id("resp"),
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": model,
            "output": ([item | {"content": content}] if text else []) + [self.call(call) for call in calls],
            "usage": usage,
        }

    def call(self, call: ToolCall) -> Json:
        """An item of the output that calls a tool; ``NAMESPACE/NAME`` names one of a namespace."""
        namespace, _, name = call.name.rpartition("/")
        head = {"type": "function_call", "id": f"fc_{call.id}", "call_id": call.id, "status": "completed"}
        return head | ({"namespace": namespace} if namespace else {}) | {"name": name, "arguments": call.text}

    def error(self, status: int, message: str) -> Json:
        return openai_error(status, message)


class ChatCompletions:
    """OpenAI's Chat Completions API."""

    name = "chat"

    def conversation(self, request: Json) -> list[ConversationEntry]:
        entries = []
        for message in request.get("messages", []):
            if message.get("role") == "tool":
                entries.append(ConversationEntry("result", texts_of(message.get("content"))))
            elif message.get("role") == "user":
                entries.append(ConversationEntry("user", texts_of(message.get("content"))))
        return entries

    def tools(self, request: Json) -> list[Tool]:
        functions = [tool["function"] for tool in request.get("tools") or [] if "function" in tool]
        return [Tool(str(function["name"]), function.get("parameters") or {}) for function in functions]

    def stream(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Iterator[bytes]:
        head = {"id": fresh_id("chatcmpl"), "object": "chat.completion.chunk", "created": 1, "model": model}

        def chunk(delta: Json, finish: str | None = None) -> bytes:
            return event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

        yield chunk({"role": "assistant", "content": ""})
        calls = 0
        for piece in pieces:
            if isinstance(piece, str):
                yield chunk({"content": piece})
            else:
                yield chunk({"tool_calls": [{"index": calls, **self.call(piece)}]})
                calls += 1
        yield chunk({}, "tool_calls" if calls else "stop")
        usage = _chat_usage(tokens)
        yield event(head | {"choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def whole(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Json:
        text, calls = parted(pieces)
        message: Json = {"role": "assistant", "content": text or None}
        if calls:
            message["tool_calls"] = [self.call(call) for call in calls]
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
        usage = _chat_usage(tokens)
        head = {"id": fresh_id("chatcmpl"), "object": "chat.completion", "created": 1, "model": model}
        return head | {"choices": [choice], "usage": usage}

    def call(self, call: ToolCall) -> Json:
        """A part of a message that calls a tool."""
        return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.text}}

    def error(self, status: int, message: str) -> Json:
        return openai_error(status, message)


def _chat_usage(tokens: Tokens) -> Json:
    return {
        "prompt_tokens": tokens.read + tokens.cached,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens": tokens.written,
        "total_tokens": sum(tokens),
    }
