"""The user's launch request, read from the sheet's fields."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from PySide6.QtWidgets import QWidget

from gui.settings.layout import Start
from gui.wording import new_chat_texts

ENDPOINT = "endpoint"
"""The agent that takes a model and a server's address."""


@dataclass(frozen=True)
class NewChatRequest:
    """What the user wants started.

    Attributes:
        worktree: as in ``LaunchRequest``: the branch of a git worktree of its own, "" for a new branch, None for none.
        remembered: what the sheet is to suggest for this agent the next time.
    """

    agent: str
    directory: str
    name: str
    arguments: list[str]
    overrides: dict[str, str] = field(default_factory=dict)
    prompt: str = ""
    worktree: str | None = None
    remembered: Start | None = None


class Refused(Exception):
    """A field's content makes no sense.

    Attributes:
        control: the field.
    """

    def __init__(self, control: QWidget, message: str) -> None:
        super().__init__(message)
        self.control = control


def words_of(text: str, control: QWidget, name: str) -> list[str]:
    """A field's words, as a shell reads them.

    Raises:
        Refused: a quotation does not end.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Refused(control, f"{name}: {str(error).lower()}") from error


def variables_of(text: str, control: QWidget) -> dict[str, str]:
    """A field's variables: ``NAME=value …``.

    Raises:
        Refused: they are not of that form.
    """
    pairs = [word.partition("=") for word in words_of(text, control, "Environment")]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise Refused(control, new_chat_texts.wrong_variable(name or "="))
    return {name: value for name, _, value in pairs}


def endpoint_arguments(model: str, url: str) -> list[str]:
    """The arguments that say which model of which server; each is one word, since a value may begin with a dash."""
    return [f"--{option}={value}" for option, value in (("model", model), ("url", url)) if value]


def without_endpoint_arguments(arguments: list[str]) -> tuple[list[str], str, str]:
    """Take model and address out of arguments again; returns the others, the model and the address."""
    found = {"--model": "", "--url": ""}
    others = []
    for word in arguments:
        name, equals, value = word.partition("=")
        if equals and name in found:
            found[name] = value
        else:
            others.append(word)
    return others, found["--model"], found["--url"]


def known_words(text: str) -> list[str]:
    """Words as far as they make sense; nothing of a text that does not."""
    try:
        return shlex.split(text)
    except ValueError:
        return []
