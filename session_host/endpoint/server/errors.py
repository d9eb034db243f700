"""Server errors, each as one line with its remedy."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from session_host.endpoint.server.addresses import origin, shown_server
from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import one_line

if TYPE_CHECKING:
    import httpx2

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


def connection_error(error: Exception, url: str, timeout_s: float, *, begun: bool) -> ApiError:
    """The error for a failure below HTTP.

    Args:
        error: the client's exception.
        url: the server's address.
        timeout_s: how long the server may be silent.
        begun: whether a part of the answer had arrived.
    """
    import httpx2

    server = shown_server(url)
    cause = _root_cause(error)
    if isinstance(error, httpx2.TimeoutException):
        if begun:
            return ApiError(f"{server} sent nothing for {timeout_s:g} s", ErrorKind.CUT, retry=ASK_AGAIN)
        message = f"{server} did not respond within {timeout_s:g} s; set a longer --timeout"
        return ApiError(message, ErrorKind.SILENT, retry=", or /retry to ask again")
    if isinstance(error, httpx2.SSEError):
        return ApiError(f"{server} sent too much at once", ErrorKind.CUT, retry=ASK_AGAIN)
    if begun:
        return ApiError("connection lost; /continue to continue", ErrorKind.CUT, retry=CONTINUE_OR_ASK_AGAIN)
    if isinstance(cause, ConnectionRefusedError) or "refused" in str(cause).lower():
        return ApiError(f"connection to {server} refused; start the server", ErrorKind.REFUSED, retry=THEN_RETRY)
    if not isinstance(error, httpx2.ConnectError | httpx2.ProxyError | httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return ApiError(f"{server} closed the connection", ErrorKind.CUT, retry=ASK_AGAIN)
    reason = shown_reason(str(cause)) or "no reason given"
    message = f"cannot reach {server} ({reason}); check the address and the network"
    return ApiError(message, ErrorKind.REFUSED, retry=THEN_RETRY)


def not_a_model_server(url: str) -> ApiError:
    """The error if the address is not a model server's: it sent a web page, or nothing readable."""
    message = f"{shown_server(url)} is not a model server; check the address ({url})"
    return ApiError(message, ErrorKind.NOT_FOUND, retry=THEN_RETRY)


def redirected(url: str, target: str) -> ApiError:
    """The error if the server redirects to another one: the conversation does not follow."""
    message = f"{shown_server(url)} redirects to {origin(target)}; use that address if you trust it"
    return ApiError(message, ErrorKind.NOT_FOUND, retry=THEN_RETRY)


def is_web_page(headers: Mapping[str, str]) -> bool:
    """Whether an answer is a web page."""
    return headers.get("content-type", "").lower().startswith(("text/html", "application/xhtml"))


class Refusal(NamedTuple):
    """A server's reason for refusing a request."""

    reason: str
    """Its explanation in one line; the status's name if it gives none."""
    code: str
    type: str

    @classmethod
    def of(cls, response: httpx2.Response) -> Self:
        """Read it: ``{"error": {"message": …, "code": …, "type": …}}``, or one of the forms of other servers."""
        body = _body(response)
        reason: Any = body.get("message") or body.get("error") or body.get("detail")
        if isinstance(reason, dict):
            reason = reason.get("message")
        if not isinstance(reason, str) or not reason.strip():
            reason = response.reason_phrase or "no reason given"
        return cls(shown_reason(reason).rstrip("."), str(body.get("code") or ""), str(body.get("type") or ""))

    @property
    def names_model(self) -> bool:
        """Whether the refusal is about the model."""
        return "model" in self.reason.lower() or "model" in self.code


def _body(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else body if isinstance(body, dict) else {}


def status_error(response: httpx2.Response, url: str, model: str) -> ApiError:
    """The error for an HTTP status."""
    server = shown_server(url)
    status = response.status_code
    refusal = Refusal.of(response)
    reason = refusal.reason
    if status in {401, 403}:
        message = f"{server} rejected the key ({status}: {reason}); set another with /key"
        return ApiError(message, ErrorKind.KEY, retry=THEN_RETRY, status=status)
    if status in {404, 405} and is_web_page(response.headers):
        return not_a_model_server(url)
    if status == 404:
        if refusal.names_model:
            message = f"{server} has no model {model!r}; choose one with /model"
            return ApiError(message, ErrorKind.NOT_FOUND, retry=THEN_RETRY, status=status)
        message = f"{server} has no chat API at {url} (404: {reason}); check the path"
        return ApiError(message, ErrorKind.NOT_FOUND, status=status)
    if status == 429 and "insufficient_quota" in {refusal.code, refusal.type}:
        message = f"the quota at {server} is used up ({reason}); use another key with /key, or another server"
        return ApiError(message, ErrorKind.OTHER, status=status)
    if status in {429, 503, 529}:
        wait_s = retry_after_s(response.headers, time.time())
        state = "is limiting requests" if status == 429 else "is overloaded"
        return ApiError(f"{server} {state} ({status}: {reason})", ErrorKind.BUSY, retry_after_s=wait_s, status=status)
    if status >= 500:
        message = f"{server} reports an error ({status}: {reason})"
        return ApiError(message, ErrorKind.OTHER, retry=ASK_AGAIN, status=status)
    return ApiError(
        f"{server} rejected the question ({status}: {reason}); change it with /edit", ErrorKind.OTHER, status=status
    )


def stream_error(error: Any, url: str) -> ApiError:
    """The error for a failure that the server reports during an answer: ``{"message": …}``, or a text alone."""
    message = error.get("message") if isinstance(error, dict) else error
    reason = shown_reason(message if isinstance(message, str) else "") or "no reason given"
    return ApiError(f"{shown_server(url)} stopped ({reason})", ErrorKind.CUT, retry=ASK_AGAIN)


def shown_reason(text: str) -> str:
    """A server's explanation in one line; "…" follows what is shown of a very long one."""
    line = one_line(text).strip()
    return line if len(line) <= MAX_REASON_CHARACTERS else f"{line[: MAX_REASON_CHARACTERS - 1].rstrip()}…"


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


def _root_cause(error: BaseException) -> BaseException:
    """The first cause of an exception."""
    seen = {id(error)}
    while (cause := error.__cause__ or error.__context__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        error = cause
    return error
