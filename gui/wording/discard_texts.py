"""Texts about changes that the user discards."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from gui.wording import comment_texts
from session_host.client.worktrees.changed_files import State

translate = QCoreApplication.translate


def discard_change() -> str:
    return translate("discard", "Discard this change")


def question(state: State) -> str:
    """Asked below the head of a file."""
    if state in {"added", "untracked"}:
        return translate("discard", "Delete this new file?")
    if state == "deleted":
        return translate("discard", "Bring back the deleted file?")
    return translate("discard", "Discard all changes of this file?")


def yes(state: State) -> str:
    if state in {"added", "untracked"}:
        return translate("discard", "Delete")
    return translate("discard", "Bring back") if state == "deleted" else translate("discard", "Discard")


def discarded(path: str, state: State, count: int) -> str:
    """What was done: this many changes of a file are discarded; 0: a new file is deleted, or a deleted one back."""
    if count:
        return translate("discard", "Discarded {count} change(s) in {path}", "", count).format(count=count, path=path)
    if state == "deleted":
        return translate("discard", "Brought back {path}").format(path=path)
    return translate("discard", "Deleted {path}").format(path=path)


def undo() -> str:
    return comment_texts.undo()


def undone(path: str) -> str:
    return translate("discard", "{path} is as it was before you discarded the change.").format(path=path)


def cannot(reason: object) -> str:
    return translate("discard", "Nothing was discarded: {reason}.").format(reason=reason)


def cannot_undo(reason: object) -> str:
    return translate("discard", "Nothing was undone: {reason}.").format(reason=reason)
