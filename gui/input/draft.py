"""An unsent prompt."""

from __future__ import annotations

from typing import NamedTuple

from session_host.protocol.values import Image


class Draft(NamedTuple):
    """A text and images that the user has not sent yet."""

    text: str = ""
    images: tuple[Image, ...] = ()

    def before(self, later: Draft) -> Draft:
        """This draft and a later one as one, in this order, each text on lines of its own."""
        return Draft("\n".join(filter(None, (self.text, later.text))), self.images + later.images)


NO_DRAFT = Draft()
