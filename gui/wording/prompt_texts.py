"""Texts about a shell's prompts and the commands that were run there."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def place(number: int, count: int) -> str:
    """Where the user went to, among all prompts."""
    return translate("prompts", "Prompt {number} of {count}").format(number=number, count=count)


def turn(number: int, count: int) -> str:
    """As ``place``, for the turns of an agent."""
    return translate("prompts", "Turn {number} of {count}").format(number=number, count=count)


def none() -> str:
    return translate("prompts", "No prompts here")


def no_earlier() -> str:
    return translate("prompts", "No earlier prompt")


def full_screen() -> str:
    """Why there is no way to a prompt: the program fills the screen."""
    return translate("prompts", "No prompts in a full-screen program")


def copy_output() -> str:
    return translate("prompts", "Copy output of this command")


def select_output() -> str:
    return translate("prompts", "Select output of this command")


def copied() -> str:
    return translate("prompts", "Output copied")


def no_output() -> str:
    return translate("prompts", "No output here")


def exit_code(code: int) -> str:
    return translate("prompts", "Exit code {code}").format(code=code)
