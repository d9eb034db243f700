"""Sends a conversation to the server and yields the events of the answer.

The module uses two interfaces of OpenAI's API, which other servers have, too: chat completions, which nearly every
server has, and responses (https://platform.openai.com/docs/api-reference). ``auto`` begins with the first, and uses the
other one if the server lacks the first one's path. The HTTP client is imported on first use: ``preload`` does so in a
thread, while the user is still typing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from session_host.endpoint.conversation import ModelMessage, Settings
from session_host.protocol.untrusted_numbers import tokens

from . import errors
from .addresses import is_local
from .api_keys import PLACEHOLDER
from .errors import ASK_AGAIN, CONTINUE_OR_ASK_AGAIN, ApiError, ErrorKind

if TYPE_CHECKING:
    import httpx2

_END_OF: Final = {"<think>": "</think>", "<thinking>": "</thinking>"}

CONNECT_TIMEOUT_S: Final = 10.0
MAX_MODELS: Final = 1000
MAX_BYTES: Final = 16 << 20
"""The limit of an event, and of another answer: a server that sends more would fill the memory."""

_OF_THE_STREAM: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
DONE: Final = "[DONE]"
"""The data of a stream's last event; not every server sends it."""

_logger = logging.getLogger(__name__)

_NOTES: Final = {
    "length": "the answer reached the length limit; /continue to continue",
    "max_output_tokens": "the answer reached the length limit; /continue to continue",
    "content_filter": "the server withheld part of the answer",
}

_CONTEXT_FIELDS: Final = ("max_model_len", "context_length", "context_window", "max_context_length")
"""Fields of a model with the size of its context: vLLM, OpenRouter, Groq, Mistral."""


class TextPiece(NamedTuple):
    """A piece of the answer."""

    text: str


class Thinking(NamedTuple):
    """A piece of the model's thoughts."""

    text: str = ""
    """The thought; "" if the server only says that the model thinks."""


class Tokens(NamedTuple):
    """The server's token counts."""

    input: int | None
    output: int | None


class Model(NamedTuple):
    """A model of the server."""

    name: str
    context_tokens: int = 0
    """The size of its context in tokens; 0 if the server does not say."""


class Finished(NamedTuple):
    """The answer is complete."""

    note: str
    """A remark for the user about the end, one line; "" for none."""


Event = TextPiece | Thinking | Tokens | Finished


