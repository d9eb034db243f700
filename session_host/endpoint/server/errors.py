"""Server errors, each as one line with its remedy."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from session_host.endpoint.server.addresses import shown_server
from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import one_line

if TYPE_CHECKING:
    import openai

MAX_REASON_CHARACTERS: Final = 500
"""How much of a server's own explanation is shown: enough for the id of the request that some ask to name."""

MAX_WAIT_S: Final = 3600.0


ASK_AGAIN: Final = "; /retry to ask again"
CONTINUE_OR_ASK_AGAIN: Final = ", /retry to ask again"
"""After the command that continues the answer."""
THEN_RETRY: Final = ", then /retry"
"""After what the user must do first."""


class ErrorKind(Enum):
    """Kinds of failures, by their consequence."""

    REFUSED = auto()
    """The server was not reached: no listener, no such host, no network."""
    KEY = auto()
    """The key is missing or wrong."""
    NOT_FOUND = auto()
    """The model or the path does not exist."""
    BUSY = auto()
    """The server is busy; the program asks again by itself."""
    SILENT = auto()
    """The server sent nothing for too long."""
    CUT = auto()
    """The connection broke during an answer."""
    OTHER = auto()


class ApiError(OutliveError):
    """The server sent no answer, or an incomplete one.

    Attributes:
        problem: the message without ``retry``, for a chat view: it has a button for that.
        kind: the kind of failure.
        retry_after_s: when to ask again, if the server says so; else None.
        status: the HTTP status, None without one.
    """

    def __init__(
        self,
        problem: str,
        kind: ErrorKind,
        *,
        retry: str = "",
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        """Initialize the error; ``retry``: the end of the message, which names the command that asks again."""
        super().__init__(problem + retry)
        self.problem = problem
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.status = status


def connection_error(error: openai.APIConnectionError, url: str, timeout_s: float, *, begun: bool) -> ApiError:
    """The error for a failure below HTTP.

    Args:
        error: the client's exception.
        url: the server's address.
        timeout_s: how long the server may be silent.
        begun: whether a part of the answer had arrived.
    """
    import openai

    server = shown_server(url)
    cause = _root_cause(error)
    if isinstance(error, openai.APITimeoutError):
        if begun:
            return ApiError(f"{server} sent nothing for {timeout_s:g} s", ErrorKind.CUT, retry=ASK_AGAIN)
        message = f"{server} did not respond within {timeout_s:g} s; set a longer --timeout"
        return ApiError(message, ErrorKind.SILENT, retry=", or /retry to ask again")
    if begun:
        return ApiError("connection lost; /continue to continue", ErrorKind.CUT, retry=CONTINUE_OR_ASK_AGAIN)
    if isinstance(cause, ConnectionRefusedError) or "refused" in str(cause).lower():
        return ApiError(f"connection to {server} refused; start the server", ErrorKind.REFUSED, retry=THEN_RETRY)
    if not _was_connecting(error):
        return ApiError(f"{server} closed the connection", ErrorKind.CUT, retry=ASK_AGAIN)
    reason = shown_reason(str(cause)) or "no reason given"
    message = f"cannot reach {server} ({reason}); check the address and the network"
    return ApiError(message, ErrorKind.REFUSED, retry=THEN_RETRY)


def not_a_model_server(url: str) -> ApiError:
    """The error if the address is not a model server's: it sent a web page, or nothing readable."""
    message = f"{shown_server(url)} is not a model server; check the address ({url})"
    return ApiError(message, ErrorKind.NOT_FOUND, retry=THEN_RETRY)


def is_web_page(headers: Mapping[str, str]) -> bool:
    """Whether an answer is a web page."""
    return headers.get("content-type", "").lower().startswith(("text/html", "application/xhtml"))


def status_error(error: openai.APIStatusError, url: str, model: str) -> ApiError:
    """The error for an HTTP status."""
    server = shown_server(url)
    status = error.status_code
    reason = explanation(error)
    code = str(error.code or "")
    if status in {401, 403}:
        message = f"{server} rejected the key ({status}: {reason}); set another with /key"
        return ApiError(message, ErrorKind.KEY, retry=THEN_RETRY, status=status)
    if status in {404, 405} and is_web_page(error.response.headers):
        return not_a_model_server(url)
    if status == 404:
        if "model" in reason.lower() or "model" in code:
            message = f"{server} has no model {model!r}; choose one with /model"
            return ApiError(message, ErrorKind.NOT_FOUND, retry=THEN_RETRY, status=status)
        message = f"{server} has no chat API at {url} (404: {reason}); check the path"
        return ApiError(message, ErrorKind.NOT_FOUND, status=status)
    if status == 429 and "insufficient_quota" in (code, str(error.type or "")):
        message = f"the quota at {server} is used up ({reason}); use another key with /key, or another server"
        return ApiError(message, ErrorKind.OTHER, status=status)
    if status in {429, 503, 529}:
        wait_s = retry_after_s(error.response.headers, time.time())
        state = "is limiting requests" if status == 429 else "is overloaded"
        return ApiError(f"{server} {state} ({status}: {reason})", ErrorKind.BUSY, retry_after_s=wait_s, status=status)
    if status >= 500:
        return ApiError(f"{server} failed ({status}: {reason})", ErrorKind.OTHER, retry=ASK_AGAIN, status=status)
    return ApiError(
        f"{server} rejected the question ({status}: {reason}); change it with /edit", ErrorKind.OTHER, status=status
    )


def stream_error(error: openai.APIError, url: str) -> ApiError:
    """The error for a failure that the server reports during an answer, or for an invalid answer."""
    reason = shown_reason(str(error.message))
    return ApiError(f"{shown_server(url)} stopped ({reason})", ErrorKind.CUT, retry=ASK_AGAIN)


def shown_reason(text: str) -> str:
    """A server's explanation in one line; "…" follows what is shown of a very long one."""
    line = one_line(text).strip()
    return line if len(line) <= MAX_REASON_CHARACTERS else f"{line[: MAX_REASON_CHARACTERS - 1].rstrip()}…"


def explanation(error: openai.APIStatusError) -> str:
    """The server's own explanation in one line; the status's name if it gives none."""
    body: Any = error.body
    reason: Any = body.get("message") or body.get("error") or body.get("detail") if isinstance(body, dict) else None
    if isinstance(reason, dict):
        reason = reason.get("message")
    if not isinstance(reason, str) or not reason.strip():
        reason = error.response.reason_phrase or "no reason given"
    return shown_reason(reason).rstrip(".")


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """The time that a server asks to wait before the next request (RFC 9110, 10.2.3; ``retry-after-ms`` is OpenAI's).

    Returns:
        Seconds from now, from 0 to ``MAX_WAIT_S``; None if the header is missing or invalid.
    """
    try:
        if "retry-after-ms" in headers:
            wait_s = float(headers["retry-after-ms"]) / 1000
        else:
            given = headers.get("retry-after", "")
            date = email.utils.parsedate_to_datetime(given) if given and not _is_number(given) else None
            wait_s = date.timestamp() - now_s if date else float(given)
    except (ValueError, OverflowError, TypeError):
        return None
    return min(max(0.0, wait_s), MAX_WAIT_S) if wait_s == wait_s else None  # noqa: PLR0124 - "nan" is a float


def _is_number(text: str) -> bool:
    return text.strip().replace(".", "", 1).isdigit()


def _was_connecting(error: BaseException) -> bool:
    """Whether connecting failed; detected by the names of the client's transport errors, which are private."""
    kinds = type(error.__cause__).__mro__ if error.__cause__ is not None else ()
    return any(kind.__name__ in {"ConnectError", "ProxyError", "SSLError", "UnsupportedProtocol"} for kind in kinds)


def _root_cause(error: BaseException) -> BaseException:
    """The first cause of an exception."""
    seen = {id(error)}
    while (cause := error.__cause__ or error.__context__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        error = cause
    return error
