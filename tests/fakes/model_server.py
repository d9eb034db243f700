"""A model service for agents, on 127.0.0.1, whose answers are scripted by the prompt.

It speaks the three APIs of ``model_wire`` (streamed or whole) and lists its models. What it answers:

- ``count: N`` in the prompt: N numbered lines, ``answer line 0001`` …, each a piece of the stream.
  ``delay: MS`` waits so long before each line. ``hold: K`` holds the stream after K lines until the
  test calls ``release``: that is how a test stops an answer in its middle without any sleep.
- anything else: ``echo: `` and the prompt.
- a request without tools is one that an agent makes for itself (a title, a summary), for the real
  agents' turns always offer tools: it gets ``A fake title``, and is never held. ``tools_needed=False``
  treats such requests as turns too, for clients simpler than agents.

The server runs in threads, so that tests with and without a loop can use it::

    with ModelServer() as server:
        ...                       # an agent is told server.url and asked "count: 40 hold: 20"
        server.wait_held()        # twenty lines are sent, the twenty-first is not
        server.release()
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.fakes.model_wire import WIRES, Wire

MODEL = "fake-model"
DEADLINE_S = 60.0


class Seen(NamedTuple):
    """A request that the server got."""

    path: str
    prompt: str
    turn: bool
    """It is a turn of the conversation, not one of the agent's own errands."""
    body: dict[str, Any]


class Script(NamedTuple):
    """What a prompt asks for."""

    lines: int | None
    delay_s: float
    hold: int | None

    @classmethod
    def of(cls, prompt: str) -> Script:
        """Read a prompt's ``word: number`` pairs."""
        words = {word: int(number) for word, number in re.findall(r"\b(count|delay|hold):\s*(\d+)", prompt)}
        return cls(words.get("count"), words.get("delay", 0) / 1000, words.get("hold"))


def answer_line(number: int) -> str:
    """One line of a counted answer."""
    return f"answer line {number:04d}"


class ModelServer:
    """The service; use it as a context manager.

    Attributes:
        requests: all requests so far, oldest first.
    """

    def __init__(self, *, tools_needed: bool = True) -> None:
        self.requests: list[Seen] = []
        self._tools_needed = tools_needed
        self._held = threading.Semaphore(0)
        self._released = threading.Semaphore(0)
        self._closing = threading.Event()
        self._server = Listener(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """The base address, without ``/v1``."""
        return f"http://127.0.0.1:{self.port}"

    def wait_held(self, timeout_s: float = DEADLINE_S) -> None:
        """Wait until a stream stands at its ``hold``.

        Raises:
            TimeoutError: none got there in time.
        """
        if not self._held.acquire(timeout=timeout_s):
            raise TimeoutError(f"no answer was held; prompts: {[seen.prompt for seen in self.requests if seen.turn]}")

    def release(self) -> None:
        """Let one held stream go on; a release given early is kept."""
        self._released.release()

    def answer(self, seen: Seen) -> Iterator[str]:
        """The pieces of the answer to a request, as they become due."""
        if not seen.turn:
            yield "A fake title"
            return
        script = Script.of(seen.prompt)
        if script.lines is None:
            yield f"echo: {seen.prompt}"
            return
        for number in range(1, script.lines + 1):
            if script.delay_s and self._closing.wait(script.delay_s):
                return
            yield answer_line(number) + ("" if number == script.lines else "\n")
            if number == script.hold:
                self._held.release()
                self._released.acquire()
                if self._closing.is_set():
                    return

    def take(self, path: str, wire: Wire, body: dict[str, Any]) -> Seen:
        """Note a request."""
        turn = bool(body.get("tools")) or not self._tools_needed
        seen = Seen(path, wire.prompt(body), turn, body)
        self.requests.append(seen)
        return seen

    def close(self) -> None:
        """Stop; streams that are held end where they are."""
        self._closing.set()
        # As many as there can be streams: each is woken and sees that it is to end.
        self._released.release(1000)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Listener(ThreadingHTTPServer):
    """The listening socket; a thread for each request, all of them joined at the close."""

    daemon_threads = False

    def __init__(self, model: ModelServer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.model = model


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Listener
    protocol_version = "HTTP/1.1"
    # A client that connects and says nothing must not hold up the close.
    timeout = 10

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/v1/models":
            models = [{"id": MODEL, "object": "model", "type": "model", "display_name": "Fake Model", "created": 1}]
            self.reply({"object": "list", "data": models, "has_more": False})
        elif path.startswith("/v1/models/"):
            self.reply({"id": path.rpartition("/")[2], "object": "model", "type": "model", "created": 1})
        else:
            self.reply({"error": {"message": f"no such path: {path}"}}, HTTPStatus.NOT_FOUND)

    def do_HEAD(self) -> None:
        self.reply({})

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path == "/v1/messages/count_tokens":
            self.reply({"input_tokens": 1})
            return
        wire = WIRES.get(path)
        if wire is None:
            self.reply({"error": {"message": f"no such path: {path}"}}, HTTPStatus.NOT_FOUND)
            return
        body = json.loads(content)
        model = self.server.model
        pieces = model.answer(model.take(path, wire, body))
        name = str(body.get("model", MODEL))
        if not body.get("stream"):
            self.reply(wire.whole(name, "".join(pieces)))
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for data in wire.stream(name, pieces):
                self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The agent was killed, or the user interrupted it: what the tests are about.

    def reply(self, body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        """Send a JSON object."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the test's output clean."""
