"""Texts of changes to files: the tab Changes, diffs, comments, discarding, restore points."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from gui.wording import chat_texts, phrases
from gui.wording.text import Text
from session_host.protocol.untrusted_text import one_line
from session_host.standing.ages import short_age

if TYPE_CHECKING:
    from session_host.client.worktrees.changes import State
    from session_host.restore_points.points import About, Maker
    from session_host.restore_points.restoring import How

CHANGES = Text("Changes")
SHOW_CHANGES = Text("Show changes")
CHANGES_OF = Text("Changes: {chat}")
"""The tab with the changes of a chat."""
"""A button that opens the window."""
TITLE_OF = Text("Changes — {chat} — Outlive")
FILTER_FILES = Text("Filter files")
CHANGED_FILES = Text("Changed files")
READ_AGAIN = Text("Read the changes again")
READING = Text("Reading the changes…")


def cannot_read(reason: object) -> str:
    text = str(reason)
    return Text("{reason}.")(reason=phrases.first_upper(text))


NOTHING_SINCE_COMMIT = Text("No file differs from the last commit.")
NOTHING_SINCE_BRANCH = Text("No file differs from where the branch left {branch}.")
NOTHING_SINCE_PROMPT = Text("No file differs from how it was before the prompt.")
SINCE_COMMIT = Text("Since the last commit")
SINCE_BRANCH = Text("Since the branch left {branch}")
SINCE_PROMPT = Text("Since {prompt}")
"""Compared with the files before a prompt; ``prompt`` quotes the prompt, or gives its time."""
SHOW_SINCE = Text("Show changes since…")
"""The name of the control that chooses what the files are compared with."""
LAST_COMMIT = Text("The last commit")
"""A row of the list that it opens."""
BRANCH_START = Text("Where the branch left {branch}")
"""A row of that list."""
SINCE_THIS_PROMPT = Text("Changes since this prompt")
"""Item of a prompt's context menu."""


def summary(count: int, added: int, removed: int) -> str:
    return " ".join(filter(None, (FILE_COUNT(n=count), changed_lines(added, removed))))


FILE_COUNT = Text("{n:,} file changed", "{n:,} files changed")


MORE_FILES = Text("{n:,} more changed file is not listed", "{n:,} more changed files are not listed")
WITHOUT_LINES = Text(
    "More than {size} MB changed: {n:,} file is listed without its lines",
    "More than {size} MB changed: {n:,} files are listed without their lines",
)

READ_TOO_LATE = Text(
    "Reading the changes took too long: {n:,} file is listed without its lines",
    "Reading the changes took too long: {n:,} files are listed without their lines",
)

TOO_LARGE = Text("The change is too large to show here")
UNREADABLE = Text("This file cannot be read, so its change is not shown")
BEYOND_LIMIT = Text("Not shown, because all changes together are too large")
TOO_LATE = Text("Not shown, because reading the changes took too long")
CANNOT_SHOW = Text("The unchanged lines of {path} cannot be shown: {reason}.")
"""Why the unchanged lines of a file cannot be shown."""
OTHER_LINES = Text("git has other lines there")
OTHER_REPOSITORY = Text("another git repository")
SYMBOLIC_LINK = Text("symbolic link")
NO_SYMBOLIC_LINK = Text("no longer a symbolic link")
CONFLICT = Text("merge conflict")
NO_LONGER_TRACKED = Text("no longer tracked")


def state_letter(state: State) -> str:
    """The letter of a state, as git and editors write it."""
    return {
        "added": "A",
        "deleted": "D",
        "modified": "M",
        "renamed": "R",
        "type": "T",
        "untracked": "U",
        "conflict": "!",
        "dropped": "U",
    }[state]


def state_name(state: State) -> str:
    return {
        "added": Text("added"),
        "deleted": Text("deleted"),
        "modified": Text("modified"),
        "renamed": Text("renamed"),
        "type": Text("type changed"),
        "untracked": Text("untracked"),
        "conflict": CONFLICT,
        "dropped": NO_LONGER_TRACKED,
    }[state]()


def changed_row(path: str, state: State, added: int, removed: int) -> str:
    """A row of the list for screen readers, and as a tool tip."""
    return ", ".join(filter(None, (path, state_name(state), spoken_lines(added, removed))))


