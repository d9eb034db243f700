"""The common parts of the model services' APIs: reading requests, writing answers.

A ``Wire`` is one API. It knows the shape of a request (the conversation so far, the offered tools) and of an answer
(streamed as server-sent events, whole, or an error), but no sockets. Two wires are here; ``model_wire_openai`` has
OpenAI's two, and ``WIRES`` in ``model_server`` lists the wires by path.

Sources: the API references of Anthropic (Messages) and Google (Gemini, ``generateContent``).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple, Protocol

from tests.fakes.model_script import Json, Piece, Tokens, Tool, ToolCall, example

PASTED = re.compile(r"^\s*<pasted_content id=[^>]*>\n(.*?)\n</pasted_content[^>]*>\s*$", re.DOTALL)
"""Claude Code puts a long paste between tags."""

ADDED = re.compile(r"^\s*<([\w-]+)[^>]*>.*?</\1>\s*", re.DOTALL)
"""Additions of agents, such as ``<current_datetime>``, before a prompt or in a separate text."""


class ConversationEntry(NamedTuple):
    """An entry of a request's conversation: the user's message, or a tool's result. The model's messages are left out.

    Attributes:
        who: the author.
        texts: all texts of the message or result.
    """

    who: Literal["user", "result"]
    texts: list[str]

    @property
    def prompt(self) -> str:
        """The user's text, without the agent's additions."""
        texts = [ADDED.sub("", PASTED.sub(r"\1", text)) for text in self.texts]
        prompts = [text for text in texts if text and not text.lstrip().startswith("<")]
        return prompts[-1] if self.who == "user" and prompts else ""


class Wire(Protocol):
    """One API of a model service."""

    name: str

    def conversation(self, request: Json) -> list[ConversationEntry]:
        """The conversation so far, oldest first."""

    def tools(self, request: Json) -> list[Tool]:
        """The tools that the agent offers."""

    def stream(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Iterator[bytes]:
        """The answer as server-sent events, each yielded when its piece is due."""

    def whole(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Json:
        """The answer as one JSON object."""

    def error(self, status: int, message: str) -> Json:
        """The body of a refusal."""


_numbers = itertools.count(1)


def fresh_id(kind: str) -> str:
    """A unique id for an answer: Claude Code takes answers with the same id for parts of one message."""
    return f"{kind}_{next(_numbers)}"


def event(data: Json, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def last_prompt(entries: Iterable[ConversationEntry]) -> tuple[str, list[str]]:
    """The user's last prompt, and the results of tools since then."""
    results: list[str] = []
    for one in reversed(list(entries)):
        if one.who == "result":
            results.insert(0, "\n".join(one.texts))
        elif prompt := one.prompt:
            return prompt, results
    return "", results


def texts_of(content: Any) -> list[str]:
    """The texts in a message's content, which is a text, or a list of blocks with or without a text."""
    if not isinstance(content, list):
        return [str(content)] if content else []
    return [str(block["text"]) for block in content if isinstance(block, dict) and block.get("text")]


