"""The transcript and the prompt box of a page. Answer path, 2 of 15."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Look
from gui.bridge.search import Query
from gui.bridge.unsent import Drafts
from gui.chat.content.items import Mode
from gui.chat.page.positions import ScrollPosition
from gui.chat.view import ChatView
from gui.input.draft import Draft
from gui.settings.layout import Place, TranscriptPlace
from gui.settings.preferences import Preferences
from gui.terminal.cell_metrics import default_chat_px
from gui.terminal.links.links import LinkRules
from gui.theme.theme import Theme
from gui.wording import page_texts
from session_host.protocol.messages import AnswerRequest, ChatInput, InputRefused, Prompt
from session_host.structured.items import Setting
from session_host.structured.transcript import Transcript

if TYPE_CHECKING:
    from .sleep_bar import SleepBar

KEPT_INPUTS = 8
"""A host refuses a prompt within a moment, or when it is there again."""


def as_prompt(text: str) -> str:
    """A text for a terminal as text of a prompt: without the Enter at its end and without control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return "".join(character for character in lines if character in "\n\t" or unicodedata.category(character) != "Cc")


class StructuredContent(QObject):
    """The transcript and the prompt box of a page.

    Attributes:
        view: both; ``finder``: finds a text in the transcript; ``edited``: copies and pastes there.
        typed_areas: returns the parts of the page that the user types into.
        chat: the chat; ``source``: the viewer that the page shows.

    Signals:
        zoomed: the user made the text larger or smaller (steps from the configured size).
        resume_requested: the user sent a prompt to the ended chat (a Draft).
        place_changed: the user scrolled, folded or unfolded.
    """

    zoomed = Signal(int)
    resume_requested = Signal(object)
    place_changed = Signal()

    def __init__(
        self,
        theme: Theme,
        source: Look,
        page: QWidget,
        open_find: Callable[[], object],
        drafts: Drafts,
        load_transcript: Callable[[StructuredContent], None],
        list_repository: Callable[[str], list[str]],
    ) -> None:
        """Make the transcript and the prompt box of a page.

        Args:
            theme: the looks.
            source: the viewer that the page shows.
            page: the page.
            open_find: opens the page's find bar.
            drafts: the unsent prompts of all chats.
            load_transcript: loads the transcript of an ended chat.
            list_repository: lists the files of a repository on the chat's machine; called in a thread.
        """
        super().__init__(page)
        self.source = source
        self.chat = chat = source.chat
        self._base_px = 0
        self._steps = 0
        self._load_transcript = load_transcript
        self._is_requested = self._has_saved_transcript = False
        self._can_resume = True
        self._sent: dict[int, Prompt | AnswerRequest] = {}
        """The latest ones that were sent here, by their numbers, since the host may refuse them."""
        self._drafts = drafts
        self.view = ChatView(
            theme,
            self.send,
            chat.record.origin.cwd,
            page,
            short_directory=chat.workplace.short_directory,
        )
        self.view.setAccessibleName(page_texts.CONVERSATION_OF(name=chat.full_name))
        view = self.view
        view.set_account(chat.record.origin.account)
        view.prompt.completion.files.set_lister(list_repository, is_here=chat.machine.has_our_files)
        view.page.zoom_requested.connect(lambda by: self.zoomed.emit(self._steps + by))
        view.page.place_changed.connect(self.place_changed)
        view.prompt.show_draft(drafts.of(chat.id))
        view.prompt.editor.document().clearUndoRedoStacks()
        view.prompt.edited.connect(lambda: drafts.set(chat.id, view.prompt.draft))
        drafts.changed.connect(self._on_draft)
        source.damaged.connect(self._on_damaged)
        source.refused.connect(self._on_refused)
        self._show_later()
        self.finder, self.edited, self.typed_areas = view.finder, view, view.typed_areas
        shortcut = QShortcut(QKeySequence("Ctrl+F"), page)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(open_find)

    # ------------------------------------------------------------ the user's input

    def send(self, chat_input: ChatInput) -> None:
        """Send what the user does in the chat.

        A prompt resumes an ended chat, and is kept as a draft while nothing takes it.
        """
        viewer, prompt = self.source.viewer, chat_input if isinstance(chat_input, Prompt) else None
        if prompt is not None and self.chat.has_ended:
            self.resume_requested.emit(Draft(prompt.text, prompt.images))
        elif viewer is not None:
            sequence = viewer.send(chat_input)
            if isinstance(chat_input, Prompt | AnswerRequest):
                self._sent = dict([*self._sent.items(), (sequence, chat_input)][-KEPT_INPUTS:])
        elif prompt is not None:
            self._drafts.add(self.chat.id, Draft(prompt.text, prompt.images))

    def _on_refused(self, refusal: InputRefused) -> None:
        """Put a refused prompt back; show the reason of a refused answer also at its request."""
        match self._sent.pop(refusal.sequence, None):
            case Prompt(text=text, images=images):
                self._drafts.add(self.chat.id, Draft(text, images))
            case AnswerRequest(agent_request=request):
                self.view.refused(request, refusal.message)
            case None:
                pass

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings of the agent's session."""
        return self.view.transcript.status.settings

    def _on_draft(self, session_id: str) -> None:
        if session_id == self.chat.id:
            self.view.prompt.show_draft(self._drafts.of(session_id))

    def set_writer(self, _writer: SleepBar | None) -> None:
        """See ``TerminalContent``; the prompt box takes the text that wakes the chat, too."""

    def type_text(self, text: str) -> None:
        """Put a text into the prompt, where the cursor is; Enter at its end does not send the prompt."""
        self.view.prompt.insert(as_prompt(text))

    @property
    def can_insert(self) -> bool:
        """Whether a prompt can be inserted now."""
        return not self.view.prompt.editor.isReadOnly()

    def insert_prompt(self, text: str) -> None:
        """Put a prompt into the prompt box, where the cursor is."""
        self.view.prompt.insert(as_prompt(text))

    def append_prompt(self, text: str) -> None:
        """Put a prompt below what is written in the prompt box."""
        self.view.prompt.append(as_prompt(text))

    def press(self, event: QKeyEvent) -> bool:
        """Go on finding by F3, as in other windows: here, the key belongs to no program."""
        if event.key() != Qt.Key.Key_F3 or self.view.page.pattern is None:
            return False
        onward = self.finder.onward
        self.finder.step(-onward if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else onward)
        return True

    # ------------------------------------------------------------ showing

    @property
    def place(self) -> Place | None:
        """The view's scroll position and folds, for the layout; None for the end without folds."""
        rows = self.view.page.rows
        modes: dict[str, tuple[bool | None, bool]] = {
            key: mode
            for key, mode in rows.modes.items()
            if mode != Mode() and (key in rows.transcript or not len(rows.transcript))
        }
        found = TranscriptPlace(self.view.page.scroller.chosen_position, modes, tuple(sorted(rows.columns)))
        return found if found != TranscriptPlace() else None

    def go_to_place(self, place: Place) -> None:
        """Show a saved place once the transcript has it."""
        if isinstance(place, TranscriptPlace):
            rows = self.view.page.rows
            rows.modes = {key: Mode(*mode) for key, mode in place.modes.items()}
            rows.columns = set(place.columns)
            self.view.page.scroller.go_once_known(place.top and ScrollPosition(*place.top))

    @property
    def _replica(self) -> Transcript | None:
        return self.source.viewer.replica.transcript if self.source.viewer is not None else None

    @property
    def faded(self) -> QWidget:
        """See ``TerminalContent``; the prompt box stays as it is."""
        return self.view.page

    @property
    def is_blank(self) -> bool:
        """See ``TerminalContent``: False, since the view says itself what it waits for."""
        return False

    async def foreground_directory(self) -> str:
        """See ``TerminalContent``: the chat's."""
        return self.chat.record.origin.cwd

    def areas_in_use(self) -> list[list[QRect]]:
        """See ``TerminalContent``: none, since the view gives up its height to such a line."""
        return []

    @property
    def has_replica(self) -> bool:
        """Whether the chat's viewer has a replica."""
        return self._replica is not None

    @property
    def has_old_content(self) -> bool:
        """Whether the view still shows old content although there is no replica."""
        return len(self.view.transcript) > 0

    def attach(self) -> None:
        """Show the running chat's viewer, which may have changed."""
        self._show_replica()

    def show_last_replica(self) -> None:
        """Show the replica of a chat that has ended, for reading only."""
        self._show_replica()
        self._offer_to_resume()

    def set_can_resume(self, can_resume: bool) -> None:
        """Set whether the ended chat can be resumed, as far as its agent's files tell."""
        self._can_resume = can_resume
        self._offer_to_resume()

    def _offer_to_resume(self) -> None:
        """Let a prompt resume the ended chat, if its conversation is known."""
        record = self.chat.record
        is_last = record.entry.continued_by is None or self._drafts.is_holding(self.chat.id)
        is_known = bool(record.program.conversation) and is_last
        self.view.prompt.set_resumes(is_known and self._can_resume, wakes=self.chat.is_asleep)

    def _show_later(self) -> None:
        """Show the prompt that is to be sent at a time; that of an ended chat waits until it is resumed."""
        self.view.show_later(None if self.chat.has_ended else self.chat.record.later)
        self.view.show_taker(self.chat.taker_words)

    def _show_replica(self) -> None:
        replica = self._replica
        if replica is not None and replica is not self.view.transcript:
            self.view.set_transcript(replica)

    def fetch_saved(self) -> bool:
        """Load the transcript of an ended chat, unless done before; returns whether loading started."""
        if self._is_requested or self._has_saved_transcript:
            return False
        self._is_requested = True
        self._load_transcript(self)
        return True

    def show_transcript(self, transcript: Transcript | None) -> None:
        """Show the transcript of an ended chat; None if none was saved."""
        self._has_saved_transcript = transcript is not None
        if transcript is not None:
            self.view.set_transcript(transcript)
        self._offer_to_resume()

    def set_in_front(self, *, is_in_front: bool) -> None:
        """See ``TerminalContent``; a transcript reports no directory."""

    def paint_now(self) -> None:
        """See ``TerminalContent``; a transcript is painted with the next frame."""

    def suspend(self) -> bool:
        """See ``TerminalContent``; a hidden transcript keeps its replica."""
        return False

    def release(self) -> None:
        """Release the view's content, because the tab is closed."""
        self._drafts.disconnect(self)
        self.view.set_transcript(Transcript())

    def on_detaching(self) -> None:
        """See ``TerminalContent``; the transcript can stay, because it needs no closing."""

    def _on_damaged(self) -> None:
        self.view.changed()

    def on_replaced(self) -> None:
        """Show another replica of the viewer."""
        self._show_replica()

    def on_changed(self) -> None:
        """Show changed facts of the chat."""
        if self.chat.has_ended:
            self._offer_to_resume()
        self._show_later()
        self.view.setAccessibleName(page_texts.CONVERSATION_OF(name=self.chat.full_name))

    def go_to_time(self, at_s: float) -> None:
        """Show what was said at a time in seconds since 1970; 0 for none."""
        if at_s:
            self.view.go_to_time(round(at_s * 1000))

    def show_line(self, text: str, query: Query) -> bool:
        """Show a line that a search found; returns whether the line exists."""
        return True

    # ------------------------------------------------------------ size

    def apply_settings(self, preferences: Preferences, zoom_steps: int) -> None:
        """See ``TerminalContent``; the font is that of code."""
        settings = preferences.window
        self._base_px = settings.font_size or default_chat_px()
        self.view.page.set_mono_font(preferences.terminal_font)
        self.set_zoom(zoom_steps)
        self.view.set_links(LinkRules(settings.open_links, settings.link_files))
        self.view.set_turns_fold(folds=settings.fold_turns)

    def set_window_keys(self, keys: tuple[str, ...]) -> None:
        """See ``TerminalContent``; no key is a program's."""

    def set_zoom(self, steps: int) -> None:
        """See ``TerminalContent``."""
        self._steps = steps
        self.view.page.set_font_size(self._base_px + steps)
