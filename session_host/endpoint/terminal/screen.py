"""Input and output on the main screen; finished text becomes the terminal's history.

::

    … settled text, printed once: it scrolls away like any program's output
    the unfinished end of the answer        ┐
    ◐ answering · 12 s · Esc stops          │ redrawn repeatedly, never more than the screen
    queued: what the user entered meanwhile │
    › what the user is writing              │
      /model   choose another model         │
    fake-model · 127.0.0.1:8080             ┘
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.cursor_shapes import CursorShape
from prompt_toolkit.data_structures import Size
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import ConditionalContainer, Dimension, HSplit, Layout, VerticalAlign, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import ConditionalProcessor, PasswordProcessor
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

KEY_WAIT_S: Final = 0.05
"""How long the rest of a key's sequence may take after an Escape; hosts write a key at once."""

MENU_ROWS: Final = 6
QUEUED_ROWS: Final = 3
ROOMY_ROWS: Final = 12
"""Terminals with this many rows get empty lines for readability."""

_BEGIN_FRAME: Final = "\x1b[?2026h"
_END_FRAME: Final = "\x1b[?2026l"

_STYLE: Final = Style.from_dict(
    {
        "marker": "bold ansimagenta",
        "status": "ansimagenta",
        "hint": "dim",
        "completion-menu": "noinherit",
        "scrollbar.background": "noinherit",
        "scrollbar.button": "noinherit",
        "completion-menu.completion": "noinherit",
        "completion-menu.completion.current": "noinherit bold ansimagenta",
        "completion-menu.meta.completion": "noinherit dim",
        "completion-menu.meta.completion.current": "noinherit",
    }
)


class Actions(NamedTuple):
    """The chat's reactions to its user."""

    submit: Callable[[str], bool]
    """The user entered a line; returns whether the chat accepts it, which empties the input."""
    stop: Callable[[], None]
    """The user pressed Escape, or Ctrl+C while something runs or the input is empty."""
    leave: Callable[[], None]
    """The user pressed Ctrl+D in an empty input."""
    resized: Callable[[], None]


