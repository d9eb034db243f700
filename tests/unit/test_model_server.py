"""The fake model server streams, holds and releases as scripted, on each of its APIs."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import pytest

from tests.fakes.model_server import ModelServer, answer_line

TOOLS = [{"name": "shell"}]


def ask(server: ModelServer, path: str, prompt: str, *, stream: bool = True, tools: bool = True) -> HTTPResponse:
    message = {"role": "user", "content": [{"type": "text", "text": prompt}]}
    body: dict[str, Any] = {"model": "m", "stream": stream, "tools": TOOLS if tools else []}
    body["input" if path.endswith("responses") else "messages"] = [message]
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode(), method="POST")
    response = urllib.request.urlopen(request, timeout=20)
    assert isinstance(response, HTTPResponse)
    return response


def texts(response: HTTPResponse) -> Iterator[str]:
    """The pieces of text in a stream, whichever API it is of."""
    for line in response:
        data = line.decode().removeprefix("data: ").strip()
        if not line.startswith(b"data: ") or data == "[DONE]":
            continue
        event = json.loads(data)
        if event.get("type") == "content_block_delta":
            yield event["delta"]["text"]
        elif event.get("type") == "response.output_text.delta":
            yield event["delta"]
        elif event.get("choices") and (text := event["choices"][0]["delta"].get("content")):
            yield text


PATHS = pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses", "/v1/chat/completions"])


@PATHS
def test_other_prompts_are_echoed(path: str) -> None:
    with ModelServer() as server, ask(server, path, "hello") as response:
        assert "".join(texts(response)) == "echo: hello"
        assert [(seen.prompt, seen.turn) for seen in server.requests] == [("hello", True)]


@PATHS
def test_a_counted_answer_stops_at_its_hold_until_released(path: str) -> None:
    with ModelServer() as server, ask(server, path, "count: 5 hold: 3") as response:
        pieces = texts(response)
        assert [next(pieces).strip() for _ in range(3)] == [answer_line(n) for n in (1, 2, 3)]
        server.wait_held()
        server.release()
        assert [piece.strip() for piece in pieces] == [answer_line(4), answer_line(5)]


@PATHS
def test_a_request_without_tools_is_the_agents_own(path: str) -> None:
    with ModelServer() as server:
        with ask(server, path, "count: 3 hold: 1", tools=False) as response:
            assert "".join(texts(response)) == "A fake title"
        with ask(server, path, "hello", stream=False) as response:
            assert "echo: hello" in response.read().decode()


def test_a_plain_client_gets_its_turn_without_tools() -> None:
    path = "/v1/chat/completions"
    with ModelServer(tools_needed=False) as server, ask(server, path, "count: 2", tools=False) as response:
        assert "".join(texts(response)).split("\n") == [answer_line(1), answer_line(2)]


def test_what_an_agent_adds_to_a_prompt_is_not_the_prompt() -> None:
    content = [{"type": "text", "text": "count: 2"}, {"type": "text", "text": "<system-reminder>x</system-reminder>"}]
    body = {"model": "m", "stream": False, "tools": TOOLS, "messages": [{"role": "user", "content": content}]}
    with ModelServer() as server:
        request = urllib.request.Request(f"{server.url}/v1/messages", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=20) as response:
            assert json.load(response)["content"][0]["text"] == f"{answer_line(1)}\n{answer_line(2)}"


def test_models_are_listed_and_unknown_paths_refused() -> None:
    with ModelServer() as server:
        with urllib.request.urlopen(f"{server.url}/v1/models", timeout=20) as response:
            assert json.load(response)["data"][0]["id"] == "fake-model"
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{server.url}/nothing", timeout=20)
        refused.value.close()


def test_closing_ends_a_held_stream_and_a_delayed_one() -> None:
    with ModelServer() as server:
        held = ask(server, "/v1/messages", "count: 5 hold: 1")
        delayed = ask(server, "/v1/messages", "count: 5 delay: 60000")
        server.wait_held()
    assert len(list(texts(held))) == 1
    assert list(texts(delayed)) == []
    held.close()
    delayed.close()


def test_waiting_for_a_hold_that_never_comes_says_what_was_asked() -> None:
    with ModelServer() as server:
        ask(server, "/v1/messages", "count: 1").close()
        with pytest.raises(TimeoutError, match="count: 1"):
            server.wait_held(timeout_s=0.05)
