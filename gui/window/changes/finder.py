"""Finds text in the diffs, from the position on the page downwards."""

from __future__ import annotations

from gui.chat.finder import Hit, TranscriptFinder


class ChangesFinder(TranscriptFinder):
    """Shows first the next match below the top of the page, and goes on down."""

    onward = 1

    def _first_to_show(self, hits: list[Hit]) -> int | None:
        if not hits or not self.scan.is_done:
            return None
        page = self._page
        first = page.visible[0] if page.visible else None
        begin = (first.position, first.number) if first is not None else (0, 0)
        positions = ((page.rows.position(hit.item) or 0, hit.segment) for hit in hits)
        return next((number for number, position in enumerate(positions) if position >= begin), 0)
