"""Reads the fields of the sheet for a new chat."""

from __future__ import annotations

import shlex

from PySide6.QtWidgets import QWidget

from gui.settings.layout import Start
from gui.wording import new_chat_texts, phrases
from session_host.agents.agent import Agent
from session_host.protocol.untrusted_text import as_name
from session_host.protocol.values import Runtime

ENDPOINT = "endpoint"
"""The agent with a model and a server's address."""


class InvalidField(Exception):
    """The content of a field is invalid.

    Attributes:
        control: the invalid field.
    """

    def __init__(self, control: QWidget, message: str) -> None:
        super().__init__(message)
        self.control = control


def words_of(text: str, control: QWidget, name: str) -> list[str]:
    """Split a field's text into words, as a shell does.

    Raises:
        InvalidField: a quotation is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InvalidField(control, f"{name}: {str(error).lower()}") from error


def variables_of(text: str, control: QWidget) -> dict[str, str]:
    """Parse a field's variables: ``NAME=value …``.

    Raises:
        InvalidField: the text does not have that form.
    """
    pairs = [word.partition("=") for word in words_of(text, control, "Environment")]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise InvalidField(control, new_chat_texts.WRONG_VARIABLE(name=name or "="))
    return {name: value for name, _, value in pairs}


def endpoint_arguments(model: str, url: str) -> list[str]:
    """The arguments for a model and a server; each is one word, since a value may begin with a dash."""
    return [f"--{option}={value}" for option, value in (("model", model), ("url", url)) if value]


def without_endpoint_arguments(arguments: list[str]) -> tuple[list[str], str, str]:
    """Split model and address off the arguments; returns the others, the model and the address."""
    found = {"--model": "", "--url": ""}
    others = []
    for word in arguments:
        name, equals, value = word.partition("=")
        if equals and name in found:
            found[name] = value
        else:
            others.append(word)
    return others, found["--model"], found["--url"]


def needs_a_command(agent: Agent) -> bool:
    """Whether an agent starts nothing unless the user enters a command."""
    return agent.arguments_replace and not agent.starts_without_arguments


def suggested_name(directory: str, program: str) -> str:
    """The name of a chat in a directory, if the user chooses none: the agent's or command's in the home directory.

    The directory is as it is shown: on another machine, only ``~`` says that it is the home directory.
    """
    return (
        as_name(phrases.last_part(directory).strip("/~").lstrip("- "))
        or (program if program != ENDPOINT else "")
        or "chat"
    )


def known_words(text: str) -> list[str]:
    """The words of a text; none if they cannot be parsed."""
    try:
        return shlex.split(text)
    except ValueError:
        return []


def start_of(agent: Agent, arguments: list[str], runtime: Runtime, account: str = "") -> Start:
    """The fields' values for these arguments, for a similar chat."""
    defaults = list(agent.default_arguments)
    if agent.name != ENDPOINT:
        return Start(arguments=arguments, defaults=defaults, runtime=runtime, account=account)
    others, model, url = without_endpoint_arguments(arguments)
    return Start(arguments=others, model=model, url=url, defaults=defaults, runtime=runtime)
