"""A fake model service for agents, on 127.0.0.1; the prompt contains the script of the answer.

It speaks Anthropic's Messages, OpenAI's Responses and Chat Completions, and Google's Gemini API (streamed
or whole), and lists its models. Its answers:

- A prompt with words of ``model_script`` gets counted lines, held streams, tool calls, refusals, cut connections.
- Any other prompt gets ``echo: `` and the prompt; after a tool, ``the tool said: `` and its result.
- A request without tools is one that an agent makes for itself (a title, a summary), since the real agents' turns
  always offer tools. It gets ``A fake title``, and is never held. With ``tools_needed=False`` such requests are turns
  too, for clients simpler than agents.

A test can also script the next turn itself: ``server.plan(Script(status=429, retry_after_s=1))`` overrides the prompt.
Each answer that was sent whole is billed, as ``price`` says.
With ``key``, a request without that key gets a 401; with ``models``, a request for another model gets a 404.

The server runs in threads, so that tests with and without an event loop can use it::

    with ModelServer() as server:
        ...                       # start an agent with server.url and send it "count: 40 hold: 20"
        server.wait_held()        # twenty lines are sent, the twenty-first is not
        server.release()
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.fakes.model_script import Json, Piece, Script, Tokens, Tool
from tests.fakes.model_wire import Gemini, Messages, Wire, last_prompt
from tests.fakes.model_wire_openai import ChatCompletions, Responses

MODEL = "fake-model"
DEADLINE_S = 60.0

WIRES: dict[str, Wire] = {
    "/v1/messages": Messages(),
    "/v1/responses": Responses(),
    "/v1/chat/completions": ChatCompletions(),
}
"""The APIs by the path of their requests."""

GEMINI = Gemini()
GEMINI_PATH = re.compile(r"/v1(?:beta)?/models/([^/:]+):(\w+)")
"""The path of a Gemini request: the model and the method."""

KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")


class Cut(Exception):
    """The script drops the connection at this point."""


class ReceivedRequest(NamedTuple):
    """A request that the server has received."""

    path: str
    prompt: str
    turn: bool
    """Whether it is a turn of the conversation, and not a request that the agent makes for itself."""
    body: Json
    results: list[str] = []  # noqa: RUF012 - it is never changed
    """The results of tools since the prompt."""
    tools: list[Tool] = []  # noqa: RUF012 - it is never changed
    key: str = ""
    """The request's key, without ``Bearer``."""


def answer_line(number: int, width: int = 0) -> str:
    """One line of a counted answer; words without a pattern make it so long, since some agents stop repeated text."""
    line = f"answer line {number:04d}"
    while len(line) < width:
        line += f" {sha256(line.encode()).hexdigest()[:8]}"
    return line


