"""A conversation with a model: the records of its file, the messages that result, and the files that they attach.

The file is append-only, with a record as JSON in each line. Any readable record may follow any other, so that the rest
of a damaged file stays readable. A killed program or a full disk may leave an incomplete last line: opening the file
cuts it off. Unreadable lines are skipped. A chat locks the file while it is open; the lock ends with the process.
"""

from __future__ import annotations

import base64
import fcntl
import logging
import os
import re
import stat
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, Union

import msgspec

from session_host.errors import OutliveError, UsageError
from session_host.paths import lock_refusal
from session_host.protocol.untrusted_numbers import tokens
from session_host.protocol.untrusted_text import one_line
from session_host.system.clock import now

VERSION: Final = 1
TITLE_CHARACTERS: Final = 60

MAX_TIMEOUT_S: Final = 86400.0

UNANSWERED: Final = "this question has no answer; /retry to ask it again"
LEFT_OUT: Final = "the previous question has no answer and is not sent again"
"""Shown below the next question."""

MAX_BYTES: Final = 256 * 1024
"""About 60,000 tokens: more than most models take."""

MAX_ALL_BYTES: Final = 1024 * 1024

_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
_logger = logging.getLogger(__name__)
_encoder: Final = msgspec.json.Encoder()


class AnswerState(StrEnum):
    """The state of an answer."""

    STREAMING = "streaming"
    """The last record was a piece: the answer is arriving, or its program was killed."""
    COMPLETE = "complete"
    STOPPED = "stopped"
    """The user stopped the answer."""
    CUT = "cut"
    """The connection broke; the part that arrived is kept."""


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


class ModelMessage(NamedTuple):
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


Record = Union[Began, SettingsChanged, Question, AnswerBegan, Piece, AnswerEnded, Rewound]  # noqa: UP007 - msgspec decodes into it


class ModelAnswer(msgspec.Struct, kw_only=True):
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
        used_input_tokens, used_output_tokens: the sums of all reported tokens, including those of dropped answers.
        has_token_counts: whether any server reported tokens.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.messages: list[Question | ModelAnswer] = []
        self.settings: Settings | None = None
        self.first_settings: Settings | None = None
        self.used_input_tokens = 0
        self.used_output_tokens = 0
        self.has_token_counts = False
        for record in records:
            self.apply(record)

    @property
    def last(self) -> Question | ModelAnswer | None:
        """The last message."""
        return self.messages[-1] if self.messages else None

    @property
    def last_answer(self) -> ModelAnswer | None:
        """The last answer."""
        return next((message for message in reversed(self.messages) if isinstance(message, ModelAnswer)), None)

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
            case AnswerBegan(at, model):
                self.messages.append(ModelAnswer(at=at, model=model))
            case Piece(text):
                if isinstance(self.last, ModelAnswer):
                    self.last.text += text
            case AnswerEnded():
                self._end(record)
            case Rewound(keep=keep):
                del self.messages[max(0, keep) :]
            case Began():
                pass

    def _end(self, record: AnswerEnded) -> None:
        read, written = tokens(record.input_tokens), tokens(record.output_tokens)
        if read is not None or written is not None:
            self.has_token_counts = True
            self.used_input_tokens += read or 0
            self.used_output_tokens += written or 0
        answer = self.last
        if isinstance(answer, ModelAnswer):
            answer.state, answer.note = record.state, record.note
            answer.input_tokens, answer.output_tokens = read, written

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

    def for_model(self, system: str) -> list[ModelMessage]:
        """The messages for the server.

        Questions without an answer are left out, except the last one: the user has rephrased them. Answers without text
        are left out, too. User and assistant alternate, as many servers' templates require.
        """
        turns = [ModelMessage("system", system)] if system else []
        for message in self.messages:
            if isinstance(message, Question):
                turn = ModelMessage("user", message.for_model(), message.images)
            else:
                turn = ModelMessage("assistant", message.text)
            if not turn.text and not turn.images:
                continue
            if turns and turns[-1].role == turn.role == "user":
                turns[-1] = turn
            elif turns and turns[-1].role == turn.role:
                turns[-1] = ModelMessage(turn.role, f"{turns[-1].text}\n\n{turn.text}")
            else:
                turns.append(turn)
        return turns