OPEN_AT_LINE = Text("Open line {line} in your editor")
NOT_A_TEXT = Text("{path} is not a text file")
"""A file cannot be opened because it is binary or too large."""
IS_DELETED = Text("{path} is deleted: there is no file to open")
"""A deleted file cannot be opened."""
COPY_PATH = Text("Copy path")

# Diffs in a chat view, and in the window Changes.
NEW_FILE = Text("new file")
DELETED_FILE = Text("deleted")
CHANGED_FILE = Text("changed")
"""Shown at a file if the agent sent none of the changed lines."""
BINARY_FILE = Text("binary file")
MOVED_FROM = Text("moved from {path}")
RENAMED_FROM = Text("renamed from {name}")
FILE_MODE = Text("mode {mode}")
EXECUTABLE = Text("executable")
NOT_EXECUTABLE = Text("no longer executable")
UNCHANGED_LINES = Text("{n:,} unchanged line", "{n:,} unchanged lines")


def hidden_lines(count: int, first: int) -> str:
    """The unchanged lines that are not shown, by their number and the first one's; 0 for unknown or none."""
    return UNCHANGED_LINES(n=count) if count else LINES_BELOW() if first else ""


LINES_BELOW = Text("Unchanged lines below")
"""Below the last change of a file, if it is not known how many lines follow."""
SHOW_UNCHANGED = Text("Show {n:,} unchanged line", "Show {n:,} unchanged lines")
SHOW_LINES_BELOW = Text("Show the lines below")
SHOW_FIRST = Text("Show the first {count} of these lines")
SHOW_LAST = Text("Show the last {count} of these lines")
SHOWN_LINES = Text("{n:,} line shown", "{n:,} lines shown")
"""Said to screen readers."""
FOLD_LINES = Text("Hide the opened lines")
"""Hides the unchanged lines that the user has opened."""


_MORE_CHARACTERS = Text("{n:,} more character", "{n:,} more characters")


def cut_line(before: int, shown: str, after: int) -> str:
    """A line of which only a part is shown, with the numbers of characters before and after it; 0 for none."""
    text = Text("({more}) …{shown}")(more=_MORE_CHARACTERS(n=before), shown=shown) if before else shown
    return Text("{shown}… ({more})")(more=_MORE_CHARACTERS(n=after), shown=text) if after else text


COPY_PATCH = Text("Copy as a patch")
DISCARD_FILE = Text("Discard changes of this file…")
OPEN_IN_EDITOR = Text("Open the file in your editor")


def changed_lines(added: int, removed: int) -> str:
    """The numbers of lines that a change adds and removes; "" if there are none."""
    return " ".join(
        filter(None, (ADDED_LINES(count=added) if added else "", REMOVED_LINES(count=removed) if removed else ""))
    )


def spoken_lines(added: int, removed: int) -> str:
    """The numbers of lines that a change adds and removes, for screen readers."""
    more = Text("{n:,} line added", "{n:,} lines added")(n=added) if added else ""
    less = Text("{n:,} line removed", "{n:,} lines removed")(n=removed) if removed else ""
    return ", ".join(filter(None, (more, less)))


ADDED_LINES = Text("+{count:,}")
REMOVED_LINES = Text("−{count:,}")
SIDE_BY_SIDE = Text("Show old and new side by side")
ONE_COLUMN = Text("Show the changes in one column")

# Comments on changes: their cards, and the text that is made of them for an agent.
CHAT_CHARACTERS = 24
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


COMMENT_HERE = Text("Comment on {n:,} line", "Comment on {n:,} lines")


def comment_line(line: int, *, is_old: bool) -> str:
    if is_old:
        return Text("Comment on removed line {line}")(line=line)
    return Text("Comment on line {line}")(line=line)


def counted_comments(count: int, drafts: int) -> str:
    """How many comments there are, and how many that were not saved."""
    saved = Text("{n:,} comment", "{n:,} comments")(n=count)
    if drafts and not count:
        return Text("{n:,} comment not saved yet", "{n:,} comments not saved yet")(n=drafts)
    unsaved = Text("{count:,} not saved yet")(count=drafts) if drafts else ""
    return chat_texts.joined(saved, unsaved)


def send_comments_to(chat: str) -> str:
    """The button that puts all comments into a chat."""
    return Text("Put into {chat}")(chat=_short_chat(chat))