class Server:
    """A connection to one server with one key; close it after use."""

    def __init__(self, settings: Settings, key: str | None) -> None:
        self._settings = settings
        self._key = key or PLACEHOLDER
        self._client: httpx2.AsyncClient | None = None
        self._api = settings.api
        self._with_usage = True

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def models(self) -> list[Model]:
        """The server's models, sorted by name.

        Raises:
            ApiError: the server does not list them.
        """
        client = await self._connected()
        import httpx2

        try:
            async with client.stream("GET", self._address("models")) as stream:
                response = await _beginning(stream)
            self._check(response)
            listed = response.json()["data"] or ()
            return sorted(Model(str(model["id"]), _context_tokens(model)) for model in listed[:MAX_MODELS])
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._api_error(error, begun=False) from error
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise errors.not_a_model_server(self._settings.url) from error

    async def answer(self, turns: Sequence[ModelMessage]) -> AsyncGenerator[Event]:
        """Ask, and yield the answer as it arrives; the last event is ``Finished``.

        Args:
            turns: the messages, as ``Conversation.for_model`` returns them.

        Raises:
            ApiError: there is no answer, or it ends early; events before that count.
        """
        client = await self._connected()
        import httpx2

        while True:
            begun = False
            responses = self._api == "responses"
            events = self._responses(client, turns) if responses else self._chat(client, turns)
            try:
                async with contextlib.aclosing(events):
                    async for event in events:
                        begun = True
                        yield event
                return
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                if begun or not self._adapt_request(error):
                    raise self._api_error(error, begun=begun) from error
            except (ValueError, TypeError, AttributeError, LookupError) as error:
                # Answers are not validated, since servers differ; some differ too much.
                if not begun:
                    raise errors.not_a_model_server(self._settings.url) from error
                raise ApiError("the answer is damaged", ErrorKind.CUT, retry=ASK_AGAIN) from error

    async def _connected(self) -> httpx2.AsyncClient:
        """The client, imported and created on first use."""
        if self._client is None:
            await asyncio.to_thread(preload)
            import httpx2

            self._client = httpx2.AsyncClient(
                headers={"Authorization": f"Bearer {self._key}", "User-Agent": "outlive"},
                timeout=httpx2.Timeout(
                    self._settings.timeout_s, connect=min(CONNECT_TIMEOUT_S, self._settings.timeout_s)
                ),
                follow_redirects=True,
                event_hooks={"request": [self._check_origin]},
                # Never use a proxy for servers on this machine, even if the environment names one.
                trust_env=not is_local(self._settings.url),
            )
        return self._client

    async def _check_origin(self, request: httpx2.Request) -> None:
        """Refuse a redirect to another server, which would get the conversation.

        Raises:
            ApiError: the request leaves the server's origin.
        """
        import httpx2

        server, target = httpx2.URL(self._settings.url), request.url
        if (target.scheme, target.host, target.port) != (server.scheme, server.host, server.port):
            raise errors.redirected(self._settings.url, str(target))

    def _address(self, path: str) -> httpx2.URL:
        """The address of a part of the API; the query of the server's address stays (Azure has the version there)."""
        import httpx2

        server = httpx2.URL(self._settings.url)
        return server.copy_with(path=f"{server.path.rstrip('/')}/{path}")

    def _adapt_request(self, error: Exception) -> bool:
        """Change the form of the request if the server may accept that one; returns whether it may."""
        import httpx2

        if not isinstance(error, httpx2.HTTPStatusError):
            return False
        status, refusal = error.response.status_code, errors.Refusal.of(error.response)
        if self._with_usage and status in {400, 422} and "stream_options" in refusal.reason.lower():
            self._with_usage = False
            return True
        if self._api == "auto" and status in {404, 405} and not refusal.names_model:
            self._api = "responses"
            return True
        return False

    def _api_error(self, error: httpx2.HTTPError | httpx2.InvalidURL, *, begun: bool) -> ApiError:
        import httpx2

        settings = self._settings
        if isinstance(error, httpx2.HTTPStatusError):
            return errors.status_error(error.response, settings.url, settings.model)
        return errors.connection_error(error, settings.url, settings.timeout_s, begun=begun)

    def _check(self, response: httpx2.Response) -> None:
        """Reject a refusal, and a web page, which would be read as a stream without events."""
        response.raise_for_status()
        if errors.is_web_page(response.headers):
            raise errors.not_a_model_server(self._settings.url)

    async def _stream(self, client: httpx2.AsyncClient, path: str, request: dict[str, Any]) -> AsyncGenerator[Any]:
        """Ask, and yield each event's data, decoded; the last one is ``DONE`` if the server sends that."""
        async with client.sse(self._address(path), method="POST", json=request, max_event_size=MAX_BYTES) as source:
            if not source.response.is_success:
                (await _beginning(source.response)).raise_for_status()
            self._check(source.response)
            # Some servers name another type, which the parser refuses.
            source.response.headers["Content-Type"] = "text/event-stream"
            async for event in source:
                if event.data.startswith(DONE):
                    yield DONE
                    return
                if not event.data:
                    continue
                data = json.loads(event.data)
                if isinstance(data, dict) and data.get("error"):
                    raise errors.stream_error(data["error"], self._settings.url)
                yield data

    async def _chat(self, client: httpx2.AsyncClient, turns: Sequence[ModelMessage]) -> AsyncGenerator[Event]:
        """Ask by chat completions."""
        request: dict[str, Any] = self._settings.parameters | {
            "model": self._settings.model,
            "messages": [{"role": turn.role, "content": _chat_content(turn)} for turn in turns],
            "stream": True,
        }
        if self._with_usage:
            request["stream_options"] = {"include_usage": True}
        finish: str | None = None
        answered = done = False
        tagged = TaggedThoughts()
        async with contextlib.aclosing(self._stream(client, "chat/completions", request)) as stream:
            async for chunk in stream:
                if chunk == DONE:
                    done = True
                    continue
                if (usage := chunk.get("usage")) is not None:
                    yield Tokens(tokens(usage.get("prompt_tokens")), tokens(usage.get("completion_tokens")))
                for choice in chunk.get("choices") or ():
                    delta = choice.get("delta") or {}
                    finish = choice.get("finish_reason") or finish
                    if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                        yield Thinking(str(thought))
                    if text := delta.get("content") or delta.get("refusal"):
                        answered = True
                        for event in _events(*tagged.separate(str(text))):
                            yield event
        for event in _events(*tagged.rest()):
            yield event
        # Some servers give no reason for the end; "[DONE]" still shows that the answer is complete.
        if finish is None and not (answered and done):
            raise _incomplete()
        yield Finished(_NOTES.get(finish or "", ""))

    async def _responses(self, client: httpx2.AsyncClient, turns: Sequence[ModelMessage]) -> AsyncGenerator[Event]:
        """Ask by responses, without storage on the server."""
        system = turns[0].text if turns and turns[0].role == "system" else None
        request: dict[str, Any] = self._settings.parameters | {
            "model": self._settings.model,
            "input": [
                {"role": turn.role, "content": _responses_content(turn)} for turn in turns if turn.role != "system"
            ],
            "stream": True,
            "store": False,
        }
        if system:
            request["instructions"] = system
        end: Any = None
        async with contextlib.aclosing(self._stream(client, "responses", request)) as stream:
            async for event in stream:
                if event == DONE:
                    continue
                kind = str(event["type"])
                if kind in {"response.output_text.delta", "response.refusal.delta"}:
                    yield TextPiece(str(event.get("delta") or ""))
                elif kind.startswith("response.reasoning"):
                    yield Thinking(str(event.get("delta") or "") if kind.endswith(".delta") else "")
                elif kind in {"response.completed", "response.incomplete"}:
                    end = event["response"]
                elif kind in {"response.failed", "error"}:
                    raise ApiError(f"the server stopped ({_reason(event)})", ErrorKind.CUT, retry=ASK_AGAIN)
        if end is None:
            raise _incomplete()
        if (usage := end.get("usage")) is not None:
            yield Tokens(tokens(usage.get("input_tokens")), tokens(usage.get("output_tokens")))
        details = end.get("incomplete_details") or {}
        yield Finished(_NOTES.get(str(details.get("reason")), ""))


