"""Comments on changes as the text that goes to their chat."""

from __future__ import annotations

import os
from collections.abc import Iterable

from gui.settings.layout import ReviewComment
from gui.wording import changes_texts
from session_host.protocol.untrusted_text import legible

from .anchors import Anchored


def location_of(comment: ReviewComment, path: str, *, is_changed: bool) -> changes_texts.CommentLocation:
    """Where a comment is; ``path`` is that of its file as it is shown."""
    return changes_texts.CommentLocation(path, comment.first, comment.last, comment.is_old, is_changed)


def in_order(comments: Iterable[Anchored]) -> list[Anchored]:
    """Comments by their files and lines."""
    return sorted(comments, key=lambda each: (each.comment.path.split("/"), each.comment.first))


def text_of(comments: Iterable[Anchored], directory: str) -> str:
    """One text of comments; paths are relative to the chat's directory."""
    rows = []
    for each in comments:
        comment = each.comment
        path = legible(os.path.relpath(f"{comment.top}/{comment.path}", directory))
        location = location_of(comment, path, is_changed=each.last is None)
        rows.append((location, [legible(line) for line in comment.lines], comment.text))
    return changes_texts.prompt_of_comments(rows)