SEND_COMMENTS_HELP = Text("Puts the comments where you write to the chat, and does not press Enter (Ctrl+Shift+Enter)")
COPY_COMMENTS = Text("Copy comments")
SAVE_COMMENT = Text("Save comment")
EDIT_COMMENT = Text("Edit")
REMOVE_COMMENT = Text("Remove")
CLOSE_COMMENT = Text("Close")
"""Closes the box; what was typed is kept."""
COMMENT_HINT = Text("Comment for the agent")
COMMENT_KEYS = Text("Ctrl+Enter saves, Escape closes and keeps what you typed")
COMMENT_NOT_SAVED = Text("Not saved yet")
COMMENT_ON = Text("Comment on {location}")
"""The name of a comment for screen readers."""
COMMENTS_ELSEWHERE = Text("Comments on files that are not among these changes")


def location_line(where: CommentLocation) -> str:
    """A comment's location in one line: the file, the lines, and whether they are still there."""
    numbers = line_numbers(where.first, where.last)
    old = Text("before the change")() if where.is_old else ""
    changed = ""
    if where.is_changed:
        is_one = where.first == where.last
        changed = (Text("the line has changed") if is_one else Text("the lines have changed"))()
    return chat_texts.joined(f"{where.path}{f':{numbers}' if numbers else ''}", old, changed)


def lines_named(first: int, last: int) -> str:
    """The numbers of lines in words: "Line 62", "Lines 62-64"; "" if unknown."""
    numbers = line_numbers(first, last)
    return (Text("Line {numbers}") if first == last else Text("Lines {numbers}"))(numbers=numbers) if numbers else ""


def comments_where(files: Sequence[str]) -> str:
    """The files of comments: the one, or how many."""
    if len(files) == 1:
        return Text("on {path}")(path=files[0])
    return Text("on {n:,} file", "on {n:,} files")(n=len(files))


def line_numbers(first: int, last: int) -> str:
    if not first:
        return ""
    return str(first) if first == last else f"{first}-{last}"


COMMENT_REMOVED = Text("The comment is removed.")
COMMENTS_REMOVED = Text("{n:,} comment removed.", "{n:,} comments removed.")
ADD_COMMENT = Text("Add to the prompt")
ADD_COMMENT_KEY = Text("Shift+Enter begins another line")
CANCEL_COMMENT = Text("Cancel")
UNDO_COMMENT = Text("Undo")


def comments_sent(count: int, chat: str, *, in_prompt_box: bool) -> str:
    if in_prompt_box:
        text = Text(
            "{n:,} comment put into the prompt box of {chat}, without Enter.",
            "{n:,} comments put into the prompt box of {chat}, without Enter.",
        )
    else:
        text = Text(
            "{n:,} comment pasted into {chat}, without Enter.", "{n:,} comments pasted into {chat}, without Enter."
        )
    return text(n=count, chat=_short_chat(chat))


COMMENTS_COPIED = Text("{n:,} comment copied.", "{n:,} comments copied.")


def has_ended(chat: str) -> str:
    return Text("{chat} has ended. Resume it, then send the comments, or copy them.")(chat=_short_chat(chat))


RESUME_CHAT = Text("Resume chat")


def answer_first(chat: str) -> str:
    return Text("{chat} asks you something. Answer that first, then send the comments.")(chat=_short_chat(chat))


def not_connected(chat: str) -> str:
    return Text("{chat} is not connected yet. Try again, or copy the comments.")(chat=_short_chat(chat))


SAVE_COMMENT_FIRST = Text("No comment is saved yet. Choose Edit and save it first.")
NO_COMMENTS_YET = Text("There are no comments yet.")
NO_LINE_TO_COMMENT = Text("Select lines of a change first, or mark one with Ctrl+Down.")


def _short_chat(chat: str) -> str:
    return chat if len(chat) <= CHAT_CHARACTERS else f"{chat[: CHAT_CHARACTERS - 1].rstrip()}…"


def prompt_of_comments(comments: Sequence[tuple[CommentLocation, Sequence[str], str]]) -> str:
    """One text of comments: for each its location, its quoted lines with their signs, and the comment."""
    head = Text("Comments on your changes:")()
    return "\n\n".join([head, *(_of_one_comment(*each) for each in comments)])