class Screen:
    """The endpoint chat's terminal.

    Attributes:
        stoppable: whether something runs that Escape and Ctrl+C stop.
        secret: whether the input is hidden.
        marker: the text before the input.
        status: one line about the running work; "" for none.
        queued: questions that are asked next, one line each.
        hint: the last line, in a muted colour.
    """

    def __init__(self, actions: Actions, completer: Completer, questions: Iterable[str]) -> None:
        self.stoppable = self.secret = False
        self.marker, self.status, self.hint = "› ", "", ""
        self.queued: list[str] = []
        self._actions = actions
        self._tail: list[str] = []
        self._output = _Output()
        self.buffer = Buffer(
            completer=completer,
            complete_while_typing=Condition(lambda: self.buffer.text.startswith("/") and not self.secret),
            history=InMemoryHistory([question for question in questions if question]),
            multiline=True,
        )
        self._application = _Inline(
            actions.resized,
            layout=Layout(self._layout()),
            key_bindings=self._keys(),
            style=_STYLE,
            output=self._output,
            color_depth=ColorDepth.DEPTH_4_BIT,
            cursor=CursorShape._NEVER_CHANGE,  # noqa: SLF001 - its only name; keeps the user's cursor shape
            erase_when_done=True,
            enable_page_navigation_bindings=False,
            terminal_size_polling_interval=None,  # SIGWINCH replaces polling; an idle chat does nothing
        )
        self._application.ttimeoutlen = self._application.timeoutlen = KEY_WAIT_S

    @property
    def columns(self) -> int:
        """The terminal's width."""
        return self._output.get_size().columns

    @property
    def rows(self) -> int:
        """The terminal's height."""
        return self._output.get_size().rows

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Run until ``leave``; ``on_ready`` is called once, when the input is visible."""
        is_ready = False

        def on_render(_: object) -> None:
            nonlocal is_ready
            if not is_ready:
                is_ready = True
                on_ready()

        self._application.after_render += on_render
        await self._application.run_async(handle_sigint=False, set_exception_handler=False)

    def leave(self) -> None:
        """End ``run``; a second call does nothing."""
        if self._application.is_running and not (self._application.future and self._application.future.done()):
            self._application.exit()

    def print(self, lines: Iterable[str]) -> None:
        """Print lines above the input."""
        text = "".join(f"{line}\r\n" for line in lines)
        if text:
            self.write(text)

    def write(self, text: str) -> None:
        """Write to the terminal above the input: lines with their ends, or escape sequences."""
        application = self._application
        if not application.is_running:
            self._output.write_raw(text)
            self._output.flush()
            return
        with self._output.frame(), set_app(application):
            application.renderer.erase()
            self._output.write_raw(text)
            application.render_counter += 1  # controls keep their text while this stays
            application.renderer.render(application, application.layout)

    def write_sequence(self, sequence: str) -> None:
        """Write a sequence that does not change the screen."""
        self._output.write_raw(sequence)
        self._output.flush()

    def show(self, tail: list[str] | None = None) -> None:
        """Redraw the unfinished part of an answer (``tail``, if given), the status and the hint."""
        if tail is not None:
            self._tail = tail
        self._application.invalidate()

    def set_input(self, text: str) -> None:
        """Set the text of the input; the cursor goes to its end if the text changes."""
        if text != self.buffer.text:
            self.buffer.text = text
            self.buffer.cursor_position = len(text)

    def tail_rows(self) -> int:
        """How many rows are free for the unfinished part."""
        return max(1, self.rows - self._input_rows() - len(self._queue_lines()) - (4 if self.rows >= ROOMY_ROWS else 3))

    def _input_rows(self) -> int:
        return max(1, min(10, self.rows // 3))

    # ------------------------------------------------------------------------------------ layout

    def _layout(self) -> HSplit:
        tail = Window(
            FormattedTextControl(lambda: ANSI("\n".join(self._tail[-self.tail_rows() :]))),
            height=lambda: _rows(min(len(self._tail), self.tail_rows())),
            dont_extend_height=True,
        )
        status = Window(FormattedTextControl(self._status_text), height=self._status_rows, dont_extend_height=True)
        queue = Window(
            FormattedTextControl(lambda: [("class:hint", "\n".join(self._queue_lines()))]),
            height=lambda: _rows(len(self._queue_lines())),
            dont_extend_height=True,
        )
        entry = Window(
            BufferControl(
                self.buffer,
                input_processors=[ConditionalProcessor(PasswordProcessor(), Condition(lambda: self.secret))],
            ),
            height=lambda: Dimension(min=1, max=self._input_rows()),
            wrap_lines=True,
            dont_extend_height=True,
            get_line_prefix=self._prefix,
        )
        hint = Window(FormattedTextControl(self._hint_text), height=1, dont_extend_height=True)
        return HSplit(
            [
                ConditionalContainer(tail, Condition(lambda: bool(self._tail) and self.rows >= 4)),
                ConditionalContainer(status, Condition(lambda: bool(self.status) and self.rows >= 3)),
                ConditionalContainer(queue, Condition(lambda: bool(self._queue_lines()))),
                entry,
                ConditionalContainer(CompletionsMenu(max_height=MENU_ROWS), Condition(lambda: self.rows >= 5)),
                ConditionalContainer(hint, Condition(lambda: bool(self.hint) and self.rows >= 6)),
            ],
            align=VerticalAlign.TOP,
        )

    def _prefix(self, line: int, wrapped: int) -> StyleAndTextTuples:
        text = self.marker if not line and not wrapped else " " * get_cwidth(self.marker)
        return [("class:marker", text)]

    def _status_text(self) -> StyleAndTextTuples:
        return [("", "\n" * (self._status_rows() - 1)), ("class:status", _cut(self.status, self.columns))]

    def _status_rows(self) -> int:
        """The status, and an empty line before it if there is space."""
        return 2 if self._tail and self.rows >= ROOMY_ROWS else 1

    def _queue_lines(self) -> list[str]:
        """The first questions of the queue, and how many more there are; nothing on a very low screen."""
        room = QUEUED_ROWS if self.rows >= ROOMY_ROWS else int(self.rows >= 6)
        shown = self.queued if len(self.queued) <= room else self.queued[: max(0, room - 1)]
        more = len(self.queued) - len(shown)
        lines = [_cut(f"queued: {text}", self.columns) for text in shown]
        return [*lines, _cut(f"queued: {f'{more} more' if shown else more}", self.columns)] if more and room else lines

    def _hint_text(self) -> StyleAndTextTuples:
        return [("class:hint", _cut(self.hint, self.columns))]

    # -------------------------------------------------------------------------------------- keys

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter")
        def _enter(_: KeyPressEvent) -> None:
            self._submit()

        @keys.add("escape", "enter")
        @keys.add("c-j")
        def _new_line(_: KeyPressEvent) -> None:
            self.buffer.insert_text("\n")

        @keys.add("escape")
        def _escape(_: KeyPressEvent) -> None:
            self._actions.stop()

        @keys.add("c-c")
        @keys.add("<sigint>")
        def _interrupt(_: KeyPressEvent) -> None:
            if self.buffer.text and not self.stoppable:
                self.buffer.reset()
            else:
                self._actions.stop()

        @keys.add("c-l")
        def _redraw(_: KeyPressEvent) -> None:
            # The terminal's history stays: only the chat's own rows are redrawn.
            self.write("")

        @keys.add("c-d", filter=Condition(lambda: not self.buffer.text))
        def _end(_: KeyPressEvent) -> None:
            self._actions.leave()

        return keys

    def _submit(self) -> None:
        secret = self.secret
        text = self.buffer.text
        # Keep text that the action has put into the input, such as a question to edit.
        if self._actions.submit(text) and self.buffer.text == text:
            self.buffer.reset(append_to_history=not secret and bool(text.strip()))


class _Output(Vt100_Output):
    """The terminal's output: writes each frame in one piece, and never queries the terminal."""

    def __init__(self) -> None:
        self._is_in_frame = False
        super().__init__(sys.stdout, _size, term=os.environ.get("TERM"), enable_cpr=False)

    def flush(self) -> None:
        if self._is_in_frame or not self._buffer:
            return
        # A terminal that shows half of a frame shows lines twice, or not at all.
        self._buffer = [_BEGIN_FRAME, *self._buffer, _END_FRAME]
        super().flush()

    def disable_bracketed_paste(self) -> None:
        # The frame sets the mode again at its end; a paste in between would look like typing.
        if not self._is_in_frame:
            super().disable_bracketed_paste()

    def enable_bracketed_paste(self) -> None:
        if not self._is_in_frame:
            super().enable_bracketed_paste()

    @contextmanager
    def frame(self) -> Iterator[None]:
        """Hold output back until the frame is complete."""
        self._is_in_frame = True
        try:
            yield
        finally:
            self._is_in_frame = False
            self.flush()


class _Inline(Application[None]):
    """An application below the terminal's history."""

    def __init__(self, resized: Callable[[], None], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._resized = resized

    def _on_resize(self) -> None:
        """Erase more rows than were drawn: terminals wrap lines that are now too wide."""
        drawn = self.renderer.last_rendered_screen
        if drawn is not None:
            columns = self.output.get_size().columns
            cursor = drawn.get_cursor_position(self.layout.current_window)
            more = cursor.x // columns
            for row in range(cursor.y):
                used = max((column for column, cell in drawn.data_buffer[row].items() if cell.char != " "), default=0)
                more += used // columns
            self.output.cursor_up(more)
        self._resized()
        super()._on_resize()


def _rows(count: int) -> Dimension:
    return Dimension(min=min(1, count), preferred=count, max=count)


def _cut(text: str, columns: int) -> str:
    """Shorten a line to a width in columns, with an ellipsis."""
    if get_cwidth(text) <= columns:
        return text
    while text and get_cwidth(text) >= columns:
        text = text[:-1]
    return f"{text}…"


def _size() -> Size:
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return Size(rows=24, columns=80)
    return Size(rows=size.lines or 24, columns=size.columns or 80)
