"""A conversation as values: the records of its file, and the messages that result.

Any readable record may follow any other, so that the rest of a damaged file stays readable.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple, Union

import msgspec

from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import one_line

VERSION: Final = 1
TITLE_CHARACTERS: Final = 60


class AnswerState(StrEnum):
    """The state of an answer."""

    STREAMING = "streaming"
    """The last record was a piece: the answer is arriving, or its program was killed."""
    COMPLETE = "complete"
    STOPPED = "stopped"
    """The user stopped the answer."""
    CUT = "cut"
    """The connection broke; the part that arrived is kept."""


MAX_TIMEOUT_S: Final = 86400.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The server, the model and the options of a conversation."""

    url: str
    """The server's base address, with ``/v1`` or its equivalent."""
    model: str = ""
    """The model's name; "" while none is chosen."""
    system: str = ""
    """The system prompt; "" for none."""
    key_from: str = ""
    """The key's source: ``env:NAME``, ``file:PATH``, ``secret``; "" for the default. Never the key itself."""
    api: str = "auto"
    timeout_s: float = 300.0
    """How long the server may be silent: less than ``MAX_TIMEOUT_S``."""
    parameters: dict[str, Any] = {}
    """Fields that the user adds to each request, such as ``temperature``, by their names; see ``server.parameters``."""