class TaggedThoughts:
    """Separates the thoughts of one answer from the rest of it, while it arrives."""

    def __init__(self) -> None:
        self._held = ""
        """The end of the content so far, if it may be the beginning of a tag."""
        self._end_tag = ""
        self._is_answer = False
        self._is_blank = True
        """Whether nothing but blanks has come of the current part, the thoughts or the answer behind them."""

    def separate(self, content: str) -> tuple[str, str]:
        """The thoughts, and the text of the answer, in the next piece of content."""
        content = self._held + content
        self._held = ""
        if not self._is_answer and not self._end_tag:
            begin = content.lstrip()
            if any(tag.startswith(begin) for tag in _END_OF if tag != begin):
                self._held = content
                return "", ""
            tag = next((tag for tag in _END_OF if begin.startswith(tag)), None)
            if tag is None:
                self._is_answer, self._is_blank = True, False
            else:
                self._end_tag, content = _END_OF[tag], begin.removeprefix(tag)
        if self._is_answer:
            return "", self._shown(content)
        thoughts, end_tag, answer = content.partition(self._end_tag)
        if not end_tag:
            self._held = _beginning_at_end(thoughts, self._end_tag)
            return self._shown(thoughts.removesuffix(self._held)), ""
        thoughts = self._shown(thoughts)
        self._is_answer = self._is_blank = True
        return thoughts, self._shown(answer)

    def rest(self) -> tuple[str, str]:
        """The same for what was held back, at the answer's end."""
        return (self._held, "") if self._end_tag and not self._is_answer else ("", self._held)

    def _shown(self, text: str) -> str:
        """The text without the blanks that begin its part."""
        if self._is_blank:
            text = text.lstrip()
            self._is_blank = not text
        return text


def _beginning_at_end(text: str, tag: str) -> str:
    """The longest beginning of a tag with which a text ends."""
    lengths = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((tag[:length] for length in lengths if text.endswith(tag[:length])), "")


def preload() -> None:
    """Import the HTTP client before it is needed."""
    import httpx2

    _logger.debug("client imported: httpx2 %s", httpx2.__version__)


async def _beginning(response: httpx2.Response) -> httpx2.Response:
    """An answer with the beginning of its body: the whole one may have any length."""
    import httpx2

    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) >= MAX_BYTES:
            break
    headers = {name: value for name, value in response.headers.items() if name not in _OF_THE_STREAM}
    return httpx2.Response(
        response.status_code,
        headers=headers,
        content=bytes(body),
        request=response.request,
        extensions=dict(response.extensions),
    )


def _events(thoughts: str, text: str) -> Iterator[Event]:
    if thoughts:
        yield Thinking(thoughts)
    if text:
        yield TextPiece(text)


def _chat_content(turn: ModelMessage) -> Any:
    """A message's content for chat completions: text alone, else parts."""
    if not turn.images:
        return turn.text
    images = [{"type": "image_url", "image_url": {"url": image.data_url()}} for image in turn.images]
    return [*([{"type": "text", "text": turn.text}] if turn.text else []), *images]


def _responses_content(turn: ModelMessage) -> Any:
    """A message's content for responses: text alone, else parts."""
    if not turn.images:
        return turn.text
    images = [{"type": "input_image", "image_url": image.data_url()} for image in turn.images]
    return [*([{"type": "input_text", "text": turn.text}] if turn.text else []), *images]


def _context_tokens(model: Any) -> int:
    sizes = (tokens(model.get(field)) for field in _CONTEXT_FIELDS)
    return next(filter(None, sizes), 0)


def _reason(event: Any) -> str:
    """The server's reason for a failure."""
    error = (event.get("response") or {}).get("error") or {}
    reason = error.get("message") or event.get("message") or "no reason given"
    return errors.shown_reason(str(reason))


def _incomplete() -> ApiError:
    return ApiError("the answer is incomplete; /continue to continue", ErrorKind.CUT, retry=CONTINUE_OR_ASK_AGAIN)
