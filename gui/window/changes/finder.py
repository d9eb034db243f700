"""Finds text in the diffs, from the position on the page downwards."""

from __future__ import annotations

from gui.chat.finder import TranscriptFinder
from gui.chat.page.finding import Hit


class ChangesFinder(TranscriptFinder):
    """Shows first the next match from the top of the page on, where a chat's finder shows the last match of all."""

    def _first_to_show(self, hits: list[Hit]) -> int | None:
        if not hits or not self.scan.is_done:
            return None
        page = self._page
        first = page.visible[0] if page.visible else None
        begin = (first.position, first.number) if first is not None else (0, 0)
        places = ((page.rows.position(hit.item) or 0, hit.segment) for hit in hits)
        return next((number for number, each in enumerate(places) if each >= begin), 0)
