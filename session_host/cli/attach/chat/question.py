"""Answers to an agent's question by keys and texts. Pure."""

from __future__ import annotations

from typing import Final

from session_host.protocol.messages import AnswerRequest
from session_host.structured.answers import hindrance
from session_host.structured.items import AgentRequest, OptionKind, Question, digest

READ_S: Final = 0.5
"""How long a question must be visible before a key answers it, so that a key for something else does not answer."""

_LETTERS: Final[dict[OptionKind, str]] = {
    "allow_once": "y",
    "allow_always": "a",
    "reject_once": "n",
    "reject_always": "d",
    "cancel": "n",
}
_WORDS: Final = {"y": "allow", "a": "always", "n": "decline", "d": "never"}
"""Short names of the letters; the question has the names of its options."""


class ShownQuestion:
    """One open request, while it is shown.

    Attributes:
        request: the request.
        keys: the key of each option, by the option's id.
        seen: the numbers of its lines that were visible; all must have been before the user can allow it.
        since_s: the time at which all lines had been visible; None before.
    """

    def __init__(self, request: AgentRequest) -> None:
        self.request = request
        self.keys = _keys(request)
        self.seen: set[int] = set()
        self.since_s: float | None = None
        self._texts: dict[str, str] = {}

    def note_seen(self, lines: range, count: int, now_s: float) -> None:
        """Note that these of its lines are visible; it has ``count`` lines."""
        self.seen.update(lines)
        if self.since_s is None and len(self.seen) >= count:
            self.since_s = now_s

    def problem(self, key: str, now_s: float) -> str:
        """The reason why a key cannot answer now, one line; "" if it can."""
        option = next((offered for offered in self.request.options if self.keys.get(offered.id) == key), None)
        if option is not None and (why := hindrance(self.request, option, "attach")):
            return why
        if self.since_s is None:
            return "PageUp shows the rest of the question; read it first"
        return "" if now_s - self.since_s >= READ_S else "a question just came; read it first"

    def by_key(self, key: str) -> AnswerRequest | None:
        """The answer that a key gives; None if it gives none."""
        for option in self.request.options:
            if self.keys.get(option.id) == key:
                return AnswerRequest(self.request.id, option.id, digest(self.request))
        return None

    def has_key(self, key: str) -> bool:
        """Whether a key would answer."""
        return key in self.keys.values()

    def problem_of_text(self, text: str) -> str:
        """The reason why a text is no answer to the next question, one line; "" if it is one."""
        asked = self._next
        if asked is None or (asked.free and text.strip()) or self._suggested(asked, text):
            return ""
        return f"choose a number from 1 to {len(asked.options)}" if asked.options else "type an answer first"

    def by_text(self, text: str) -> AnswerRequest | None:
        """Answer the next question by a text, or by the number of a suggestion; None while further questions follow."""
        asked = self._next
        if asked is not None:
            self._texts[asked.id] = self._suggested(asked, text) or text
        return (
            AnswerRequest(self.request.id, "", digest(self.request), dict(self._texts)) if self._next is None else None
        )

    @property
    def takes_text(self) -> bool:
        """Whether a text answers."""
        return self.request.kind == "question" and bool(self.request.questions)

    @property
    def is_secret(self) -> bool:
        """Whether the next answer is secret, so that it must not be shown."""
        asked = self._next
        return asked is not None and asked.secret

    @property
    def hint(self) -> str:
        """The keys that answer, one line."""
        if self.takes_text:
            asked, count = self._next, len(self.request.questions)
            which = f" {len(self._texts) + 1} of {count}" if count > 1 else ""
            digits = f" (or 1–{len(asked.options)})" if asked is not None and asked.options else ""
            if digits and asked is not None and asked.several:
                digits = f" (or 1–{len(asked.options)}, several: 1,2)"
            return f"▲ Type answer{which}{digits}, then Enter"
        keys = [key for option in self.request.options if (key := self.keys.get(option.id))]
        return f"▲ {' · '.join(f'{key} {_WORDS[key]}' if key in _WORDS else key for key in keys)}"

    @property
    def _next(self) -> Question | None:
        """The next question without an answer."""
        return next((question for question in self.request.questions if question.id not in self._texts), None)

    @staticmethod
    def _suggested(asked: Question, text: str) -> str:
        """The suggestion that a text names by itself or by its number; "" for none. Several are lines."""
        names = [_named(asked, part.strip()) for part in (text.split(",") if asked.several else [text])]
        return _named(asked, text.strip()) or ("\n".join(dict.fromkeys(names)) if all(names) else "")


def _named(asked: Question, text: str) -> str:
    """The one suggestion that a text names; "" for none."""
    if text in asked.options:
        return text
    number = int(text) if text.isdecimal() and len(text) < 3 else 0
    return asked.options[number - 1] if 0 < number <= len(asked.options) else ""


def _keys(request: AgentRequest) -> dict[str, str]:
    """A key for each option: the letter of its kind for the first of the kind, else a digit; none for questions."""
    keys: dict[str, str] = {}
    if request.questions:
        return keys
    for number, option in enumerate(request.options, 1):
        letter = _LETTERS.get(option.kind, "")
        if letter and letter not in keys.values():
            keys[option.id] = letter
        elif number < 10:
            keys[option.id] = str(number)
    return keys