class Attachment(msgspec.Struct, frozen=True):
    """A file's text at the time it was attached."""

    name: str
    text: str

    def for_model(self) -> str:
        """The attachment as sent to the model, in a fence that its text cannot close."""
        longest = max((len(run) for run in re.findall("`+", self.text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"File {self.name}:\n{fence}\n{self.text.rstrip()}\n{fence}\n\n"


class Picture(msgspec.Struct, frozen=True):
    """An image in a question, for models that see."""

    mime: str
    data: bytes

    def data_url(self) -> str:
        """The image as sent to the model (RFC 2397)."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"


class Turn(NamedTuple):
    """A message as sent to the model."""

    role: str
    """"system", "user" or "assistant"."""
    text: str
    images: tuple[Picture, ...] = ()


class Began(msgspec.Struct, frozen=True, tag="began"):
    """The first record."""

    at: str
    id: str
    version: int = VERSION


class SettingsChanged(msgspec.Struct, frozen=True, tag="settings"):
    """New settings, valid from here on."""

    at: str
    settings: Settings


class Question(msgspec.Struct, frozen=True, tag="question"):
    """A question of the user."""

    at: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    images: tuple[Picture, ...] = ()

    def for_model(self) -> str:
        """The question's text as sent to the model: attachments first, each named and fenced."""
        return "".join(attachment.for_model() for attachment in self.attachments) + self.text


class AnswerBegan(msgspec.Struct, frozen=True, tag="answer"):
    """The start of an answer; pieces of text follow."""

    at: str
    model: str


class Piece(msgspec.Struct, frozen=True, tag="piece"):
    """A piece of the answer."""

    text: str


class AnswerEnded(msgspec.Struct, frozen=True, tag="answered"):
    """The end of an answer."""

    at: str
    state: AnswerState
    input_tokens: int | None = None
    output_tokens: int | None = None
    note: str = ""
    """The message shown to the user at the end, one line."""


class Rewound(msgspec.Struct, frozen=True, tag="rewound"):
    """Drops all but the first ``keep`` messages: the last question was edited, or is asked again."""

    at: str
    keep: int


_NOTES: Final = {
    AnswerState.STREAMING: "the answer was interrupted; /continue to continue, /retry to ask again",
    AnswerState.STOPPED: "stopped",
}
UNANSWERED: Final = "this question has no answer; /retry to ask it again"
LEFT_OUT: Final = "the previous question has no answer and is not sent again"
"""After the next question: it is shown below that one in a chat view, and above it in a terminal."""

Record = Union[Began, SettingsChanged, Question, AnswerBegan, Piece, AnswerEnded, Rewound]  # noqa: UP007 - msgspec decodes into it


class Answer(msgspec.Struct, kw_only=True):
    """An answer of the model, as far as it is known."""

    at: str
    model: str
    text: str = ""
    state: AnswerState = AnswerState.STREAMING
    input_tokens: int | None = None
    output_tokens: int | None = None
    note: str = ""

    @property
    def shown_note(self) -> str:
        """The line for the user below the answer; "" for none."""
        return self.note or _NOTES.get(self.state, "")


class Conversation:
    """The conversation that the records describe.

    Attributes:
        messages: questions and answers, oldest first.
        settings: the last settings; None if the file has none.
        first_settings: the settings at the beginning.
        all_questions: the texts of all questions, also of edited ones; oldest first.
        used_input_tokens, used_output_tokens: the sums of all reported tokens, including those of dropped answers.
        has_token_counts: whether any server reported tokens.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.messages: list[Question | Answer] = []
        self.settings: Settings | None = None
        self.first_settings: Settings | None = None
        self.all_questions: list[str] = []
        self.used_input_tokens = 0
        self.used_output_tokens = 0
        self.has_token_counts = False
        for record in records:
            self.apply(record)

    @property
    def last(self) -> Question | Answer | None:
        """The last message."""
        return self.messages[-1] if self.messages else None

    @property
    def last_answer(self) -> Answer | None:
        """The last answer."""
        return next((message for message in reversed(self.messages) if isinstance(message, Answer)), None)

    @property
    def topic(self) -> str:
        """The text of the first question; "" if there is none."""
        return next((message.text for message in self.messages if isinstance(message, Question)), "")

    def apply(self, record: Record) -> None:
        """Apply a record of any type."""
        match record:
            case SettingsChanged(settings=settings):
                self.settings = settings
                self.first_settings = self.first_settings or settings
            case Question():
                self.messages.append(record)
                self.all_questions.append(record.text)
            case AnswerBegan(at, model):
                self.messages.append(Answer(at=at, model=model))
            case Piece(text):
                if isinstance(self.last, Answer):
                    self.last.text += text
            case AnswerEnded():
                self._end(record)
            case Rewound(keep=keep):
                del self.messages[max(0, keep) :]
            case Began():
                pass

    def _end(self, record: AnswerEnded) -> None:
        if record.input_tokens is not None or record.output_tokens is not None:
            self.has_token_counts = True
            self.used_input_tokens += record.input_tokens or 0
            self.used_output_tokens += record.output_tokens or 0
        answer = self.last
        if isinstance(answer, Answer):
            answer.state, answer.note = record.state, record.note
            answer.input_tokens, answer.output_tokens = record.input_tokens, record.output_tokens

    def last_question(self) -> tuple[int, Question]:
        """The last question: its index among the messages, and the question.

        Raises:
            OutliveError: there is none.
        """
        for index in reversed(range(len(self.messages))):
            message = self.messages[index]
            if isinstance(message, Question):
                return index, message
        raise OutliveError("no question yet; type one first")

    def for_model(self, system: str) -> list[Turn]:
        """The messages for the server.

        Questions without an answer are left out, except the last one: the user has rephrased them. Answers without text
        are left out, too. User and assistant alternate, as many servers' templates require.
        """
        turns = [Turn("system", system)] if system else []
        for message in self.messages:
            if isinstance(message, Question):
                turn = Turn("user", message.for_model(), message.images)
            else:
                turn = Turn("assistant", message.text)
            if not turn.text and not turn.images:
                continue
            if turns and turns[-1].role == turn.role == "user":
                turns[-1] = turn
            elif turns and turns[-1].role == turn.role:
                turns[-1] = Turn(turn.role, f"{turns[-1].text}\n\n{turn.text}")
            else:
                turns.append(turn)
        return turns


def title_of(question: str) -> str:
    """A title from a question: its first words."""
    words = one_line(question).split()
    shown = ""
    for word in words:
        if shown and len(shown) + 1 + len(word) > TITLE_CHARACTERS - 1:
            return f"{shown}…"
        shown = f"{shown} {word}".lstrip()
    return shown if len(shown) <= TITLE_CHARACTERS else f"{shown[: TITLE_CHARACTERS - 1]}…"


def valid_utf8(text: str) -> str:
    """Make a text valid UTF-8: terminals may send lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")
