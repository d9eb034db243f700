"""Why a request of the page is refused: a status, a code for the page, and a line for people."""

from __future__ import annotations

from typing import Any, Final

from session_host.errors import (
    AlreadyAnswered,
    HostUnavailable,
    LineInUse,
    NeedsInput,
    NoSuchMachine,
    NoSuchSession,
    NotAllowed,
    Outdated,
    OutliveError,
    SessionEnded,
    Unreachable,
    UsageError,
)
from session_host.protocol.untrusted_text import one_line

MAX_WORDS: Final = 500
"""How many characters of a reason the page gets: it may name what was asked for."""

_STATUSES: dict[type[OutliveError], tuple[int, str]] = {
    NoSuchSession: (404, "no_such_chat"),
    NoSuchMachine: (404, "no_such_chat"),
    SessionEnded: (409, "ended"),
    AlreadyAnswered: (409, "already_answered"),
    NeedsInput: (409, "asks"),
    LineInUse: (409, "line_in_use"),
    Outdated: (409, "changed"),
    NotAllowed: (403, "not_allowed"),
    UsageError: (400, "bad_request"),
    Unreachable: (502, "unreachable"),
    HostUnavailable: (504, "no_answer"),
}


class PageError(Exception):
    """A request is refused.

    Attributes:
        status: the status of HTTP.
        code: for the page.
        words: one line for people.
        facts: more keys of the object.
    """

    def __init__(self, status: int, code: str, words: str, **facts: Any) -> None:
        super().__init__(words)
        self.status, self.code, self.words, self.facts = status, code, words, facts

    @classmethod
    def of(cls, error: OutliveError) -> PageError:
        """An error of the product."""
        status, code = next(
            (found for kind, found in _STATUSES.items() if isinstance(error, kind)), (400, error.stable_code())
        )
        kind = "unreachable: " if isinstance(error, Unreachable) else ""
        return cls(status, code, kind + one_line(str(error))[:MAX_WORDS])

    def as_object(self) -> dict[str, Any]:
        """The answer's object."""
        return {"code": self.code, "words": self.words, **self.facts}