class ConversationFile:
    """An open conversation, locked by this process. A context manager.

    Attributes:
        conversation: the conversation, kept up to date by ``append``.
    """

    def __init__(self, path: Path, conversation_id: str) -> None:
        """Open the file, or create it.

        Raises:
            OutliveError: the file is open elsewhere, or cannot be read or created.
        """
        self.path = path
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise OutliveError(f"cannot open the conversation {path}: {error.strerror}") from error
        try:
            self._lock()
            data = self._content()
            records, self._length = read(data)
            if self._length < len(data):
                _logger.warning("the conversation's incomplete end is cut off: %d bytes", len(data) - self._length)
                os.ftruncate(self._descriptor, self._length)
            self.conversation = Conversation(records)
            if not data:
                self.append(Began(now(), conversation_id))
                self._sync_directory()
        except OSError as error:
            os.close(self._descriptor)
            raise OutliveError(f"cannot use the conversation {path}: {error.strerror}") from error
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)

    def append(self, record: Record, *, durable: bool = True) -> None:
        """Apply a record, and append it to the file.

        Args:
            record: the record.
            durable: whether to sync it to the disk. Otherwise it survives the end of this process, but no power cut.

        Raises:
            OSError: the file cannot be written, as on a full disk. Then the conversation has the record, but the file
                lacks it.
        """
        self.conversation.apply(record)
        line = _encoder.encode(record) + b"\n"
        try:
            self._write(line)
            if durable:
                os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._length)
            raise
        self._length += len(line)

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._descriptor, line) :]

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutliveError("this conversation is open in another chat; continue there, or end that chat") from None
        except OSError as error:
            raise OutliveError(lock_refusal(self.path.parent, "OUTLIVE_STATE_DIR") or str(error)) from error

    def _content(self) -> bytes:
        pieces: list[bytes] = []
        offset = 0
        while piece := os.pread(self._descriptor, 1 << 20, offset):
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces)

    def _sync_directory(self) -> None:
        """Sync the new file's directory entry to the disk."""
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


_NOTES: Final = {
    AnswerState.STREAMING: "the answer was interrupted; /continue to continue, /retry to ask again",
    AnswerState.STOPPED: "stopped",
}


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


def read_attachment(name: str) -> Attachment:
    """Read a file as an attachment.

    Args:
        name: the file's path, relative to the chat's directory; ``~`` is the home.

    Raises:
        OutliveError: the file cannot be read, is too long or is not text.
    """
    path = Path(name).expanduser()
    try:
        # Open without blocking, and check afterwards: a pipe would block forever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OutliveError(f"{name} is not a file")
            data = file.read(MAX_BYTES + 1)
    except ValueError as error:
        raise OutliveError(f"{name!r} is not a path") from error
    except OSError as error:
        raise OutliveError(f"cannot read {name} ({error.strerror})") from error
    if len(data) > MAX_BYTES:
        raise OutliveError(f"{name} is too large (limit: {MAX_BYTES // 1024} KB)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OutliveError(f"{name} is not a text file (not UTF-8)") from None
    if "\0" in text:
        raise OutliveError(f"{name} is not a text file (it contains NUL bytes)")
    return Attachment(path.name, text)


def label(attachment: Attachment) -> str:
    """An attachment's name and size, for the user."""
    return f"{attachment.name} ({_size(len(attachment.text.encode('utf-8', 'replace')))})"


def _size(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < 1024 else f"{size_bytes / 1024:.0f} KB"


def check_id(conversation_id: str) -> str:
    """Return the id if it may be part of a path and of an argv.

    Raises:
        UsageError: the id may not.
    """
    if not _ID.fullmatch(conversation_id):
        raise UsageError("a conversation id has at most 128 letters, digits, - and _, and does not begin with -")
    return conversation_id


def read(data: bytes) -> tuple[list[Record], int]:
    """The records of a file's content, and the length of its complete lines in bytes."""
    end = data.rfind(b"\n") + 1
    records: list[Record] = []
    decoder = msgspec.json.Decoder(Record)
    for number, line in enumerate(data[:end].split(b"\n"), 1):
        try:
            records.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if line.strip():
                _logger.warning("line %d of the conversation is skipped: %s", number, error)
    return records, end
