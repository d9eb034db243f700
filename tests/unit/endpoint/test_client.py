"""Replies of a server become events with either API, and refusals become one line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from session_host.endpoint.conversation import ModelMessage, Settings
from session_host.endpoint.server import client
from session_host.endpoint.server.client import (
    Event,
    Finished,
    Model,
    Server,
    TaggedThoughts,
    TextPiece,
    Thinking,
    Tokens,
)
from session_host.endpoint.server.errors import ApiError, ErrorKind, retry_after_s
from tests.fakes.model_script import Script
from tests.fakes.model_server import ModelServer

Answer = list[tuple[int, dict[str, str], bytes]]
HEAD = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return (
        b"data: "
        + json.dumps(HEAD | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode()
        + b"\n\n"
    )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: Any = self.server
        server.bodies.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        server.keys.append(self.headers["Authorization"])
        status, headers, body = server.answers.pop(0)
        self.send_response(status)
        for name, value in ({"Content-Type": "text/event-stream", "Connection": "close"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def serving(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[Any]:
    """A server that sends these answers one after the other, to any request."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    server.answers, server.bodies, server.keys = list(answers), [], []
    server.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def events(
    url: str, turns: Sequence[ModelMessage] = (ModelMessage("user", "hello"),), **settings: Any
) -> list[Event]:
    server = Server(Settings(url=url, **({"model": "m"} | settings)), "key")
    try:
        async with aclosing(server.answer(turns)) as stream:
            return [event async for event in stream]
    finally:
        await server.close()


