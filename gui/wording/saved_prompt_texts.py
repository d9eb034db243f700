"""Texts of saved prompts."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate


def insert() -> str:
    """Title of the list of saved prompts; also a button and a menu item."""
    return translate("prompts", "Insert a saved prompt")


def insert_menu() -> str:
    return translate("prompts", "Insert a saved prompt…")


def search() -> str:
    return translate("prompts", "Search saved prompts")


def new() -> str:
    """Last lines of the list."""
    return translate("prompts", "New saved prompt…")


def edit() -> str:
    return translate("prompts", "Edit a saved prompt…")


def show_directory() -> str:
    return translate("prompts", "Show saved prompts in file manager")


def search_to_edit() -> str:
    return translate("prompts", "Choose a prompt to open in your editor")


def broken(line: int, problem: str) -> str:
    """Beside the name of a file that is no prompt."""
    return translate("prompts", "line {line}: {problem}").format(line=line, problem=problem)


def save() -> str:
    """Title of the sheet."""
    return translate("prompts", "Save prompt")


def save_menu() -> str:
    return translate("prompts", "Save this prompt…")


def save_button() -> str:
    return translate("prompts", "Save")


def replace_button() -> str:
    return translate("prompts", "Replace")


def prompt() -> str:
    return translate("prompts", "Prompt")


def only_for(agent: str) -> str:
    return translate("prompts", "Only for {agent}").format(agent=agent)


def only_in(directory: str) -> str:
    return translate("prompts", "Only in {directory}").format(directory=directory)


def exists(name: str) -> str:
    return translate("prompts", "There is a saved prompt “{name}”. Replace it?").format(name=name)


def saved(name: str) -> str:
    return translate("prompts", "Saved the prompt “{name}”").format(name=name)


def open_file() -> str:
    return translate("prompts", "Open in editor")


def no_running_chat() -> str:
    return translate("prompts", "Open a running chat to insert a saved prompt")


def nothing_to_save() -> str:
    return translate("prompts", "Write a prompt in a chat view to save it")


NAME_PROBLEMS = {
    "empty": QT_TRANSLATE_NOOP("prompts", "Enter a name"),
    "slash": QT_TRANSLATE_NOOP("prompts", "The name can’t contain “/”"),
    "dot": QT_TRANSLATE_NOOP("prompts", "The name can’t begin with a dot"),
    "long": QT_TRANSLATE_NOOP("prompts", "The name is too long"),
    "control": QT_TRANSLATE_NOOP("prompts", "The name can’t contain control characters"),
}


def name_problem(which: str) -> str:
    return translate("prompts", str(NAME_PROBLEMS[which]))


def empty_prompt() -> str:
    return translate("prompts", "Write the prompt")
