"""The chat: turns the user's entries into questions and commands, one at a time."""

from __future__ import annotations

import asyncio
import logging
import textwrap
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from session_host.endpoint.asking import preload
from session_host.endpoint.commands import is_command, parse
from session_host.endpoint.conversation.attachments import label
from session_host.endpoint.conversation.conversation import (
    LEFT_OUT,
    Attachment,
    Conversation,
    Picture,
    Question,
    Settings,
    title_of,
)
from session_host.endpoint.conversation.file import ConversationFile
from session_host.endpoint.core import ChatCore
from session_host.endpoint.screen import osc, transcript
from session_host.endpoint.screen.markdown_stream import clean
from session_host.endpoint.screen.screen import Actions, Screen
from session_host.endpoint.server import addresses
from session_host.endpoint.server.api_keys import KeyFilter
from session_host.endpoint.terminal.answer import TerminalAnswer
from session_host.endpoint.terminal.completion import CommandCompleter
from session_host.endpoint.terminal.question_queue import Draft, QuestionQueue
from session_host.errors import OutliveError

if TYPE_CHECKING:
    from session_host.endpoint.screen.painting import Painter

_logger = logging.getLogger(__name__)


class CommandActions(Protocol):
    """Carries out the commands of one chat."""

    def perform(self, name: str, rest: str) -> None:
        """Run the command of this name.

        Raises:
            OutliveError: the command failed; the message says why.
        """

    async def choose_model(self) -> None:
        """Ask the server for its models; if it has only one, choose it."""

    async def check_key(self) -> None:
        """Check that the key's source has a key, before the first question."""

    async def set_key(self, key: str) -> None:
        """Use this key from now on, and save it in the desktop's secret store if there is one."""


class Chat:
    """One conversation with one server, in this process's terminal.

    Attributes:
        core: the conversation, the settings and the server.
        screen: the terminal.
        attached: attachments of the next question.
    """

    def __init__(
        self, file: ConversationFile, settings: Settings, environment: Mapping[str, str], key_filter: KeyFilter,
        make_actions: Callable[[Chat], CommandActions],
    ) -> None:  # fmt: skip
        self.core = ChatCore(file, settings, environment, key_filter, self.print_error)
        self.attached: list[Attachment] = []
        self._actions = make_actions(self)
        self._queue = QuestionQueue()
        self._answer_run: TerminalAnswer | None = None
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
                self.start_task(self._actions.check_key())

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
        self.screen.print(transcript.note_lines(text, self.painter()))

    def print_error(self, error: OutliveError | str) -> None:
        """Print an error, with its remedy."""
        self.screen.print([*self.painter().wrap(clean(self._message(error)), "red", prefix="✗ "), ""])

    def _message(self, error: OutliveError | str) -> str:
        """An error's line, without keys."""
        return self.core.key_filter.redact(str(error))

    def painter(self) -> Painter:
        """A painter for the terminal's current width."""
        from session_host.endpoint.screen.painting import Painter

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
            self.screen.write_sequence(osc.title(title_of(question.text)))
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
        self.screen.write_sequence(osc.activity(osc.Activity.WORKING))
        self.screen.write(transcript.question_rows(question, self.painter()))
        self.update_hint()
        self._set_input_mode(stoppable=True)
        self._task = asyncio.create_task(self._run_question())

    async def _run_question(self) -> None:
        """Ask the question and handle every outcome; afterwards the chat waits for the user."""
        answer_run = TerminalAnswer(self.screen, self.core.save, self.painter, self.settings.model)
        error: OutliveError | None = None
        try:
            server = await self.core.server()
            self._answer_run = answer_run
            await answer_run.run(server, self.conversation.for_model(self.settings.system))
            error = answer_run.error
        except OutliveError as failure:
            error = failure
        except asyncio.CancelledError:
            pass  # The question was stopped before it was sent.
        except Exception:
            _logger.exception("the question failed")  # The chat continues.
            error = OutliveError("internal error; /retry to try again")
        self._answer_run = self._task = None
        if self._leaving:
            return
        if error is not None:
            self.print_error(error)
            self.screen.write_sequence(osc.activity(osc.Activity.BLOCKED, "error", self._message(error)))
        else:
            self.screen.write_sequence(osc.activity(osc.Activity.DONE))
        self.screen.write(osc.ANSWER_END)
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

    async def _report_errors(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except OutliveError as error:
            self.print_error(error)

    async def _choose_model(self) -> None:
        """Choose the server's only model, and ask the questions that were entered meanwhile."""
        try:
            await self._actions.choose_model()
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
            self.start_task(self._actions.set_key(text.strip()))
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
            self.screen.write_sequence(osc.activity(osc.Activity.IDLE))
        try:
            self._actions.perform(command.name, rest)
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
        if self._answer_run is not None:
            self._answer_run.redraw()

    # ------------------------------------------------------------------------------ begin and end

    def _print_start(self) -> None:
        """Print the server and the conversation so far."""
        server = addresses.shown_server(self.settings.url)
        self.screen.write_sequence(osc.title(title_of(self.conversation.topic) or f"chat with {server}"))
        self.screen.write_sequence(osc.activity(osc.Activity.IDLE))
        if not self.core.existed:
            target = f"{self.settings.model} at {server}" if self.settings.model else server
            # Show the input first: importing a painter takes a tenth of a second.
            lines = textwrap.wrap(clean(f"Chat with {target}. /help for help."), self.screen.columns)
            self.screen.print([*(f"\x1b[2m{line}\x1b[0m" for line in lines), ""])
        transcript.show(self.screen, self.conversation, self.painter)
        self.update_hint()

    async def _shut_down(self) -> None:
        """Stop all tasks, and restore the terminal."""
        self._leaving = True
        tasks = [*self._background_tasks, *([self._task] if self._task else [])]
        for task in tasks:
            self._cancel(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.core.close()
        self.screen.write_sequence(osc.activity(osc.Activity.CLEAR))
