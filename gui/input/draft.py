"""An unsent prompt."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

from PySide6.QtGui import QTextDocument

from session_host.protocol.values import Image


class Draft(NamedTuple):
    """A text and images that the user has not sent yet."""

    text: str = ""
    images: tuple[Image, ...] = ()

    def before(self, later: Draft) -> Draft:
        """Join this draft and a later one: the texts on separate lines, then all images."""
        return Draft("\n".join(filter(None, (self.text, later.text))), self.images + later.images)


NO_DRAFT = Draft()


def joined(drafts: Iterable[Draft]) -> Draft:
    """Several drafts as one, in their order."""
    return reduce(Draft.before, drafts, NO_DRAFT)


_LINE_ENDS = {0x2028: "\n", 0x2029: "\n"}


def typed_text(document: QTextDocument) -> str:
    """A field's text. Qt's ``toPlainText`` would make a blank of each no-break space."""
    return document.toRawText().translate(_LINE_ENDS)
