"""Texts of files that open in the editor, and of links, files and directories that cannot be opened."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def file_elsewhere() -> str:
    return translate("notice", "Can’t open a file on another computer")


def file_outside(path: object) -> str:
    return translate("notice", "Can’t open {path}: it is outside the chat’s directory").format(path=path)


def no_editor(path: object) -> str:
    return translate(
        "notice", "No editor is set for {path}. Enter one in Settings, Terminal, Editor, such as: code"
    ).format(path=path)


def wrong_editor() -> str:
    return translate("notice", "The editor setting in window.toml is not a valid command")


def not_a_link_here() -> str:
    return translate("notice", "Can’t open this link: only web, mail and file links open")


def link_not_opened(scheme: str) -> str:
    """The desktop could not open a link with this scheme, such as "https"."""
    return translate("notice", "The desktop can’t open this {scheme} link").format(scheme=scheme)


def cannot_start(program: str) -> str:
    return translate("notice", "Can’t start {program}").format(program=program)


def cannot_open(path: object, reason: object) -> str:
    return translate("notice", "Can’t open {path}: {reason}").format(path=path, reason=reason)


def no_directory(path: object) -> str:
    return translate("notice", "The directory {path} does not exist").format(path=path)


def no_file_manager() -> str:
    return translate("notice", "No file manager was found")


def not_a_file(path: object) -> str:
    return translate("notice", "Can’t open {path}: not a file").format(path=path)


def not_a_text_file(path: object) -> str:
    return translate("notice", "Can’t open {path}: not a text file").format(path=path)


def opens_file(name: str) -> str:
    return translate("chat", "Open {name} in your editor").format(name=name)
