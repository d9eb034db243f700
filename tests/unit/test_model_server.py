"""The fake model server streams, holds, releases, asks for tools and fails as scripted, with each API."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import pytest

from tests.fakes.model_script import Script
from tests.fakes.model_server import ModelServer, answer_line

SCHEMA = {
    "type": "object",
    "properties": {"command": {"type": "string"}, "description": {"type": "string"}, "wait": {"type": "boolean"}},
    "required": ["command", "description"],
}
GEMINI = "/v1beta/models/m:streamGenerateContent?alt=sse"
STREAMED = ["/v1/messages", "/v1/responses", "/v1/chat/completions", GEMINI]
PATHS = pytest.mark.parametrize("path", STREAMED, ids=lambda path: path.partition("?")[0])


def tools(path: str) -> list[Any]:
    """A shell tool in the format of each API."""
    if path.endswith("messages"):
        return [{"name": "Bash", "input_schema": SCHEMA}]
    if path.endswith("responses"):
        return [{"type": "function", "name": "shell_command", "parameters": SCHEMA}]
    if path.endswith("completions"):
        return [{"type": "function", "function": {"name": "bash", "parameters": SCHEMA}}]
    return [{"functionDeclarations": [{"name": "run_shell_command", "parametersJsonSchema": SCHEMA}]}]


def result(path: str, text: str) -> list[Any]:
    """The messages that an agent adds to the conversation after the tool has run."""
    if path.endswith("messages"):
        content = [{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": text}]}]
        return [{"role": "user", "content": content}]
    if path.endswith("responses"):
        return [{"type": "function_call_output", "call_id": "1", "output": text}]
    if path.endswith("completions"):
        return [{"role": "tool", "tool_call_id": "1", "content": text}]
    response = {"functionResponse": {"name": "run_shell_command", "response": {"output": text}}}
    return [{"role": "user", "parts": [response]}]


def ask(
    server: ModelServer, path: str, prompt: str, *, stream: bool = True, with_tools: bool = True, tool_output: str = ""
) -> HTTPResponse:
    body: dict[str, Any] = {"tools": tools(path) if with_tools else []}
    more = result(path, tool_output) if tool_output else []
    if "models/" in path:
        body["contents"] = [{"role": "user", "parts": [{"text": prompt}]}, *more]
        path = path if stream else "/v1beta/models/m:generateContent"
    else:
        message = {"role": "user", "content": [{"type": "text", "text": prompt}]}
        body |= {
            "model": "m",
            "stream": stream,
            "input" if path.endswith("responses") else "messages": [message, *more],
        }
    headers = {"Authorization": "Bearer secret"}
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode(), headers, method="POST")
    response = urllib.request.urlopen(request, timeout=60)
    assert isinstance(response, HTTPResponse)
    return response


def events(response: HTTPResponse) -> Iterator[dict[str, Any]]:
    for line in response:
        data = line.decode().removeprefix("data: ").strip()
        if line.startswith(b"data: ") and data != "[DONE]":
            yield json.loads(data)


def texts(response: HTTPResponse) -> Iterator[str]:
    """The pieces of text in a stream of any API."""
    return filter(None, texts_and_blanks(response))


def texts_and_blanks(response: HTTPResponse) -> Iterator[str]:
    for event in events(response):
        if event.get("type") == "content_block_delta":
            yield event["delta"]["text"]
        elif event.get("type") == "response.output_text.delta":
            yield event["delta"]
        elif event.get("choices"):
            yield event["choices"][0]["delta"].get("content", "")
        elif event.get("candidates"):
            yield event["candidates"][0]["content"]["parts"][0]["text"]


def call(response: HTTPResponse) -> tuple[str, dict[str, Any]]:
    """The tool called in a stream, and its arguments."""
    name, arguments = "", ""
    for event in events(response):
        if event.get("type") == "content_block_start":
            name = event["content_block"]["name"]
        elif event.get("type") == "content_block_delta":
            arguments = event["delta"]["partial_json"]
        elif event.get("type") == "response.output_item.done":
            name, arguments = event["item"]["name"], event["item"]["arguments"]
        elif event.get("choices") and (calls := event["choices"][0]["delta"].get("tool_calls")):
            name, arguments = calls[0]["function"]["name"], calls[0]["function"]["arguments"]
        elif event.get("candidates") and "functionCall" in (part := event["candidates"][0]["content"]["parts"][0]):
            name, arguments = part["functionCall"]["name"], json.dumps(part["functionCall"]["args"])
    return name, json.loads(arguments)


@PATHS
def test_other_prompts_are_echoed(path: str) -> None:
    with ModelServer() as server:
        with ask(server, path, "hello") as response:
            assert "".join(texts(response)) == "echo: hello"
        with ask(server, path, "hello", stream=False) as response:
            assert "echo: hello" in response.read().decode()
        assert [(request.prompt, request.turn) for request in server.requests] == [("hello", True)] * 2


@PATHS
def test_a_counted_answer_stops_at_its_hold_until_released(path: str) -> None:
    with ModelServer() as server, ask(server, path, "count: 5 hold: 3") as response:
        pieces = texts(response)
        assert [next(pieces).strip() for _ in range(3)] == [answer_line(n) for n in (1, 2, 3)]
        server.wait_held()
        server.release()
        assert [piece.strip() for piece in pieces] == [answer_line(4), answer_line(5)]


@PATHS
def test_a_request_without_tools_is_one_of_the_agent_itself(path: str) -> None:
    with ModelServer() as server, ask(server, path, "count: 3 hold: 1", with_tools=False) as response:
        assert "".join(texts(response)) == "A fake title"


@PATHS
def test_the_agents_shell_tool_is_called_and_its_result_answered(path: str) -> None:
    with ModelServer() as server:
        with ask(server, path, "count: 2 tool: ls -l count: 9") as response:
            name, arguments = call(response)
        assert name.lower() in {"bash", "shell_command", "run_shell_command"}
        assert arguments == {"command": "ls -l count: 9", "description": "as the test asks"}
        with ask(server, path, "count: 2 tool: ls", tool_output="a file") as response:
            assert "".join(texts(response)).split("\n") == [answer_line(1), answer_line(2)]
        with ask(server, path, "tool: ls", tool_output="a file", stream=False) as response:
            assert "the tool said: a file" in response.read().decode()
        with ask(server, path, "tool: ls", stream=False) as response:
            assert "as the test asks" in response.read().decode()


@PATHS
def test_no_two_answers_have_one_id(path: str) -> None:
    with ModelServer() as server:
        answers = [json.load(ask(server, path, "hello", stream=False)) for _ in range(2)]
        assert len({answer.get("id") or answer["responseId"] for answer in answers}) == 2


def test_tools_are_called_one_after_the_other_and_by_name() -> None:
    prompt = 'tool: ls\nuse: AskUserQuestion {"questions": []}'
    with ModelServer() as server:
        with ask(server, "/v1/messages", prompt) as response:
            assert call(response)[0] == "Bash"
        with ask(server, "/v1/messages", prompt, tool_output="a file") as response:
            assert call(response) == ("AskUserQuestion", {"questions": []})


def test_an_agent_without_a_shell_gets_an_answer_that_says_so() -> None:
    path = "/v1/messages"
    with ModelServer(tools_needed=False) as server, ask(server, path, "tool: ls", with_tools=False) as response:
        assert "no such tool" in "".join(texts(response))


@PATHS
def test_a_refusal_has_its_status_and_says_when_to_try_again(path: str) -> None:
    with ModelServer() as server:
        for status in (401, 404, 429, 529):
            with pytest.raises(urllib.error.HTTPError) as refused:
                ask(server, path, f"fail: {status} after: 7")
            with refused.value as answer:
                assert (answer.code, answer.headers["Retry-After"]) == (status, "7")
                assert f"refused with {status}" in json.load(answer)["error"]["message"]


def test_failures_end_after_the_planned_number() -> None:
    with ModelServer() as server:
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError) as refused:
                ask(server, "/v1/messages", "fail: 500 times: 2")
            refused.value.close()
        with ask(server, "/v1/messages", "fail: 500 times: 2") as response:
            assert "echo" in "".join(texts(response))


@PATHS
def test_a_cut_stream_ends_in_the_middle_of_a_chunked_body(path: str) -> None:
    with ModelServer() as server:
        with ask(server, path, "count: 5 cut: 2") as response:
            pieces = texts(response)
            assert [next(pieces).strip(), next(pieces).strip()] == [answer_line(1), answer_line(2)]
            with pytest.raises(http.client.IncompleteRead):
                response.read()
        with pytest.raises(http.client.RemoteDisconnected):
            ask(server, path, "count: 5 cut: 2", stream=False)


def test_a_silent_answer_lasts_until_the_server_closes() -> None:
    gone: list[Exception] = []

    def wait_in_vain(server: ModelServer) -> None:
        try:
            ask(server, "/v1/messages", "silent: 1").close()
        except http.client.RemoteDisconnected as error:
            gone.append(error)

    with ModelServer() as server:
        asking = threading.Thread(target=wait_in_vain, args=(server,))
        asking.start()
        server.wait_asked("silent: 1")
        assert asking.is_alive()
    asking.join()
    assert len(gone) == 1


def test_a_test_can_plan_the_failures_of_the_next_turns() -> None:
    with ModelServer() as server:
        server.plan(Script(status=429, retry_after_s=0), Script(lines=1))
        with pytest.raises(urllib.error.HTTPError, match="429") as refused:
            ask(server, "/v1/messages", "hello")
        refused.value.close()
        with ask(server, "/v1/messages", "hello", with_tools=False) as response:
            assert "".join(texts(response)) == "A fake title", "a request of the agent itself is no turn"
        with ask(server, "/v1/messages", "hello") as response:
            assert "".join(texts(response)) == answer_line(1)
        assert server.wait_asked("hello", times=2).key == "secret"
        with pytest.raises(TimeoutError, match="hello"):
            server.wait_asked("bye", timeout_s=0.05)


@PATHS
def test_the_key_and_the_model_are_checked_on_request(path: str) -> None:
    with ModelServer(key="secret", models=("other",)) as server:
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            ask(server, path, "hello")
        with refused.value as answer:
            assert "does not exist" in json.load(answer)["error"]["message"]
        server.key = "changed"
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            ask(server, path, "hello")
        refused.value.close()
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(f"{server.url}/v1/models", timeout=60)
        refused.value.close()


def test_a_plain_client_gets_its_turn_without_tools() -> None:
    path = "/v1/chat/completions"
    with ModelServer(tools_needed=False) as server, ask(server, path, "count: 2", with_tools=False) as response:
        assert "".join(texts(response)).split("\n") == [answer_line(1), answer_line(2)]


@pytest.mark.parametrize(
    "prompt",
    [
        "count: 2",
        '\n\n<pasted_content id="1">\ncount: 2\n</pasted_content id="1">\n',
        "<current_datetime>now</current_datetime>\n\ncount: 2",
    ],
)
def test_text_that_an_agent_adds_to_a_prompt_is_ignored(prompt: str) -> None:
    content = [{"type": "text", "text": prompt}, {"type": "text", "text": "<system-reminder>x</system-reminder>"}]
    messages = [{"role": "user", "content": content}]
    body = {"model": "m", "stream": False, "tools": tools("/v1/messages"), "messages": messages}
    with ModelServer() as server:
        request = urllib.request.Request(f"{server.url}/v1/messages", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as response:
            assert json.load(response)["content"][0]["text"] == f"{answer_line(1)}\n{answer_line(2)}"


def test_json_for_gemini_matches_its_schema_and_tokens_are_counted() -> None:
    who = {"type": "STRING", "enum": ["user", "model"]}
    schema = {"type": "OBJECT", "properties": {"reasoning": {"type": "STRING"}, "next_speaker": who}}
    body = {"contents": [], "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": schema}}
    with ModelServer() as server:
        request = urllib.request.Request(f"{server.url}/v1beta/models/m:generateContent", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as response:
            text = json.load(response)["candidates"][0]["content"]["parts"][0]["text"]
            assert json.loads(text) == {"reasoning": "as the test asks", "next_speaker": "user"}
        request = urllib.request.Request(f"{server.url}/v1beta/models/m:countTokens", b"{}")
        with urllib.request.urlopen(request, timeout=60) as response:
            assert json.load(response) == {"totalTokens": 1}


def test_models_are_listed_and_unknown_paths_refused() -> None:
    with ModelServer() as server:
        with urllib.request.urlopen(f"{server.url}/v1/models", timeout=60) as response:
            assert json.load(response)["data"][0]["id"] == "fake-model"
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{server.url}/nothing", timeout=60)
        refused.value.close()


def test_closing_cuts_a_held_stream_and_a_delayed_one() -> None:
    with ModelServer() as server:
        held = ask(server, "/v1/messages", "count: 5 hold: 1")
        delayed = ask(server, "/v1/messages", "count: 5 delay: 60000")
        server.wait_held()
    for response in (held, delayed):
        with response, pytest.raises(http.client.IncompleteRead):
            response.read()


def test_a_timeout_for_a_hold_names_the_requests() -> None:
    with ModelServer() as server:
        ask(server, "/v1/messages", "count: 1").close()
        with pytest.raises(TimeoutError, match="count: 1"):
            server.wait_held(timeout_s=0.05)
