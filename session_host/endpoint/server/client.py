"""Sends a conversation to the server and yields the events of the answer (official client).

The module uses two interfaces: chat completions, which nearly every server has, and responses. ``auto`` begins with the
first, and uses the other one if the server lacks the first one's path. The client is imported on first use, which takes
most of a second: ``preload`` does so in a thread, while the user is still typing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from session_host.endpoint.conversation.conversation import Settings, Turn
from session_host.endpoint.server import errors
from session_host.endpoint.server.addresses import is_local
from session_host.endpoint.server.api_keys import PLACEHOLDER
from session_host.endpoint.server.errors import ASK_AGAIN, CONTINUE_OR_ASK_AGAIN, ApiError, ErrorKind

if TYPE_CHECKING:
    import openai
    from openai import AsyncOpenAI, AsyncStream

    class Client(AsyncOpenAI):
        """The class that ``_client_class`` returns."""

        saw_done: bool


CONNECT_TIMEOUT_S: Final = 10.0
MAX_MODELS: Final = 1000

_logger = logging.getLogger(__name__)


class Text(NamedTuple):
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


Event = Text | Thinking | Tokens | Finished


def preload() -> None:
    """Import the client, which takes most of a second, before it is needed."""
    from openai.resources.chat import completions
    from openai.resources.responses import responses

    _logger.debug("client imported: %s, %s", completions.__name__, responses.__name__)


@cache
def _client_class() -> type[Client]:
    """The official client with ``saw_done``: whether the last stream ended with "[DONE]", which the client hides."""
    import openai
    from openai._streaming import ServerSentEvent, SSEDecoder

    class Decoder(SSEDecoder):
        def __init__(self, client: NotingClient) -> None:
            super().__init__()
            self._client = client

        def decode(self, line: str) -> ServerSentEvent | None:
            event = super().decode(line)
            if event is not None:
                self._client.saw_done = event.data.startswith("[DONE]")
            return event

    class NotingClient(openai.AsyncOpenAI):
        saw_done = False

        def _make_sse_decoder(self) -> SSEDecoder:
            self.saw_done = False
            return Decoder(self)

    return cast("type[Client]", NotingClient)


class Server:
    """A connection to one server with one key; close it after use."""

    def __init__(self, settings: Settings, key: str | None) -> None:
        self._settings = settings
        self._key = key or PLACEHOLDER
        self._client: Client | None = None
        self._api = settings.api
        self._with_usage = True

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def models(self) -> list[Model]:
        """The server's models, sorted by name.

        Raises:
            ApiError: the server does not list them.
        """
        import openai

        client = await self._connected()
        models: list[Model] = []
        try:
            async for model in client.models.list():
                models.append(Model(str(model.id), _context_tokens(model)))
                if len(models) >= MAX_MODELS:
                    break
        except openai.APIError as error:
            raise self._api_error(error, begun=False) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise errors.not_a_model_server(self._settings.url) from error
        return sorted(models)

    async def answer(self, turns: Sequence[Turn]) -> AsyncGenerator[Event]:
        """Ask, and yield the answer as it arrives; the last event is ``Finished``.

        Args:
            turns: the messages, as ``Conversation.for_model`` returns them.

        Raises:
            ApiError: there is no answer, or it ends early; events before that count.
        """
        import openai

        client = await self._connected()
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
            except openai.APIError as error:
                if begun or not self._adapt_request(error):
                    raise self._api_error(error, begun=begun) from error
            except (ValueError, TypeError, AttributeError, LookupError) as error:
                # The client does not validate responses, since servers differ; some differ too much.
                if not begun:
                    raise errors.not_a_model_server(self._settings.url) from error
                raise ApiError("the answer is damaged", ErrorKind.CUT, retry=ASK_AGAIN) from error

    async def _connected(self) -> Client:
        """The client, imported and created on first use."""
        if self._client is None:
            await asyncio.to_thread(preload)
            import openai

            timeout = openai.Timeout(self._settings.timeout_s, connect=min(CONNECT_TIMEOUT_S, self._settings.timeout_s))
            # Never use a proxy for servers on this machine, even if the environment names one.
            direct = openai.DefaultAsyncHttpxClient(trust_env=False) if is_local(self._settings.url) else None
            self._client = _client_class()(
                api_key=self._key, base_url=self._settings.url, timeout=timeout, max_retries=0, http_client=direct
            )
        return self._client

    def _adapt_request(self, error: Exception) -> bool:
        """Change the form of the request if the server may accept that one; returns whether it may."""
        import openai

        if not isinstance(error, openai.APIStatusError):
            return False
        reason = errors.explanation(error).lower()
        if self._with_usage and error.status_code in {400, 422} and "stream_options" in reason:
            self._with_usage = False
            return True
        if self._api == "auto" and error.status_code in {404, 405} and "model" not in f"{reason} {error.code}":
            self._api = "responses"
            return True
        return False

    def _api_error(self, error: openai.APIError, *, begun: bool) -> ApiError:
        import openai

        settings = self._settings
        if isinstance(error, openai.APIConnectionError):
            return errors.connection_error(error, settings.url, settings.timeout_s, begun=begun)
        if isinstance(error, openai.APIStatusError):
            return errors.status_error(error, settings.url, settings.model)
        return errors.stream_error(error, settings.url)

    def _check(self, stream: AsyncStream[Any]) -> None:
        """Reject a web page: the client reads it as a stream without events."""
        if errors.is_web_page(stream.response.headers):
            raise errors.not_a_model_server(self._settings.url)

    async def _chat(self, client: Client, turns: Sequence[Turn]) -> AsyncGenerator[Event]:
        """Ask by chat completions."""
        messages: Any = [{"role": turn.role, "content": _chat_content(turn)} for turn in turns]
        more: dict[str, Any] = {"stream_options": {"include_usage": True}} if self._with_usage else {}
        stream = await client.chat.completions.create(
            model=self._settings.model, messages=messages, stream=True, **more
        )
        finish: str | None = None
        answered = False
        async with stream:
            self._check(stream)
            async for chunk in stream:
                if chunk.usage is not None:
                    yield Tokens(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                for choice in chunk.choices or ():
                    delta = choice.delta
                    finish = choice.finish_reason or finish
                    if delta is None:
                        continue
                    if text := delta.content or delta.refusal:
                        answered = True
                        yield Text(str(text))
                    elif thought := getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None):
                        yield Thinking(str(thought))
        # Some servers give no reason for the end; "[DONE]" still shows that the answer is complete.
        if finish is None and not (answered and client.saw_done):
            raise _incomplete()
        yield Finished(_NOTES.get(finish or "", ""))

    async def _responses(self, client: Client, turns: Sequence[Turn]) -> AsyncGenerator[Event]:
        """Ask by responses, without storage on the server."""
        system = turns[0].text if turns and turns[0].role == "system" else None
        messages: Any = [
            {"role": turn.role, "content": _responses_content(turn)} for turn in turns if turn.role != "system"
        ]
        more: dict[str, Any] = {"instructions": system} if system else {}
        stream = await client.responses.create(
            model=self._settings.model, input=messages, stream=True, store=False, **more
        )
        end: Any = None
        async with stream:
            self._check(stream)
            async for event in stream:
                kind = str(event.type)
                if kind in {"response.output_text.delta", "response.refusal.delta"}:
                    yield Text(str(getattr(event, "delta", "")))
                elif kind.startswith("response.reasoning"):
                    yield Thinking(str(getattr(event, "delta", "") or "") if kind.endswith(".delta") else "")
                elif kind in {"response.completed", "response.incomplete"}:
                    end = getattr(event, "response", None)
                elif kind in {"response.failed", "error"}:
                    raise ApiError(f"the server stopped ({_reason(event)})", ErrorKind.CUT, retry=ASK_AGAIN)
        if end is None:
            raise _incomplete()
        if end.usage is not None:
            yield Tokens(end.usage.input_tokens, end.usage.output_tokens)
        details = getattr(end, "incomplete_details", None)
        yield Finished(_NOTES.get(str(getattr(details, "reason", "")), ""))


_NOTES: Final = {
    "length": "the answer reached the length limit; /continue to continue",
    "max_output_tokens": "the answer reached the length limit; /continue to continue",
    "content_filter": "the server withheld part of the answer",
}


def _chat_content(turn: Turn) -> Any:
    """A message's content for chat completions: text alone, else parts."""
    if not turn.images:
        return turn.text
    images = [{"type": "image_url", "image_url": {"url": image.data_url()}} for image in turn.images]
    return [*([{"type": "text", "text": turn.text}] if turn.text else []), *images]


def _responses_content(turn: Turn) -> Any:
    """A message's content for responses: text alone, else parts."""
    if not turn.images:
        return turn.text
    images = [{"type": "input_image", "image_url": image.data_url()} for image in turn.images]
    return [*([{"type": "input_text", "text": turn.text}] if turn.text else []), *images]


_CONTEXT_FIELDS: Final = ("max_model_len", "context_length", "context_window", "max_context_length")
"""Fields of a model with the size of its context: vLLM, OpenRouter, Groq, Mistral."""


def _context_tokens(model: Any) -> int:
    sizes = (getattr(model, field, None) for field in _CONTEXT_FIELDS)
    return next((size for size in sizes if isinstance(size, int) and not isinstance(size, bool) and size > 0), 0)


def _reason(event: Any) -> str:
    """The server's reason for a failure."""
    error = getattr(getattr(event, "response", None), "error", None)
    reason = getattr(error, "message", None) or getattr(event, "message", None) or "no reason given"
    return errors.shown_reason(str(reason))


def _incomplete() -> ApiError:
    return ApiError("the answer is incomplete; /continue to continue", ErrorKind.CUT, retry=CONTINUE_OR_ASK_AGAIN)