async def trouble(url: str, **settings: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await events(url, **settings)
    return caught.value


def texts(received: list[Event]) -> str:
    return "".join(event.text for event in received if isinstance(event, TextPiece))


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_an_answer_has_pieces_tokens_and_an_end(api: str) -> None:
    with ModelServer(tools_needed=False) as server:
        received = await events(
            f"{server.url}/v1", [ModelMessage("system", "s"), ModelMessage("user", "count: 3")], api=api
        )
        assert texts(received) == "answer line 0001\nanswer line 0002\nanswer line 0003"
        assert Tokens(1, 1) in received
        assert received[-1] == Finished("")
        body = server.requests[-1].body
        assert body.get("instructions") == ("s" if api == "responses" else None)
        assert body.get("store") is (False if api == "responses" else None), "the server keeps nothing"


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_request_has_the_users_parameters(api: str) -> None:
    with ModelServer(tools_needed=False) as server:
        await events(f"{server.url}/v1", api=api, parameters={"temperature": 0.2, "model": "other"})
        body = server.requests[-1].body
        assert (body["temperature"], body["model"]) == (0.2, "m"), "the chat's own fields stay"


async def test_the_models_are_listed_sorted() -> None:
    with ModelServer(models=("b", "a")) as fake:
        server = Server(Settings(url=f"{fake.url}/v1"), None)
        assert await server.models() == [Model("a"), Model("b")]
        await server.close()


@pytest.mark.parametrize(
    "deltas",
    [
        [{"reasoning_content": "hm"}, {"content": "yes"}],
        [{"reasoning": "hm", "content": "yes"}],
        [{"content": "<think>hm</th"}, {"content": "ink>\n\nyes"}],
    ],
)
async def test_thoughts_of_a_model_are_not_part_of_the_answer(deltas: list[dict[str, str]]) -> None:
    body = b"".join(map(chunk, deltas)) + chunk({}, "stop") + b"data: [DONE]\n\n"
    with serving((200, {}, body)) as server:
        assert await events(server.url) == [Thinking("hm"), TextPiece("yes"), Finished("")]


async def test_an_answer_that_reached_a_limit_says_so() -> None:
    with serving((200, {}, chunk({"content": "yes"}) + chunk({}, "length"))) as server:
        assert (await events(server.url))[-1] == Finished("the answer reached the length limit; /continue to continue")


async def test_a_server_without_stream_options_is_asked_without_them() -> None:
    refusal = json.dumps({"error": {"message": "unknown field: stream_options"}}).encode()
    good = chunk({"content": "yes"}, "stop")
    with serving((400, {"Content-Type": "application/json"}, refusal), (200, {}, good)) as server:
        assert texts(await events(server.url)) == "yes"
        assert ["stream_options" in body for _, body in server.bodies] == [True, False]


async def test_a_server_without_chat_completions_is_asked_for_responses() -> None:
    done: dict[str, Any] = {"id": "r", "object": "response", "status": "completed", "output": [], "usage": None}
    stream = b"".join(
        b"data: " + json.dumps(event).encode() + b"\n\n"
        for event in (
            {"type": "response.output_text.delta", "delta": "yes", "sequence_number": 0},
            {"type": "response.completed", "response": done, "sequence_number": 1},
        )
    )
    with serving((404, {}, b"no such path"), (200, {}, stream)) as server:
        assert texts(await events(server.url)) == "yes"
        assert [path for path, _ in server.bodies] == ["/v1/chat/completions", "/v1/responses"]


@pytest.mark.parametrize(
    ("status", "reason", "kind", "words"),
    [
        (401, "Incorrect key", ErrorKind.KEY, "set another with /key"),
        (404, "The model `m` does not exist", ErrorKind.NOT_FOUND, "has no model 'm'; choose one with /model"),
        (429, "slow down", ErrorKind.BUSY, "is limiting requests"),
        (503, "loading", ErrorKind.BUSY, "is overloaded"),
        (500, "oh\x1b[31m\nno", ErrorKind.OTHER, "reports an error (500: oh [31m no)"),
        (400, "too long", ErrorKind.OTHER, "rejected the question (400: too long)"),
    ],
)
async def test_refusals_say_what_to_do(status: int, reason: str, kind: ErrorKind, words: str) -> None:
    body = json.dumps({"error": {"message": reason}}).encode()
    with serving((status, {"Content-Type": "application/json", "Retry-After": "7"}, body)) as server:
        error = await trouble(server.url, api="chat")
    assert error.kind is kind
    assert words in str(error)
    assert str(error).isprintable()
    assert error.retry_after_s == (7.0 if kind is ErrorKind.BUSY else None)


EXPLANATIONS: list[tuple[Any, str]] = [
    ({"error": "in the error itself"}, "in the error itself"),
    ({"message": "without an error"}, "without an error"),
    ({"detail": "in a detail"}, "in a detail"),
    ({"detail": {"message": "within a detail"}}, "within a detail"),
    ({"error": {"code": 7}}, "Bad Request"),
    ({"error": None, "detail": [1]}, "Bad Request"),
    ([], "Bad Request"),
]


async def test_a_servers_explanation_is_found_in_each_of_the_forms_that_servers_use() -> None:
    bodies = [json.dumps(body).encode() for body, _ in EXPLANATIONS]
    with serving(*((400, {"Content-Type": "application/json"}, body) for body in bodies)) as server:
        for body, shown in EXPLANATIONS:
            assert f"rejected the question (400: {shown})" in str(await trouble(server.url, api="chat")), body


async def test_a_request_has_the_key_and_the_query_of_the_address() -> None:
    good = chunk({"content": "yes"}, "stop")
    with serving((200, {}, good), (200, {}, good)) as server:
        await events(f"{server.url}/deployments/x?api-version=1")
        await events(f"{server.url}/")
        assert [path for path, _ in server.bodies] == [
            "/v1/deployments/x/chat/completions?api-version=1",
            "/v1/chat/completions",
        ]
        assert server.keys == ["Bearer key", "Bearer key"]


@pytest.mark.parametrize("kind", ["text/plain; charset=iso-8859-1", "application/json", "application/octet-stream"])
async def test_an_answer_of_another_type_is_read_as_events_in_utf_8(kind: str) -> None:
    event = b'data: {"choices": [{"delta": {"content": "\xc3\xa4"}, "finish_reason": "stop"}]}\r\n\r\n'
    with serving((200, {"Content-Type": kind}, b": comment\n\nevent: ping\n\n" + event)) as server:
        assert await events(server.url) == [TextPiece("ä"), Finished("")]


async def test_a_used_up_quota_is_not_waited_for() -> None:
    body = json.dumps({"error": {"message": "no more", "code": "insufficient_quota"}}).encode()
    with serving((429, {"Content-Type": "application/json"}, body)) as server:
        error = await trouble(server.url)
    assert (error.kind, "is used up" in str(error)) == (ErrorKind.OTHER, True)


INVALID = [
    b"",
    b"data: {\n\n",
    b"data: []\n\n",
    b"data: 1\n\n",
    b'data: {"choices": 3}\n\n',
    b'data: {"choices": [{"delta": {"content": 5}}]}\n\n',
    b"<html>hello</html>",
    b"\xff\xfe\x00",
    b'data: {"error": {"message": "oh"}}\n\n',
    chunk({"content": "half"}),
]


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_an_invalid_reply_is_one_line(api: str) -> None:
    with serving(*((200, {}, body) for body in INVALID)) as server:
        for body in INVALID:
            problem = str(await trouble(server.url, api=api))
            assert problem.isprintable(), body
            assert len(problem) < 300, body
            assert "Error" not in problem, "no names of classes"


async def test_an_answer_that_ends_with_done_alone_is_complete() -> None:
    with serving((200, {}, chunk({"content": "yes"}) + b"data: [DONE]\n\n"), (200, {}, b"data: [DONE]\n\n")) as server:
        assert await events(server.url) == [TextPiece("yes"), Finished("")]
        assert (await trouble(server.url)).kind is ErrorKind.CUT, "an empty stream is no answer"


@pytest.mark.parametrize(("status", "api"), [(200, "chat"), (200, "responses"), (404, "auto"), (405, "auto")])
async def test_a_web_page_is_reported_as_no_model_server(status: int, api: str) -> None:
    page = (status, {"Content-Type": "text/html; charset=utf-8"}, b"<html><body>It works!</body></html>")
    with serving(page, page) as server:
        error = await trouble(server.url, api=api)
        assert str(error).startswith(f"127.0.0.1:{server.server_port} is not a model server; check the address")
        assert error.kind is ErrorKind.NOT_FOUND


async def test_a_long_explanation_is_shown_with_the_request_id_at_its_end_and_a_very_long_one_says_that_it_is_cut() -> (
    None
):
    id_ = "request id req_0123456789abcdef"
    for explanation, shown in ((f"{'Sorry. ' * 40}{id_}", id_), ("x" * 600, f"{'x' * 499}…")):
        error = b"data: " + json.dumps({"error": {"message": explanation}}).encode() + b"\n\n"
        with serving((200, {}, chunk({"content": "yes"}) + error)) as server:
            assert (await trouble(server.url)).problem.endswith(f"{shown})")
        with serving((400, {"Content-Type": "application/json"}, error.removeprefix(b"data: "))) as server:
            assert shown in (await trouble(server.url)).problem


async def test_a_cut_and_a_silent_stream_are_reported() -> None:
    with ModelServer(tools_needed=False) as server:
        server.plan(Script(lines=4, cut=2), Script(lines=4, cut=0), Script(silent=True))
        url = f"{server.url}/v1"
        assert (await trouble(url)).kind is ErrorKind.CUT
        assert (await trouble(url)).kind is ErrorKind.CUT
        error = await trouble(url, timeout_s=0.3)
        assert (error.kind, "within 0.3 s" in str(error)) == (ErrorKind.SILENT, True)


async def test_a_refused_connection_is_reported() -> None:
    with ModelServer() as server:
        url = f"{server.url}/v1"
    error = await trouble(url)
    assert (error.kind, "connection to 127.0.0.1:" in str(error)) == (ErrorKind.REFUSED, True)


async def test_a_server_without_tls_and_an_invalid_name_cannot_be_reached() -> None:
    with serving() as server:
        error = await trouble(server.url.replace("http:", "https:"))
        assert (error.kind, "cannot reach 127.0.0.1:" in str(error)) == (ErrorKind.REFUSED, True)
    error = await trouble("http://\N{SNOWMAN}.\N{SNOWMAN}/v1")
    assert (error.kind, "check the address" in str(error)) == (ErrorKind.REFUSED, True)


async def test_a_local_server_is_not_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with ModelServer(tools_needed=False) as server:
        assert texts(await events(f"{server.url}/v1")) == "echo: hello"


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, 50.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "999999999"}, 3600.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_the_retry_after_header_is_read(headers: dict[str, str], wait_s: float | None) -> None:
    assert retry_after_s(headers, 10.0) == wait_s