class ModelServer:
    """The service. A context manager.

    Attributes:
        requests: all requests so far, oldest first.
        key: the key that every request must have; empty: any or none.
        models: the models that it knows; empty: any.
        headers: additional headers of each answer.
        price: the tokens of a request's answer.
        bill: the tokens of all answers that were sent whole.
    """

    def __init__(self, *, tools_needed: bool = True, key: str = "", models: tuple[str, ...] = ()) -> None:
        self.requests: list[ReceivedRequest] = []
        self.key = key
        self.models = models
        self.headers: dict[str, str] = {}
        self.price: Callable[[ReceivedRequest], Tokens] = lambda _request: Tokens()
        self.bill: list[Tokens] = []
        self.closing = threading.Event()
        self._tools_needed = tools_needed
        self._planned: deque[Script] = deque()
        self._prompt_counts: Counter[str] = Counter()
        self._arrived = threading.Condition()
        self._held = threading.Semaphore(0)
        self._released = threading.Semaphore(0)
        self._server = Listener(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        """The port at which it listens."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """The base address, without ``/v1``."""
        return f"http://127.0.0.1:{self.port}"

    def plan(self, *scripts: Script) -> None:
        """Set the scripts of the next turns, one for each turn; they override the prompts' scripts."""
        self._planned.extend(scripts)

    def wait_held(self, timeout_s: float = DEADLINE_S) -> None:
        """Wait until a stream waits at its ``hold``.

        Raises:
            TimeoutError: no stream does in time.
        """
        if not self._held.acquire(timeout=timeout_s):
            raise TimeoutError(f"no answer was held; prompts: {self.prompts()}")

    def release(self) -> None:
        """Let one held stream continue; an early release applies to the next hold."""
        self._released.release()

    def wait_asked(self, prompt: str, times: int = 1, timeout_s: float = DEADLINE_S) -> ReceivedRequest:
        """Wait for ``times`` turn requests with exactly this prompt (each tool result makes one); return the last one.

        Raises:
            TimeoutError: they do not arrive in time.
        """

        def matching() -> list[ReceivedRequest]:
            return [request for request in self.requests if request.turn and request.prompt == prompt]

        with self._arrived:
            if not self._arrived.wait_for(lambda: len(matching()) >= times, timeout_s):
                raise TimeoutError(f"{prompt!r} was not asked {times} times; prompts: {self.prompts()}")
            return matching()[times - 1]

    def prompts(self) -> list[str]:
        """The prompts of the turns so far."""
        return [request.prompt for request in self.requests if request.turn]

    def take(self, path: str, wire: Wire, body: Json, key: str) -> tuple[ReceivedRequest, Script]:
        """Record a request; return it with the script of its answer."""
        prompt, results = last_prompt(wire.conversation(body))
        tools = wire.tools(body)
        # ``tools`` may lack a service's own tools, such as a search, which have no schema; these count as tools too.
        request = ReceivedRequest(
            path, prompt, bool(body.get("tools")) or not self._tools_needed, body, results, tools, key
        )
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
            return request, self._script(request)

    def _script(self, request: ReceivedRequest) -> Script:
        if not request.turn:
            return Script()
        if self._planned:
            return self._planned.popleft()
        self._prompt_counts[request.prompt] += 1
        script = Script.of(request.prompt)
        past = script.times is not None and self._prompt_counts[request.prompt] > script.times
        return script.without_faults() if past else script

    def answer(self, request: ReceivedRequest, script: Script) -> Iterator[Piece]:
        """Yield the pieces of the answer to a request when they are due.

        Raises:
            Cut: the connection must be dropped now.
        """
        if not request.turn:
            yield GEMINI.errand(request.body) or "A fake title"
            return
        if len(request.results) < len(script.wishes):
            number = len(request.results)
            self.hold_at(script, 0)
            if script.says:
                yield script.says
            call = script.wishes[number].call(request.tools, f"call_{len(self.requests)}_{number}")
            yield call or f"there is no such tool among {[tool.name for tool in request.tools]}"
            return
        if script.lines is None:
            if script.cut is not None:
                raise Cut
            self.hold_at(script, 0)
            yield f"the tool said: {request.results[-1]}" if request.results else f"echo: {request.prompt}"
            return
        self.hold_at(script, 0)
        for number in range(1, script.lines + 1):
            if script.cut == number - 1:
                raise Cut
            if script.delay_s and self.closing.wait(script.delay_s):
                raise Cut
            yield answer_line(number, script.width) + ("" if number == script.lines else "\n")
            self.hold_at(script, number)
        if script.cut == script.lines:
            raise Cut

    def hold_at(self, script: Script, number: int) -> None:
        """Wait for a release, if the script holds the stream after this number of lines."""
        if number == script.hold:
            self._held.release()
            self._released.acquire()
            if self.closing.is_set():
                raise Cut

    def close(self) -> None:
        """Stop the server; held streams are cut."""
        self.closing.set()
        # More than there are streams, so that each held stream wakes up and is cut.
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
    """The listening socket. Each request has a thread; closing joins all threads."""

    daemon_threads = False

    def __init__(self, model: ModelServer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.model = model


class Handler(BaseHTTPRequestHandler):
    """Handles one request."""

    server: Listener
    protocol_version = "HTTP/1.1"
    # A client that connects and sends nothing must not block the close.
    timeout = 10

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/v1/models") and self.refused(WIRES["/v1/chat/completions"], ""):
            return
        if path == "/v1/models":
            names = self.server.model.models or (MODEL,)
            common = {"object": "model", "type": "model", "display_name": "Fake Model", "created": 1}
            models = [{"id": name, **common} for name in names]
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
        gemini = GEMINI_PATH.fullmatch(path)
        wire = GEMINI if gemini else WIRES.get(path)
        if path == "/v1/messages/count_tokens":
            self.reply({"input_tokens": 1})
        elif wire is None:
            self.reply({"error": {"message": f"no such path: {path}"}}, HTTPStatus.NOT_FOUND)
        elif gemini and gemini[2] == "countTokens":
            self.reply({"totalTokens": 1})
        else:
            body = json.loads(content)
            name = gemini[1] if gemini else str(body.get("model", MODEL))
            streamed = gemini[2] == "streamGenerateContent" if gemini else bool(body.get("stream"))
            if not self.refused(wire, name):
                self.respond(path, wire, body, name, streamed)

    def refused(self, wire: Wire, name: str) -> bool:
        """Refuse a wrong key or an unknown model; returns whether it refused."""
        model = self.server.model
        if model.key and self.key() != model.key:
            self.reply(wire.error(401, "Incorrect API key provided"), HTTPStatus.UNAUTHORIZED)
        elif name and model.models and name not in model.models:
            self.reply(wire.error(404, f"The model `{name}` does not exist"), HTTPStatus.NOT_FOUND)
        else:
            return False
        return True

    def key(self) -> str:
        """The request's key."""
        given = [self.headers[name] for name in KEY_HEADERS if self.headers[name]]
        return given[0].removeprefix("Bearer ") if given else ""

    def respond(self, path: str, wire: Wire, body: Json, name: str, streamed: bool) -> None:
        """Answer a request by its script."""
        model = self.server.model
        request, script = model.take(path, wire, body, self.key())
        try:
            if script.silent:
                model.closing.wait()
                self.close_connection = True
            elif script.status is not None:
                model.hold_at(script, 0)
                after = {} if script.retry_after_s is None else {"Retry-After": str(script.retry_after_s)}
                message = f"refused with {script.status}, as the test asks"
                self.reply(wire.error(script.status, message), script.status, after)
            else:
                tokens = model.price(request)
                if streamed:
                    self.stream(wire.stream(name, model.answer(request, script), tokens))
                else:
                    self.reply(wire.whole(name, model.answer(request, script), tokens))
                model.bill.append(tokens)
        except (Cut, BrokenPipeError, ConnectionResetError):
            # The script cuts the connection, the agent was killed, or the user interrupted it.
            self.close_connection = True

    def stream(self, events: Iterator[bytes]) -> None:
        """Send events in chunks, so that a client can distinguish a cut stream from a finished one."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for data in events:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def reply(self, body: Json, status: int = HTTPStatus.OK, more: Mapping[str, str] | None = None) -> None:
        """Send a JSON object."""
        content = json.dumps(body).encode()
        self.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
        for name, value in {**headers, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def end_headers(self) -> None:
        for name, value in self.server.model.headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing, to keep the test's output clean."""
