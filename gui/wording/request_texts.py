"""Texts of an open request in a chat view: what is asked, its buttons, why it cannot be allowed yet."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

_SHOWN_QUESTIONS = 3
_QUESTION_CHARACTERS = 60
translate = QCoreApplication.translate


def run_this() -> str:
    return translate("chat", "Run this command?")


def in_directory(directory: str) -> str:
    return translate("chat", "in {directory}").format(directory=directory)


def what_will_run() -> str:
    return translate("chat", "Command to run")


def choice_and_meaning(choice: str, meaning: str) -> str:
    """A suggested answer with the agent's description of it."""
    return translate("chat", "{choice}: {meaning}").format(choice=choice, meaning=meaning)


def option_with_key(name: str, key: str) -> str:
    return translate("chat", "{name} ({key})").format(name=name, key=key)


def show_exactly() -> str:
    """Button: show the command and the answers exactly as the agent states them."""
    return translate("chat", "Show exactly")


def show_shortened() -> str:
    return translate("chat", "Show shortened")


def scroll_to_allow() -> str:
    return translate("chat", "Scroll to the end to allow it")


def scroll_up_to_allow() -> str:
    return translate("chat", "Scroll up and read it to the end to allow it")


def look_through_to_allow() -> str:
    return translate("chat", "Scroll through all changes to allow them")


def incomplete() -> str:
    return translate("chat", "The agent did not report everything that would run. You can only decline this request.")


def answer_sent() -> str:
    return translate("chat", "Sending the answer…")


def send_answer() -> str:
    return translate("chat", "Answer")


def still_to_answer(questions: Sequence[str]) -> str:
    long = _QUESTION_CHARACTERS
    names = [name if len(name) <= long else f"{name[: long - 1]}…" for name in questions[:_SHOWN_QUESTIONS]]
    shown, more = " · ".join(names), len(questions) - len(names)
    if more:
        return translate("chat", "Still to answer: {questions} · and {count} more").format(questions=shown, count=more)
    return translate("chat", "Still to answer: {questions}").format(questions=shown)


def your_answer() -> str:
    return translate("chat", "Your answer")
