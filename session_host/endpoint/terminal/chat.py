"""The chat in a terminal: the user's entries become questions and slash commands; answers are shown as they arrive."""

from __future__ import annotations

import asyncio
import logging
import math
import textwrap
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from session_host.endpoint.asking import AnswerRun
from session_host.endpoint.conversation import (
    LEFT_OUT,
    MAX_ALL_BYTES,
    UNANSWERED,
    Answer,
    AnswerState,
    Attachment,
    Conversation,
    ConversationFile,
    Picture,
    Question,
    Settings,
    label,
    picture_label,
    read_attachment,
    title_of,
    valid_utf8,
)
from session_host.endpoint.core import CONTINUE, ChatCore
from session_host.endpoint.server import addresses
from session_host.endpoint.server.api_keys import KeyFilter
from session_host.endpoint.server.client import Text, Thinking, preload
from session_host.endpoint.server.errors import ApiError
from session_host.endpoint.slash_commands import COMMANDS, is_command, parse
from session_host.errors import OutliveError

from . import status_sequences
from .markdown_stream import Markdown, MarkdownStream, clean
from .screen import Actions, Screen

if TYPE_CHECKING:
    from .painting import Painter

SHOWN_MESSAGES: Final = 60
"""How many messages of a resumed conversation are printed."""

_logger = logging.getLogger(__name__)


