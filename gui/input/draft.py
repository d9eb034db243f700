"""An unsent prompt."""

from __future__ import annotations

from typing import NamedTuple

from session_host.protocol.values import Image


class Draft(NamedTuple):
    """A text and images that the user has not sent yet."""

    text: str = ""
    images: tuple[Image, ...] = ()

    def before(self, later: Draft) -> Draft:
        """Join this draft and a later one: the texts on separate lines, then all images."""
        return Draft("\n".join(filter(None, (self.text, later.text))), self.images + later.images)


NO_DRAFT = Draft()
