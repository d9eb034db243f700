"""The prompts of a transcript that come into the prompt box again: recalled, reused, or taken back from the queue."""

from __future__ import annotations

from collections.abc import Callable

from gui.input.draft import Draft
from session_host.protocol.messages import ChatInput, WithdrawPrompt
from session_host.protocol.untrusted_text import legible
from session_host.structured.items import IN_QUEUE, Item

from .page.page import TranscriptPage
from .prompt.box import PromptBox

_MAX_ITEMS = 500


class EarlierPrompts:
    """Gives the prompt box the prompts of one page again."""

    def __init__(self, page: TranscriptPage, prompt: PromptBox, send: Callable[[ChatInput], object]) -> None:
        """Give ``prompt`` what ``page`` shows; ``send`` gets what the user takes back."""
        self._page, self._prompt, self._send = page, prompt, send
        self._taking_back: dict[str, None] = {}
        """The queued prompts that the user takes back here, by their items' ids, in this order."""
        self._known: set[str] = set()
        """The ids of the prompts that were read last."""
        self._read = (0, 0)
        """The transcript's length and the beginning of its queue when it was read."""

    def load_history(self) -> None:
        """Fill the prompt's history with the latest prompts of the transcript."""
        prompts = self._read_from(max(len(self._page.transcript) - _MAX_ITEMS, 0))
        self._prompt.history.set([_draft_of(item) for item in prompts])

    def note_new(self) -> None:
        """Add prompts that came from elsewhere to the history: from a command, a phone, another window."""
        transcript, known = self._page.transcript, self._known
        if (len(transcript), transcript.queue_start) != self._read:
            for item in self._read_from(min(self._read[1], len(transcript))):
                if item.id not in known:
                    self._prompt.history.note(_draft_of(item))

    def _read_from(self, first: int) -> list[Item]:
        """The prompts from a position on. All that are new come at the beginning of the queue, or after it."""
        transcript = self._page.transcript
        items = (transcript[position] for position in range(first, len(transcript)))
        prompts = [item for item in items if item.kind == "user"]
        self._known, self._read = {item.id for item in prompts}, (len(transcript), transcript.queue_start)
        return prompts

    def reuse(self, item: Item) -> None:
        """Put a prompt into the prompt box, which gets the keyboard focus."""
        self._prompt.put(_draft_of(item))
        self._prompt.editor.setFocus()

    def take_back(self, item_id: str) -> None:
        """Take a queued prompt back: it goes into the prompt box once the host has confirmed it."""
        self._taking_back[item_id] = None
        self._prompt.editor.setFocus()
        self._send(WithdrawPrompt(item_id))

    def take_last_back(self) -> None:
        """Take the last queued prompt back that is not being taken back yet."""
        transcript = self._page.transcript
        queue = [transcript[position].id for position in range(transcript.queue_start, len(transcript))]
        if remaining := [item_id for item_id in queue if item_id not in self._taking_back]:
            self.take_back(remaining[-1])

    def put_back_withdrawn(self) -> None:
        """Put each prompt that was taken back here into the prompt box, once the host has confirmed it."""
        for item_id in list(self._taking_back):
            item = self._page.transcript.get(item_id)
            if item is None or item.status not in IN_QUEUE:
                del self._taking_back[item_id]
            if item is not None and item.status == "withdrawn":
                self._prompt.put(_draft_of(item))


def _draft_of(item: Item) -> Draft:
    """A prompt as the user's words: an agent may have sent it, or told of it."""
    return Draft(legible(item.text.replace("\r\n", "\n")), item.images)
