"""The content of the prompt box, text and images: the draft, or an earlier prompt."""

from __future__ import annotations

from gui.input.draft import Draft

from .attachments import Attachments
from .editor import PromptEditor
from .history import History


class PromptContent:
    """Reads and replaces the field's text together with the images.

    Attributes:
        history: the earlier prompts.
    """

    def __init__(self, editor: PromptEditor, attachments: Attachments) -> None:
        self.history = History()
        self._editor = editor
        self._attachments = attachments
        editor.textChanged.connect(self._follow_undo)

    @property
    def shown(self) -> Draft:
        """The text and the images that the box shows."""
        return Draft(self._editor.toPlainText(), self._attachments.images)

    @property
    def draft(self) -> Draft:
        """The unsent prompt. While the box shows an earlier prompt unchanged: the draft from before that."""
        return self.history.draft(self.shown)

    @property
    def gap(self) -> str:
        """The line feeds between the text and another paragraph."""
        text = self._editor.toPlainText()
        return "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"

    def show_draft(self, draft: Draft) -> str:
        """Show another draft; the cursor stays in the common text. Returns a problem with its images, else ""."""
        self.history.leave()
        self._editor.change_text(draft.text)
        return self._show_images(draft)

    def recall(self, step: int) -> str:
        """Show the prompt before (-1) or after (1) the shown one, if any; returns a problem with its images."""
        prompt = self.history.older(self.shown) if step < 0 else self.history.newer()
        if prompt is None:
            return ""
        self._editor.set_text(prompt.text)
        return self._show_images(prompt)

    def _follow_undo(self) -> None:
        if (draft := self.history.undone(self.shown)) is not None:
            self._show_images(draft)

    def _show_images(self, prompt: Draft) -> str:
        return "" if prompt.images == self._attachments.images else self._attachments.set_images(prompt.images)