async def test_a_redirect_to_another_server_gets_neither_the_conversation_nor_the_key() -> None:
    with serving() as other:
        target = f"{other.url}/chat/completions"
        with serving((307, {"Location": target}, b"")) as server:
            error = await trouble(server.url)
            assert (other.bodies, other.keys) == ([], [])
            assert f"redirects to {other.url.removesuffix('/v1')}; use that address if you trust it" in str(error)


async def test_a_redirect_names_its_server_without_the_user_name_that_looks_like_another() -> None:
    with serving((307, {"Location": "http://api.example.com@127.0.0.1:9/v1"}, b"")) as server:
        assert "redirects to http://127.0.0.1:9; use" in str(await trouble(server.url))


@pytest.mark.parametrize(("status", "words"), [(200, "sent too much at once"), (500, "Internal Server Error")])
async def test_a_server_that_sends_without_end_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    monkeypatch.setattr(client, "MAX_BYTES", 1 << 16)
    body = b'data: {"error": "%s"}' if status == 200 else b'{"pad": "%s", "message": "read to its end"}'
    with serving((status, {}, body % (b"A" * (1 << 17)))) as server:
        assert words in str(await trouble(server.url))


async def test_a_redirect_within_the_server_is_followed() -> None:
    done: tuple[int, dict[str, str], bytes] = (200, {}, chunk({"content": "hi"}, "stop") + b"data: [DONE]\n\n")
    with serving((307, {"Location": "/v2/chat/completions"}, b""), done) as server:
        assert TextPiece("hi") in await events(server.url)
        assert [path for path, _ in server.bodies] == ["/v1/chat/completions", "/v2/chat/completions"]


