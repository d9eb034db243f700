"""Texts of the window with the changes of a chat's directory."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from gui.wording import chat_texts, diff_texts, phrases
from session_host.client.worktrees.changed_files import State

translate = QCoreApplication.translate


def changes() -> str:
    return translate("changes", "Changes")


def show() -> str:
    """A button that opens the window."""
    return translate("changes", "Show changes")


def title_of(chat: str) -> str:
    return translate("changes", "Changes — {chat} — Outlive").format(chat=chat)


def search() -> str:
    return translate("changes", "Filter files")


def files() -> str:
    return translate("changes", "Changed files")


def refresh() -> str:
    return translate("changes", "Read the changes again")


def reading() -> str:
    return translate("changes", "Reading the changes…")


def cannot_read(reason: object) -> str:
    text = str(reason)
    return translate("changes", "{reason}.").format(reason=phrases.first_upper(text))


def nothing_since_commit() -> str:
    return translate("changes", "No file differs from the last commit.")


def nothing_since_branch(branch: str) -> str:
    return translate("changes", "No file differs from where the branch left {branch}.").format(branch=branch)


def nothing_since_prompt() -> str:
    return translate("changes", "No file differs from how it was before the prompt.")


def since_commit() -> str:
    return translate("changes", "Since the last commit")


def since_branch(branch: str) -> str:
    return translate("changes", "Since the branch left {branch}").format(branch=branch)


def since_prompt(name: str) -> str:
    """Compared with the files before a prompt; ``name`` quotes the prompt, or gives its time."""
    return translate("changes", "Since {prompt}").format(prompt=name)


def show_since() -> str:
    """The name of the control that chooses what the files are compared with."""
    return translate("changes", "Show changes since…")


def last_commit() -> str:
    """A row of the list that it opens."""
    return translate("changes", "The last commit")


def branch_start(branch: str) -> str:
    """A row of that list."""
    return translate("changes", "Where the branch left {branch}").format(branch=branch)


def since_this_prompt() -> str:
    """Item of a prompt's context menu."""
    return translate("changes", "Changes since this prompt")


def summary(count: int, added: int, removed: int) -> str:
    return " ".join(filter(None, (file_count(count), diff_texts.changed_lines(added, removed))))


def file_count(count: int) -> str:
    return translate("changes", "{count} file(s) changed", "", count).format(count=f"{count:,}")


def where(directory: str, branch: str | None, text: str) -> str:
    return chat_texts.joined(directory, branch or "", text)


def more_files(count: int) -> str:
    return translate("changes", "{count} more changed file(s) are not listed", "", count).format(count=f"{count:,}")


def without_lines(count: int, megabytes: int) -> str:
    return translate(
        "changes", "More than {size} MB changed: {count} file(s) are listed without their lines", "", count
    ).format(count=f"{count:,}", size=megabytes)


def limits(*lines: str) -> str:
    """The reasons why some changes are not shown, in one line; "" for none."""
    return chat_texts.joined(*lines)


def too_large() -> str:
    return translate("changes", "The change is too large to show here")


def unreadable() -> str:
    return translate("changes", "This file cannot be read, so its change is not shown")


def beyond_limit() -> str:
    return translate("changes", "Not shown, because all changes together are too large")


def cannot_show(path: str, reason: object) -> str:
    """Why the unchanged lines of a file cannot be shown."""
    return translate("changes", "The unchanged lines of {path} cannot be shown: {reason}.").format(
        path=path, reason=reason
    )


def other_lines() -> str:
    return translate("changes", "git has other lines there")


def other_repository() -> str:
    return translate("changes", "another git repository")


def symbolic_link() -> str:
    return translate("changes", "symbolic link")


def no_symbolic_link() -> str:
    return translate("changes", "no longer a symbolic link")


def conflict() -> str:
    return translate("changes", "merge conflict")


def letter(state: State) -> str:
    """The letter of a state, as git and editors write it."""
    return {
        "added": "A", "deleted": "D", "modified": "M", "renamed": "R", "type": "T", "untracked": "U", "conflict": "!",
    }[state]  # fmt: skip


def state_name(state: State) -> str:
    return {
        "added": translate("changes", "added"),
        "deleted": translate("changes", "deleted"),
        "modified": translate("changes", "modified"),
        "renamed": translate("changes", "renamed"),
        "type": translate("changes", "type changed"),
        "untracked": translate("changes", "untracked"),
        "conflict": conflict(),
    }[state]


def row(path: str, state: State, added: int, removed: int) -> str:
    """A row of the list for screen readers, and as a tool tip."""
    return ", ".join(filter(None, (path, state_name(state), diff_texts.spoken_lines(added, removed))))


def open_at_line(line: int) -> str:
    return translate("changes", "Open line {line} in your editor").format(line=line)


def not_a_text(path: str) -> str:
    """A file cannot be opened because it is binary or too large."""
    return translate("changes", "{path} is not a text file").format(path=path)


def is_deleted(path: str) -> str:
    """A deleted file cannot be opened."""
    return translate("changes", "{path} is deleted: there is no file to open").format(path=path)


def copy_path() -> str:
    return translate("changes", "Copy path")