class Messages:
    """Anthropic's Messages API."""

    name = "messages"

    def conversation(self, request: Json) -> list[ConversationEntry]:
        entries: list[ConversationEntry] = []
        for message in request.get("messages", []):
            if message.get("role") != "user":
                continue
            content = message.get("content")
            blocks = content if isinstance(content, list) else []
            results = [block.get("content") for block in blocks if block.get("type") == "tool_result"]
            entries.extend(ConversationEntry("result", texts_of(result)) for result in results)
            entries.append(ConversationEntry("user", texts_of(content)))
        return entries

    def tools(self, request: Json) -> list[Tool]:
        # Anthropic's own tools, such as web_search, have no schema.
        return [Tool(str(tool["name"]), tool.get("input_schema", {})) for tool in request.get("tools") or []]

    def stream(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Iterator[bytes]:
        message = self.whole(model, [], tokens._replace(written=1)) | {"content": [], "stop_reason": None}
        yield event({"type": "message_start", "message": message}, "message_start")
        index, kind = -1, ""
        for piece in pieces:
            new = "text" if isinstance(piece, str) else "tool_use"
            if new != kind or new == "tool_use":
                if kind:
                    yield event({"type": "content_block_stop", "index": index}, "content_block_stop")
                index, kind = index + 1, new
                block = self.block("") if isinstance(piece, str) else self.block(piece) | {"input": {}}
                start = {"type": "content_block_start", "index": index, "content_block": block}
                yield event(start, "content_block_start")
            delta = (
                {"type": "text_delta", "text": piece}
                if isinstance(piece, str)
                else {"type": "input_json_delta", "partial_json": piece.text}
            )
            yield event({"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta")
        if kind:
            yield event({"type": "content_block_stop", "index": index}, "content_block_stop")
        end = {"stop_reason": "tool_use" if kind == "tool_use" else "end_turn", "stop_sequence": None}
        yield event(
            {"type": "message_delta", "delta": end, "usage": {"output_tokens": tokens.written}}, "message_delta"
        )
        yield event({"type": "message_stop"}, "message_stop")

    def whole(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Json:
        text, calls = parted(pieces)
        return {
            "id": fresh_id("msg"),
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [self.block(piece) for piece in ([text] if text or not calls else []) + calls],
            "stop_reason": "tool_use" if calls else "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": tokens.read - tokens.read // 3,
                "cache_creation_input_tokens": tokens.read // 3,
                "cache_read_input_tokens": tokens.cached,
                "output_tokens": tokens.written,
            },
        }

    def block(self, piece: Piece) -> Json:
        """A piece as a block of content."""
        if isinstance(piece, str):
            return {"type": "text", "text": piece}
        return {"type": "tool_use", "id": piece.id, "name": piece.name, "input": piece.arguments}

    def error(self, status: int, message: str) -> Json:
        kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}
        return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": message}}


class Gemini:
    """Google's Gemini API; its paths name the model and the method."""

    name = "gemini"

    def conversation(self, request: Json) -> list[ConversationEntry]:
        entries: list[ConversationEntry] = []
        for content in request.get("contents", []):
            parts = content.get("parts", [])
            for part in parts:
                if "functionResponse" in part:
                    response = part["functionResponse"].get("response", {})
                    entries.append(ConversationEntry("result", [str(response.get("output", json.dumps(response)))]))
            if content.get("role", "user") == "user":
                entries.append(ConversationEntry("user", texts_of(parts)))
        return entries

    def tools(self, request: Json) -> list[Tool]:
        return [
            Tool(str(one["name"]), one.get("parametersJsonSchema") or one.get("parameters") or {})
            for tool in request.get("tools") or []
            for one in tool.get("functionDeclarations", [])
        ]

    def stream(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Iterator[bytes]:
        for piece in pieces:
            yield event(self.chunk(model, [self.part(piece)], tokens))
        yield event(self.chunk(model, [{"text": ""}], tokens, finish="STOP"))

    def whole(self, model: str, pieces: Iterable[Piece], tokens: Tokens) -> Json:
        text, calls = parted(pieces)
        parts = [self.part(piece) for piece in ([text] if text or not calls else []) + calls]
        return self.chunk(model, parts, tokens, finish="STOP")

    def part(self, piece: Piece) -> Json:
        """A piece as a part of the content."""
        if isinstance(piece, str):
            return {"text": piece}
        return {"functionCall": {"id": piece.id, "name": piece.name, "args": piece.arguments}}

    def chunk(self, model: str, parts: list[Json], tokens: Tokens, finish: str | None = None) -> Json:
        """A response: the whole answer, or a chunk of a stream."""
        candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
        if finish:
            candidate["finishReason"] = finish
        usage = {
            "promptTokenCount": tokens.read + tokens.cached,
            "cachedContentTokenCount": tokens.cached,
            "candidatesTokenCount": tokens.written,
            "totalTokenCount": sum(tokens),
        }
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": model,
            "responseId": fresh_id("response"),
        }

    def error(self, status: int, message: str) -> Json:
        names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
        return {"error": {"code": status, "message": message, "status": names.get(status, "INTERNAL")}}

    def errand(self, request: Json) -> str:
        """An example for the JSON schema of a request that the CLI makes for itself; "" if it has no schema."""
        settings = request.get("generationConfig", {})
        schema = settings.get("responseJsonSchema") or settings.get("responseSchema")
        return json.dumps(example(schema)) if schema else ""


def parted(pieces: Iterable[Piece]) -> tuple[str, list[ToolCall]]:
    """The text of an answer, and the tools that it calls."""
    every = list(pieces)
    text = "".join(piece for piece in every if isinstance(piece, str))
    return text, [piece for piece in every if isinstance(piece, ToolCall)]