def _of_one_comment(where: CommentLocation, lines: Sequence[str], text: str) -> str:
    quoted = list(lines)
    if len(quoted) > QUOTED_LINES:
        quoted = [*quoted[: QUOTED_LINES - 2], "…", quoted[-1]]
    return "\n".join([f"{location_line(where)}", *(f"> {quoted_line(line)}" for line in quoted), text])


def quoted_line(line: str) -> str:
    return line if len(line) <= QUOTED_CHARACTERS else f"{line[: QUOTED_CHARACTERS - 1]}…"


# Changes that the user discards.
DISCARD_CHANGE = Text("Discard this change")


def discard_question(state: State) -> str:
    """Asked below the head of a file."""
    if state in {"added", "untracked"}:
        return Text("Delete this new file?")()
    if state == "deleted":
        return Text("Bring back the deleted file?")()
    return Text("Discard all changes of this file?")()


def discard_button(state: State) -> str:
    if state in {"added", "untracked"}:
        return Text("Delete")()
    return Text("Bring back")() if state == "deleted" else Text("Discard")()


def discarded(path: str, state: State, count: int) -> str:
    """After a discard of a whole file, or of ``count`` changed lines; 0 if only the file's permissions had changed."""
    if state == "deleted":
        return Text("Brought back {path}")(path=path)
    if state in {"added", "untracked"}:
        return Text("Deleted {path}")(path=path)
    if not count:
        return Text("Discarded the change of {path}")(path=path)
    return Text("Discarded {n} changed line in {path}", "Discarded {n} changed lines in {path}")(n=count, path=path)


TAKE_BACK = Text("Take this change back")
"""Item of the context menu of an agent’s edit, about one hunk."""
TAKE_BACK_SHORT = Text("Take back")
TAKE_BACK_AT = Text("Take back at line {line}?")
"""The button asks, since the lines are not where the agent's edits have left them."""
COMMENT_SHORT = Text("Comment")
"""Buttons at a hunk of an agent’s edit."""
COMMENT_ON_LINE = Text("Comment on this line…")
COMMENT_ON_CHANGE = Text("Comment on this change…")
UNDO_TAKE_BACK = Text("Undo taking this change back")


def lines_taken_back(numbers: Sequence[int]) -> str:
    """The line in place of a change that was taken back, by the numbers of its lines; they may be unknown."""
    if not numbers:
        return Text("Taken back")()
    first, last = min(numbers), max(numbers)
    if first == last:
        return Text("Line {line} taken back")(line=first)
    return Text("Lines {first} to {last} taken back")(first=first, last=last)


CANNOT_TAKE_BACK = Text("Nothing was taken back in {path}: {reason}.")
DISCARD_UNDONE = Text("{path} is as it was before you discarded the change.")
CANNOT_DISCARD = Text("Nothing was discarded in {path}: {reason}.")
CANNOT_UNDO_DISCARD = Text("Nothing was undone in {path}: {reason}.")

# Restore points: the files as they were before a prompt.
POINT_NAME_CHARACTERS = 40
"""A longer prompt is cut in a name."""
POINT_ROW_CHARACTERS = 200
"""A longer prompt is cut in the list, which shows as much of it as there is room for."""


def point_name(
    about: About, prompt: str, moment: datetime, now: datetime, characters: int = POINT_NAME_CHARACTERS
) -> str:
    """A restore point's name, by default for a sentence: its prompt, or the time of what it was made before."""
    if text := one_line(prompt).strip():
        return quoted_prompt(text, characters)
    return prompt_at(moment, now) if about.kind == "prompt" else change_at(about.maker, moment, now)


def quoted_prompt(prompt: str, characters: int = POINT_NAME_CHARACTERS) -> str:
    """The name of a prompt by its text, by default for a sentence."""
    cut = prompt if len(prompt) <= characters else f"{prompt[: characters - 1].rstrip()}…"
    return Text("“{prompt}”")(prompt=cut)


def prompt_at(moment: datetime, now: datetime) -> str:
    """The name of a prompt without a known text, for a sentence."""
    return Text("the prompt {when}")(when=phrases.at_time(moment, now))


