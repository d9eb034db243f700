"""Texts of the diffs in a chat view: the change of a file, its lines, its buttons."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def new_file() -> str:
    return translate("chat", "new file")


def deleted_file() -> str:
    return translate("chat", "deleted")


def changed_file() -> str:
    """Shown at a file if the agent sent none of the changed lines."""
    return translate("chat", "changed")


def binary_file() -> str:
    return translate("chat", "binary file")


def moved_from(path: str) -> str:
    return translate("chat", "moved from {path}").format(path=path)


def renamed_from(name: str) -> str:
    return translate("chat", "renamed from {name}").format(name=name)


def file_mode(mode: str) -> str:
    return translate("chat", "mode {mode}").format(mode=mode)


def executable() -> str:
    return translate("chat", "executable")


def not_executable() -> str:
    return translate("chat", "no longer executable")


def unchanged_lines(count: int) -> str:
    return translate("chat", "{count} unchanged line(s)", "", count).format(count=f"{count:,}")


def hidden_lines(count: int, first: int) -> str:
    """The unchanged lines that are not shown, by their number and the first one's; 0 for unknown or none."""
    return unchanged_lines(count) if count else lines_below() if first else ""


def lines_below() -> str:
    """Below the last change of a file, if it is not known how many lines follow."""
    return translate("chat", "Unchanged lines below")


def show_unchanged(count: int) -> str:
    return translate("chat", "Show {count} unchanged line(s)", "", count).format(count=f"{count:,}")


def show_lines_below() -> str:
    return translate("chat", "Show the lines below")


def show_first(count: int) -> str:
    return translate("chat", "Show the first {count} of these lines").format(count=count)


def show_last(count: int) -> str:
    return translate("chat", "Show the last {count} of these lines").format(count=count)


def shown_lines(count: int) -> str:
    """Said to screen readers."""
    return translate("chat", "{count} line(s) shown", "", count).format(count=f"{count:,}")


def fold_lines() -> str:
    """Hides the unchanged lines that the user has opened."""
    return translate("chat", "Hide the opened lines")


def cut_line(beginning: str, hidden: int) -> str:
    """A long line; only its beginning is shown."""
    more = translate("chat", "{count} more character(s)", "", hidden).format(count=f"{hidden:,}")
    return translate("chat", "{beginning}… ({more})").format(beginning=beginning, more=more)


def copy_patch() -> str:
    return translate("chat", "Copy as a patch")


def discard_file() -> str:
    return translate("chat", "Discard changes of this file…")


def open_in_editor() -> str:
    return translate("chat", "Open the file in your editor")


def changed_lines(added: int, removed: int) -> str:
    """The numbers of lines that a change adds and removes; "" if there are none."""
    return " ".join(filter(None, (added_lines(added) if added else "", removed_lines(removed) if removed else "")))


def spoken_lines(added: int, removed: int) -> str:
    """The numbers of lines that a change adds and removes, for screen readers."""
    more = translate("chat", "{count} line(s) added", "", added).format(count=f"{added:,}") if added else ""
    less = translate("chat", "{count} line(s) removed", "", removed).format(count=f"{removed:,}") if removed else ""
    return ", ".join(filter(None, (more, less)))


def added_lines(count: int) -> str:
    return translate("chat", "+{count}").format(count=f"{count:,}")


def removed_lines(count: int) -> str:
    return translate("chat", "−{count}").format(count=f"{count:,}")


def side_by_side() -> str:
    return translate("chat", "Show old and new side by side")


def one_column() -> str:
    return translate("chat", "Show the changes in one column")
