"""Texts of the comments on changes: their cards, and the text that is made of them for an agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from gui.wording import chat_texts

translate = QCoreApplication.translate

NAME_CHARACTERS = 24
"""A longer name of a chat is cut in a button."""
QUOTED_LINES = 6
"""If a comment has more lines, the first ones and the last one are quoted."""
QUOTED_CHARACTERS = 160
"""A longer line is cut when it is quoted."""


class CommentLocation(NamedTuple):
    """The lines of a comment.

    Attributes:
        path: the file's path, as it is shown or sent.
        first, last: the numbers of its lines; 0 if unknown.
        is_old: whether they are lines that the change removed.
        is_changed: whether the lines are not there any more.
    """

    path: str
    first: int
    last: int
    is_old: bool = False
    is_changed: bool = False


def comment_here(lines: int) -> str:
    return translate("comments", "Comment on {count} line(s)", "", lines).format(count=f"{lines:,}")


def comment_line(line: int, *, is_old: bool) -> str:
    if is_old:
        return translate("comments", "Comment on removed line {line}").format(line=line)
    return translate("comments", "Comment on line {line}").format(line=line)


def counted(count: int, drafts: int) -> str:
    """How many comments there are, and how many that were not saved."""
    saved = translate("comments", "{count} comment(s)", "", count).format(count=f"{count:,}")
    if drafts and not count:
        return translate("comments", "{count} comment(s) not saved yet", "", drafts).format(count=f"{drafts:,}")
    unsaved = translate("comments", "{count} not saved yet").format(count=f"{drafts:,}") if drafts else ""
    return chat_texts.joined(saved, unsaved)


def send_to(chat: str) -> str:
    """The button that puts all comments into a chat."""
    return translate("comments", "Send to {chat}").format(chat=_short(chat))


def send_help() -> str:
    return translate(
        "comments", "Puts the comments where you write to the chat, and does not press Enter (Ctrl+Shift+Enter)"
    )


def copy_comments() -> str:
    return translate("comments", "Copy comments")


def save() -> str:
    return translate("comments", "Save comment")


def edit() -> str:
    return translate("comments", "Edit")


def remove() -> str:
    return translate("comments", "Remove")


def later() -> str:
    """Closes the box; what was typed is kept."""
    return translate("comments", "Close")


def hint() -> str:
    return translate("comments", "Comment for the agent")


def keys() -> str:
    return translate("comments", "Ctrl+Enter saves, Escape closes and keeps what you typed")


def not_saved() -> str:
    return translate("comments", "Not saved yet")


def comment_on(location: str) -> str:
    """The name of a comment for screen readers."""
    return translate("comments", "Comment on {location}").format(location=location)


def elsewhere() -> str:
    return translate("comments", "Comments on files that are not among these changes")


def location_line(where: CommentLocation) -> str:
    """A comment's location in one line: the file, the lines, and whether they are still there."""
    numbers = line_numbers(where.first, where.last)
    old = translate("comments", "before the change") if where.is_old else ""
    changed = ""
    if where.is_changed:
        changed = translate("comments", "the line has changed") if where.first == where.last else translate(
            "comments", "the lines have changed"
        )  # fmt: skip
    return chat_texts.joined(f"{where.path}{f':{numbers}' if numbers else ''}", old, changed)


def line_numbers(first: int, last: int) -> str:
    if not first:
        return ""
    return str(first) if first == last else f"{first}-{last}"


# ------------------------------------------------------------ what happened


def removed_one() -> str:
    return translate("comments", "The comment is removed.")


def undo() -> str:
    return translate("comments", "Undo")


def sent(count: int, chat: str, *, in_prompt_box: bool) -> str:
    if in_prompt_box:
        text = translate("comments", "{count} comment(s) put into the prompt box of {chat}, not sent yet.", "", count)
    else:
        text = translate("comments", "{count} comment(s) pasted into {chat}, without Enter.", "", count)
    return text.format(count=f"{count:,}", chat=_short(chat))


def copied(count: int) -> str:
    return translate("comments", "{count} comment(s) copied.", "", count).format(count=f"{count:,}")


def has_ended(chat: str) -> str:
    return translate("comments", "{chat} has ended. Resume it, then send the comments, or copy them.").format(
        chat=_short(chat)
    )


def resume() -> str:
    return translate("comments", "Resume chat")


def answer_first(chat: str) -> str:
    return translate("comments", "{chat} asks you something. Answer that first, then send the comments.").format(
        chat=_short(chat)
    )


def not_connected(chat: str) -> str:
    return translate("comments", "{chat} is not connected yet. Try again, or copy the comments.").format(
        chat=_short(chat)
    )


def save_first() -> str:
    return translate("comments", "No comment is saved yet. Choose Edit and save it first.")


def none_yet() -> str:
    return translate("comments", "There are no comments yet.")


def no_line() -> str:
    return translate("comments", "Select lines of a change first, or mark one with Ctrl+Down.")


def _short(chat: str) -> str:
    return chat if len(chat) <= NAME_CHARACTERS else f"{chat[: NAME_CHARACTERS - 1].rstrip()}…"


# ------------------------------------------------------------ the text for the agent


def prompt(comments: Sequence[tuple[CommentLocation, Sequence[str], str]]) -> str:
    """One text of comments: for each its location, its quoted lines with their signs, and the comment."""
    head = translate("comments", "Comments on your changes:")
    return "\n\n".join([head, *(_of_one(*each) for each in comments)])


def _of_one(where: CommentLocation, lines: Sequence[str], text: str) -> str:
    quoted = list(lines)
    if len(quoted) > QUOTED_LINES:
        quoted = [*quoted[: QUOTED_LINES - 2], "…", quoted[-1]]
    return "\n".join([f"{location_line(where)}", *(f"> {quoted_line(line)}" for line in quoted), text])


def quoted_line(line: str) -> str:
    return line if len(line) <= QUOTED_CHARACTERS else f"{line[: QUOTED_CHARACTERS - 1]}…"