class Chat:
    """One conversation with one server, in this process's terminal.

    Attributes:
        core: the conversation, the settings and the server.
        screen: the terminal.
        attached: attachments of the next question.
    """

    def __init__(
        self, file: ConversationFile, settings: Settings, environment: Mapping[str, str], key_filter: KeyFilter
    ) -> None:
        self.core = ChatCore(file, settings, environment, key_filter, self.print_error)
        self.attached: list[Attachment] = []
        self._commands = SlashCommands(self)
        self._queue = QuestionQueue()
        self._answer: TerminalAnswer | None = None
        self._task: asyncio.Task[None] | None = None
        self._edited_index: int | None = None
        self._edited_images: tuple[Picture, ...] = ()
        self._painter: Painter | None = None
        self._leaving = False
        self._choosing_model = not self.settings.model
        self._expects_key = False
        self._background_tasks: set[asyncio.Task[None]] = set()
        self.screen = Screen(
            Actions(self._submit, self._stop, self.leave, self._resized),
            CommandCompleter(lambda: [model.name for model in self.core.models]),
            self.conversation.all_questions,
        )

    @property
    def conversation(self) -> Conversation:
        """The conversation so far."""
        return self.core.conversation

    @property
    def settings(self) -> Settings:
        """The server, the model and their options."""
        return self.core.settings

    @property
    def working(self) -> bool:
        """Whether a question is being answered."""
        return self._task is not None

    async def run(self, prompt: str) -> None:
        """Chat until the user leaves.

        Args:
            prompt: the first question; "" to wait for the user.
        """

        def on_ready() -> None:
            # Start this import once the input is visible.
            threading.Thread(target=preload, daemon=True, name="import of the client").start()
            if self._choosing_model:
                self.start_task(self._choose_model())
            if prompt.strip():
                self._submit(prompt)
            elif self.settings.key_from.startswith(("env:", "file:")):
                self.start_task(self._check_key())

        self.core.save_settings()
        self._print_start()
        try:
            await self.screen.run(on_ready)
        except EOFError:
            pass  # The terminal is gone.
        finally:
            await self._shut_down()

    def leave(self) -> None:
        """End the chat; keep the part of an answer that has arrived."""
        self._leaving = True
        if self._task is not None:
            self._cancel(self._task)
        self.screen.leave()

    # ------------------------------------------------------------------------------------ output

    def print_line(self, text: str) -> None:
        """Print a line of the program itself."""
        self.screen.print(note_lines(text, self.painter()))

    def print_error(self, error: OutliveError | str) -> None:
        """Print an error, with its remedy."""
        self.screen.print([*self.painter().wrap(clean(self._message(error)), "red", prefix="✗ "), ""])

    def _message(self, error: OutliveError | str) -> str:
        """An error's line, without keys."""
        return self.core.key_filter.redact(str(error))

    def painter(self) -> Painter:
        """A painter for the terminal's current width."""
        from session_host.endpoint.terminal.painting import Painter

        if self._painter is None or self._painter.columns != self.screen.columns:
            self._painter = Painter(self.screen.columns)
        return self._painter

    # ----------------------------------------------------------------------------------- settings

    def change(self, **fields: object) -> None:
        """Change settings."""
        self.core.change(**fields)
        self.start_task(self.core.close_unused())
        self.update_hint()

    def update_hint(self) -> None:
        """Show the server and the model below the input."""
        self.screen.hint = f"{self.settings.model or 'no model'} · {addresses.shown_server(self.settings.url)} · /help"
        if self.attached:
            self.screen.hint = f"with {', '.join(map(label, self.attached))} · {self.screen.hint}"
        self.screen.show()

    # ------------------------------------------------------------------------------------- asking

    def ask_again(self) -> None:
        """Ask the last question again; its previous answer is dropped.

        Raises:
            OutliveError: there is no question.
        """
        self._ask(self.core.question_again())

    def edit_last(self) -> None:
        """Put the last question into the input for editing.

        Raises:
            OutliveError: there is no question.
        """
        index, question = self.conversation.last_question()
        self._edited_index = index
        self._edited_images = question.images
        self.attached = list(question.attachments)
        self._set_input_mode(marker="edit › ", stoppable=True)
        self.screen.hint = "Enter replaces the last question · Esc cancels"
        self.screen.set_input(question.text)

    def ask(self, text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Ask a new question."""
        replaced, images = self._edited_index, self._edited_images
        if replaced is not None:
            self._stop_editing()
        elif isinstance(self.conversation.last, Question):
            self.print_line(LEFT_OUT)
        is_first = not self.conversation.topic
        question = self.core.add_question(text, attachments, images, replaced=replaced)
        if is_first:
            self.screen.write_sequence(status_sequences.title(title_of(question.text)))
        self._ask(question)

    def start_task(self, work: Coroutine[None, None, None]) -> None:
        """Run a small task in the background; print its error, if it fails."""
        task = asyncio.create_task(self._report_errors(work))
        self._background_tasks.add(task)
        task.add_done_callback(self._background_tasks.discard)

    def ask_for_key(self) -> None:
        """Take the next line as the key."""
        self._expects_key = True
        self._set_input_mode(marker="key › ", stoppable=True, secret=True)

    def _ask(self, question: Question) -> None:
        self.screen.write_sequence(status_sequences.activity(status_sequences.Activity.WORKING))
        self.screen.write(question_rows(question, self.painter()))
        self.update_hint()
        self._set_input_mode(stoppable=True)
        self._task = asyncio.create_task(self._run_question())

    async def _run_question(self) -> None:
        """Ask the question and handle every outcome; afterwards the chat waits for the user."""
        display = TerminalAnswer(self.screen, self.painter)
        answer_run = AnswerRun(self.core.save, self.settings.model, display)
        error: OutliveError | None = None
        try:
            server = await self.core.server()
            self._answer = display
            await answer_run.run(server, self.conversation.for_model(self.settings.system))
            error = answer_run.error
        except OutliveError as failure:
            error = failure
        except asyncio.CancelledError:
            pass  # The question was stopped before it was sent.
        except Exception:
            _logger.exception("the question failed")  # The chat continues.
            error = OutliveError("internal error; /retry to try again")
        self._answer = self._task = None
        if self._leaving:
            return
        if error is not None:
            self.print_error(error)
            self.screen.write_sequence(
                status_sequences.activity(status_sequences.Activity.BLOCKED, "error", self._message(error))
            )
        else:
            self.screen.write_sequence(status_sequences.activity(status_sequences.Activity.DONE))
        self.screen.write(status_sequences.ANSWER_END)
        self.screen.status = ""
        self._set_input_mode()
        self.screen.show([])
        if error is not None:
            self._restore_queue()
        else:
            self._ask_next()

    def _ask_next(self) -> None:
        """Ask the question that waits longest."""
        if (draft := self._queue.next()) is not None:
            self.ask(draft.text, draft.attachments)
            self._show_queue()

    async def _check_key(self) -> None:
        """Check that the key's source has a key, before the first question."""
        await self.core.server()

    async def _report_errors(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except OutliveError as error:
            self.print_error(error)

    async def _choose_model(self) -> None:
        """Choose the server's only model, and ask the questions that were entered meanwhile."""
        try:
            await self._commands.choose_model()
        finally:
            self._choosing_model = False
            if self.settings.model and not self._leaving:
                self._ask_next()
            elif self._queue.lines():
                self._restore_queue()

    # ----------------------------------------------------------------------------- input

    def _submit(self, text: str) -> bool:
        """Handle a line; False leaves it in the input."""
        if self._expects_key:
            self._expects_key = False
            self._set_input_mode()
            self.start_task(self._commands.set_key(text.strip()))
            return True
        if not text.strip():
            return False
        if is_command(text):
            return self._command(text)
        if not self.settings.model and not self._choosing_model:
            self.print_error("no model selected; /model lists the models")
            return False
        attachments, self.attached = tuple(self.attached), []
        if self.working or self._choosing_model:
            self._queue.add(Draft(text, attachments))
            self._show_queue()
        else:
            self.ask(text, attachments)
        return True

    def _command(self, text: str) -> bool:
        command, rest = parse(text)
        if command is None:
            self.print_error(f"unknown command {text.split(maxsplit=1)[0]}; /help lists the commands")
            return True
        if self.working and not command.while_answering:
            self.print_line("still answering; Esc stops")
            return False
        if not self.working:
            # The chat may have reported that it needs the user: a command is an answer.
            self.screen.write_sequence(status_sequences.activity(status_sequences.Activity.IDLE))
        try:
            self._commands.perform(command.name, rest)
        except OutliveError as error:
            self.print_error(error)
        return True

    def _show_queue(self) -> None:
        self.screen.queued = [clean(line) for line in self._queue.lines()]
        self.update_hint()

    def _restore_queue(self) -> None:
        """Put the waiting questions back into the input, before the user's text."""
        draft = self._queue.take_all(Draft(self.screen.buffer.text, tuple(self.attached)))
        self.attached = list(draft.attachments)
        self.screen.set_input(draft.text)
        self._show_queue()

    def _stop(self) -> None:
        if self._task is not None:
            self._cancel(self._task)
            self._restore_queue()
        elif self._edited_index is not None:
            self.attached = []
            self._stop_editing()
            self.screen.buffer.reset()
        elif self._expects_key:
            self._expects_key = False
            self._set_input_mode()
            self.screen.buffer.reset()
        elif not self.screen.buffer.text:
            self.screen.hint = "to end the chat: /quit or Ctrl+D"
        self.screen.show()

    @staticmethod
    def _cancel(task: asyncio.Task[None]) -> None:
        """Cancel a task once: a second cancellation would keep it from saving its answer."""
        if not task.cancelling():
            task.cancel()

    def _stop_editing(self) -> None:
        self._edited_index, self._edited_images = None, ()
        self._set_input_mode()
        self.update_hint()

    def _set_input_mode(self, *, marker: str = "› ", stoppable: bool = False, secret: bool = False) -> None:
        """Set the appearance of the input, and whether Escape has something to stop."""
        self.screen.marker, self.screen.stoppable, self.screen.secret = marker, stoppable, secret

    def _resized(self) -> None:
        if self._answer is not None:
            self._answer.redraw()

    # ------------------------------------------------------------------------------ begin and end

    def _print_start(self) -> None:
        """Print the server and the conversation so far."""
        server = addresses.shown_server(self.settings.url)
        self.screen.write_sequence(status_sequences.title(title_of(self.conversation.topic) or f"chat with {server}"))
        self.screen.write_sequence(status_sequences.activity(status_sequences.Activity.IDLE))
        if not self.core.existed:
            target = f"{self.settings.model} at {server}" if self.settings.model else server
            # Show the input first: importing a painter takes a tenth of a second.
            lines = textwrap.wrap(clean(f"Chat with {target}. /help for help."), self.screen.columns)
            self.screen.print([*(f"\x1b[2m{line}\x1b[0m" for line in lines), ""])
        show_conversation(self.screen, self.conversation, self.painter)
        self.update_hint()

    async def _shut_down(self) -> None:
        """Stop all tasks, and restore the terminal."""
        self._leaving = True
        tasks = [*self._background_tasks, *([self._task] if self._task else [])]
        for task in tasks:
            self._cancel(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.core.close()
        self.screen.write_sequence(status_sequences.activity(status_sequences.Activity.CLEAR))


class SlashCommands:
    """Carries out the commands of one chat."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def perform(self, name: str, rest: str) -> None:
        """Run the command of this name.

        Raises:
            OutliveError: the command failed; the message says why.
        """
        chat = self._chat
        match name:
            case "help":
                self._print(help_lines())
            case "model":
                chat.start_task(self._model(rest))
            case "system":
                self._change(chat.core.set_system(rest))
            case "set":
                self._change(chat.core.set_parameter(rest))
            case "attach":
                self._attach(rest)
            case "detach":
                chat.attached = []
                chat.update_hint()
            case "regenerate" | "retry":
                chat.ask_again()
            case "continue":
                self._continue()
            case "edit":
                chat.edit_last()
            case "copy":
                self._copy()
            case "tokens":
                self._tokens()
            case "key":
                chat.ask_for_key()
                chat.print_line("type or paste the key (hidden) · Esc cancels")
            case "quit":
                chat.leave()

    async def choose_model(self) -> None:
        """Ask the server for its models; if it has only one, choose it."""
        chat = self._chat
        if await chat.core.choose_model():
            chat.update_hint()
            chat.print_line(f"using the server's only model: {chat.settings.model}")
            await chat.core.close_unused()
        else:
            self._list_models()

    async def set_key(self, key: str) -> None:
        """Use this key from now on, and save it in the desktop's secret store if there is one."""
        chat = self._chat
        if key:
            chat.print_line(await chat.core.set_key(key))
            await chat.core.close_unused()

    async def _model(self, name: str) -> None:
        chat = self._chat
        if name:
            chat.change(model=valid_utf8(name))
            chat.print_line(f"model: {chat.settings.model}")
            return
        await chat.core.list_models()
        self._list_models()

    def _list_models(self) -> None:
        chat = self._chat
        if not chat.core.models:
            raise OutliveError("the server lists no models; select one with /model NAME")
        names = [model.name for model in chat.core.models]
        self._print([f"{'●' if name == chat.settings.model else ' '} {name}" for name in names])
        chat.print_line("select one with /model NAME (Tab completes)")

    def _change(self, result: str) -> None:
        """Print the result of a change of the settings."""
        self._chat.print_line(result)
        self._chat.start_task(self._chat.core.close_unused())

    def _attach(self, name: str) -> None:
        chat = self._chat
        if not name:
            raise OutliveError("usage: /attach FILE")
        attachment = read_attachment(valid_utf8(name))
        if sum(len(attached.text) for attached in (*chat.attached, attachment)) > MAX_ALL_BYTES:
            raise OutliveError(f"the attached files are too large together (limit: {MAX_ALL_BYTES // 1024} KB)")
        chat.attached.append(attachment)
        chat.print_line(f"{label(attachment)} attached to the next message; /detach removes it")
        chat.update_hint()

    def _continue(self) -> None:
        self._chat.core.check_continuable()
        self._chat.ask(CONTINUE)

    def _copy(self) -> None:
        chat = self._chat
        answers = [message for message in chat.conversation.messages if isinstance(message, Answer) and message.text]
        if not answers:
            raise OutliveError("no answer to copy")
        chat.screen.write_sequence(status_sequences.clipboard(answers[-1].text))
        chat.print_line("last answer copied (if the terminal allows it)")

    def _tokens(self) -> None:
        self._chat.print_line("\n".join(self._chat.core.token_lines()))

    def _print(self, lines: list[str]) -> None:
        painter = self._chat.painter()
        self._chat.screen.print([*(row for line in lines for row in painter.wrap(clean(line))), ""])


class TerminalAnswer:
    """An answer as text above the input; the finished part is printed once, the unfinished end is redrawn."""

    def __init__(self, screen: Screen, painter: Callable[[], Painter]) -> None:
        self._screen = screen
        self._painter = painter
        self._stream = MarkdownStream()

    def redraw(self) -> None:
        """Draw the unfinished part again, for the terminal's new size."""
        self._screen.show(self._tail())

    def show_phase(self, run: AnswerRun) -> None:
        seconds = int(time.monotonic() - run.since_s)
        self._screen.status = f"◐ {run.phase} · {seconds} s · Esc stops"
        self._screen.show()

    def show_wait(self, error: ApiError, left_s: float) -> None:
        self._screen.status = f"◌ retrying in {math.ceil(left_s)} s · Esc stops · {error}"
        self._screen.show()

    def show_arrived(self, events: Sequence[Text | Thinking]) -> None:
        text = "".join(event.text for event in events if isinstance(event, Text))
        if not text:
            return
        blocks = self._stream.append(clean(text))
        painter = self._painter()
        lines = [line for block in blocks for line in painter.block(block)]
        self._screen.show(self._tail())
        self._screen.print(lines)

    def _tail(self) -> list[str]:
        painter = self._painter()
        block = self._stream.unfinished()
        room = 2 * painter.columns * self._screen.tail_rows()
        if isinstance(block, Markdown) and len(block.source) > room:
            # Only the end of the answer fits.
            block = Markdown(block.source[-room:], spaced=False)
        return painter.unfinished(block)

    def show_end(self, run: AnswerRun, *, has_begun: bool) -> None:
        painter = self._painter()
        lines = [line for block in self._stream.finish() for line in painter.block(block)]
        self._screen.status = ""
        self._screen.show([])
        self._screen.print(lines)
        if has_begun:
            self._screen.print(_footer(run, painter))


def _footer(run: AnswerRun, painter: Painter) -> list[str]:
    parts = [f"{run.model} · {time.monotonic() - run.since_s:.0f} s"]
    if run.tokens.input is not None or run.tokens.output is not None:
        parts.append(f"tokens: {_count(run.tokens.input)} in, {_count(run.tokens.output)} out")
    if run.state is AnswerState.STOPPED:
        parts.append("stopped; /continue to continue, /regenerate for a new answer")
    if run.note:
        parts.append(run.note)
    return [status_sequences.ANSWER_END, *painter.wrap(" · ".join(parts), "dim"), ""]


def question_rows(question: Question, painter: Painter) -> str:
    """A question and its attachments as text for ``Screen.write``, up to the mark of its answer."""
    lines = painter.wrap(clean(question.text), "bold", prefix="› ")
    for attachment in question.attachments:
        lines += painter.wrap(f"+ {clean(label(attachment))}", "dim", prefix="  ")
    for picture in question.images:
        lines += painter.wrap(f"+ {clean(picture_label(picture))}", "dim", prefix="  ")
    return status_sequences.QUESTION + "".join(f"{line}\r\n" for line in [*lines, ""]) + status_sequences.ANSWER


def answer_lines(answer: Answer, painter: Painter) -> list[str]:
    """An answer as lines; with a note if it is incomplete."""
    stream = MarkdownStream()
    blocks = [*stream.append(clean(answer.text)), *stream.finish()]
    lines = [line for block in blocks for line in painter.block(block)]
    note = answer.shown_note
    return [*lines, status_sequences.ANSWER_END, *(note_lines(note, painter) if note else [])]


def show_conversation(screen: Screen, conversation: Conversation, painter: Callable[[], Painter]) -> None:
    """Print the last messages of a resumed conversation; ``painter`` is called only if there are some."""
    messages = conversation.messages
    if len(messages) > SHOWN_MESSAGES:
        screen.print(note_lines(f"{len(messages) - SHOWN_MESSAGES} earlier messages not shown", painter()))
    for message in messages[-SHOWN_MESSAGES:]:
        if isinstance(message, Question):
            screen.write(question_rows(message, painter()))
        else:
            screen.print(answer_lines(message, painter()))
    if isinstance(conversation.last, Question):
        screen.print(note_lines(UNANSWERED, painter()))


def note_lines(text: str, painter: Painter) -> list[str]:
    """A line of the program itself, wrapped, with an empty line after it."""
    return [*painter.wrap(clean(text), "dim"), ""]


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def help_lines() -> list[str]:
    """The help as plain lines, since markdown would not keep its columns."""
    entries = [(f"/{command.name} {command.argument}".rstrip(), command.description) for command in COMMANDS]
    entries += [
        ("Enter", "send; during an answer: send after it"),
        ("Alt+Enter, Ctrl+J", "a new line"),
        ("Esc, Ctrl+C", "stop the answer and keep its beginning; queued messages return to the input"),
        ("Up, Down", "earlier questions"),
    ]
    width = max(len(name) for name, _ in entries)
    return [f"{name:<{width}}  {description}" for name, description in entries]


class CommandCompleter(Completer):
    """Completes command names, models after ``/model`` and paths after ``/attach``."""

    def __init__(self, models: Callable[[], Iterable[str]]) -> None:
        self._models = models
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """The completions at the cursor."""
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in document.text:
            return
        name, space, rest = text[1:].partition(" ")
        if not space:
            for command in COMMANDS:
                if command.name.startswith(name.lower()):
                    yield Completion(command.name, start_position=-len(name), display_meta=command.description)
        elif name == "model":
            for model in self._models():
                if model.startswith(rest):
                    yield Completion(model, start_position=-len(rest))
        elif name == "attach":
            yield from self._paths.get_completions(Document(rest, len(rest)), complete_event)


class Draft(NamedTuple):
    """A question that has not been asked."""

    text: str
    attachments: tuple[Attachment, ...] = ()


class QuestionQueue:
    """The waiting questions, first in, first out."""

    def __init__(self) -> None:
        self._drafts: list[Draft] = []

    def add(self, draft: Draft) -> None:
        """Put a question at the end."""
        self._drafts.append(draft)

    def next(self) -> Draft | None:
        """Take the first question; None if there is none."""
        return self._drafts.pop(0) if self._drafts else None

    def take_all(self, current: Draft) -> Draft:
        """Take all questions as one draft, followed by the user's current one."""
        drafts = [*self._drafts, current]
        self._drafts.clear()
        return Draft(
            "\n\n".join(draft.text for draft in drafts if draft.text.strip()),
            tuple(attachment for draft in drafts for attachment in draft.attachments),
        )

    def lines(self) -> list[str]:
        """The questions for display, one line each."""
        return [" ".join(draft.text.split()) for draft in self._drafts]