def change_at(maker: Maker | None, moment: datetime, now: datetime) -> str:
    """The name of a restore or another change of the user's, for a sentence; None for an unknown one."""
    names = {
        "restore": Text("the restore {when}"),
        "discard": Text("the discard {when}"),
        "take back": Text("the take back {when}"),
        "undo": Text("the undo {when}"),
        None: Text("the change {when}"),
    }
    return names[maker](when=phrases.at_time(moment, now))


def point_detail(moment: datetime, now: datetime, changed: int | None) -> str:
    """The age of a restore point, and the number of files that have changed since; None for an unknown one."""
    return chat_texts.joined("" if changed is None else changed_files(changed), short_age(moment, now))


def changed_files(count: int) -> str:
    if not count:
        return Text("no file changed")()
    return Text("{n:,} file changed", "{n:,} files changed")(n=count)


NO_POINTS_YET = Text(
    "No files were saved yet. They are saved before each prompt to an agent, if the setting “Restore points” is "
    "on, and before you discard a change.",
)
POINT_NOT_KEPT = Text("The files were not saved before this prompt.")
CANNOT_RESTORE = Text("No files can be restored: {reason}.")
NOTHING_DIFFERS = Text("No file differs from how it was before {prompt}.")
RESTORE_QUESTION = Text("Restore {n:,} file to before {prompt}?", "Restore {n:,} files to before {prompt}?")
OFFER_RESTORE = Text("Restore…")
"""The button that leads to the question."""
RESTORE = Text("Restore")
RESTORE_UNDOES_ALL = Text(
    "This also undoes changes that you or other chats made to these files since then. You can undo it."
)
AGENT_WORKS = Text("{agent} is working and may change files during the restore.")
BRANCH_STAYS = Text("The branch was {then}; {now} stays checked out.")
CHANGED_MEANWHILE = Text("Files have changed in the meantime.")
UNSAVED_FILES_STAY = Text(
    "{n} file that was not saved stays as it is.", "{n} files that were not saved stay as they are."
)
STAYING = Text("{line}.")
UNTRACKED_STAY = Text("New files were not saved, and none is deleted.")
SUBMODULES_STAY = Text("{n} submodule stays as it is.", "{n} submodules stay as they are.")


def restore_details(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def restore_counts(modified: int, recreated: int, deleted: int) -> str:
    """How many files a restore changes, for a list that does not show all at once."""
    parts = [
        Text("{count:,} to change")(count=modified) if modified else "",
        Text("{count:,} to create")(count=recreated) if recreated else "",
        Text("{count:,} to delete")(count=deleted) if deleted else "",
    ]
    return Text("{counts}.")(counts=", ".join(filter(None, parts)))


def restored_files(rows: Sequence[tuple[How, str]], columns: int = 0) -> str:
    """The files of a question, one a line: what happens to each, and its path, cut to ``columns``; 0: not cut."""
    words = {
        "modified": Text("change")(),
        "recreated": Text("create")(),
        "deleted": Text("delete")(),
    }
    width = max(map(len, words.values()))
    room = columns - width - 2 if columns else sys.maxsize
    return "\n".join(f"{words[how]:<{width}}  {phrases.short_path(path, room)}" for how, path in rows)


RESTORING = Text("Restoring {n:,} file…", "Restoring {n:,} files…")
RESTORED = Text("{n:,} file restored.", "{n:,} files restored.")
RESTORE_UNDONE = Text("The restore is undone: {n:,} file.", "The restore is undone: {n:,} files.")
UNDO_UNDONE = Text("The undo is undone: {n:,} file.", "The undo is undone: {n:,} files.")
UNDO_RESTORE = Text("Undo restore")
CHANGED_SINCE_RESTORE = Text(
    "Changed since the restore: the first {n:,} file of the list.",
    "Changed since the restore: the first {n:,} files of the list.",
)
PERHAPS_CHANGED_SINCE_RESTORE = Text("What has changed since the restore is unknown.")


def partly_restored(failed: int, count: int, paths: str, problem: str) -> str:
    """Some files could not be restored; ``paths`` names the first ones."""
    text = Text("{failed:,} of {count:,} files were not restored: {paths}.")(failed=failed, count=count, paths=paths)
    reason = Text("The reason: {problem}.")(problem=problem.rstrip(".")) if problem else ""
    return restore_details(text, reason)