ANSWERS = {
    "plain": ("Yes.", "", "Yes."),
    "thoughts": ("<think>\nIs it?\n</think>\n\nYes.", "Is it?\n", "Yes."),
    "other tags": ("\n<thinking>Is it?</thinking>Yes.", "Is it?", "Yes."),
    "no thoughts": ("<think>\n\n</think>\n\nYes.", "", "Yes."),
    "thoughts alone": ("<think>Is it?", "Is it?", ""),
    "a cut tag": ("<think>Is it?</thi", "Is it?</thi", ""),
    "a similar tag": ("<thinker> is a word", "", "<thinker> is a word"),
    "a lone bracket": ("<", "", "<"),
    "a tag in the thoughts": ("<think>a < b, <think>, </them></think>c", "a < b, <think>, </them>", "c"),
    "a tag in the answer": ("Use <think>x</think>.", "", "Use <think>x</think>."),
    "a tag after the thoughts": ("<think>a</think>b <think>c</think>", "a", "b <think>c</think>"),
    "blanks before an answer": ("\n  indented", "", "\n  indented"),
    "blanks alone": ("  \n", "", "  \n"),
}


def separated(pieces: Iterable[str]) -> tuple[str, str]:
    thoughts = TaggedThoughts()
    found = [thoughts.separate(piece) for piece in pieces] + [thoughts.rest()]
    return "".join(thought for thought, _ in found), "".join(text for _, text in found)


@pytest.mark.parametrize("name", ANSWERS)
def test_thoughts_are_separated_however_the_answer_is_cut(name: str) -> None:
    content, *expected = ANSWERS[name]
    assert separated([content]) == tuple(expected)
    assert separated(content) == tuple(expected), "character by character"
    for at in range(len(content)):
        assert separated([content[:at], content[at:]]) == tuple(expected), at


def test_an_answer_without_thoughts_arrives_at_once() -> None:
    thoughts = TaggedThoughts()
    assert thoughts.separate("Y") == ("", "Y")
    assert thoughts.separate("es.") == ("", "es.")
