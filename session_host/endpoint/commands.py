"""Slash commands: names, descriptions and completion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document


class Command(NamedTuple):
    """A slash command."""

    name: str
    argument: str
    """The command's argument; "" for none."""
    description: str
    """The command's description in the help."""
    while_answering: bool = False
    """Whether the command is allowed during an answer."""


class CommandActions(Protocol):
    """Carries out the commands of one chat."""

    def perform(self, name: str, rest: str) -> None:
        """Run the command of this name.

        Raises:
            OutliveError: the command failed; the message says why.
        """

    async def choose_model(self) -> None:
        """Ask the server for its models; if it has only one, choose it."""

    async def check_key(self) -> None:
        """Check that the key's source has a key, before the first question."""

    async def set_key(self, key: str) -> None:
        """Use this key from now on, and save it in the desktop's secret store if there is one."""


COMMANDS: Final = (
    Command("help", "", "show this help", while_answering=True),
    Command("model", "[NAME]", "switch model; without NAME, list the models"),
    Command("system", "[TEXT|off]", "show or set the system prompt"),
    Command("attach", "FILE", "attach a text file to the next message"),
    Command("detach", "", "remove the attached files"),
    Command("regenerate", "", "answer the last question again"),
    Command("retry", "", "try the last question again after an error"),
    Command("continue", "", "continue an interrupted answer"),
    Command("edit", "", "edit the last question and ask it again"),
    Command("copy", "", "copy the last answer", while_answering=True),
    Command("tokens", "", "show the token counts", while_answering=True),
    Command("key", "", "enter the API key (hidden)"),
    Command("quit", "", "end this chat (Ctrl+D)", while_answering=True),
)

_BY_NAME: Final = {command.name: command for command in COMMANDS}


def parse(line: str) -> tuple[Command | None, str]:
    """Parse a line that begins with a slash: the command, None for an unknown one, and its argument."""
    name, _, rest = line.strip().removeprefix("/").partition(" ")
    return _find(name.lower()), rest.strip()


def _find(name: str) -> Command | None:
    """The command of this name, or the only one with this prefix."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    matches = [command for command in COMMANDS if name and command.name.startswith(name)]
    return matches[0] if len(matches) == 1 else None


def is_command(line: str) -> bool:
    """Whether a line is a command, not a path such as ``/usr/lib`` or text that begins with a path."""
    first_word = line.strip().split(maxsplit=1)[0] if line.strip() else ""
    return first_word.startswith("/") and "\n" not in line.strip() and first_word[1:].isalpha()


def help_lines() -> list[str]:
    """The help as plain lines, since markdown would not keep its columns."""
    entries = [(f"/{command.name} {command.argument}".rstrip(), command.description) for command in COMMANDS]
    entries += [
        ("Enter", "send; during an answer: send after it"),
        ("Alt+Enter, Ctrl+J", "a new line"),
        ("Esc, Ctrl+C", "stop the answer and keep its beginning; queued messages return to the input"),
        ("Up, Down", "earlier questions"),
    ]
    width = max(len(name) for name, _ in entries)
    return [f"{name:<{width}}  {description}" for name, description in entries]


class CommandCompleter(Completer):
    """Completes command names, models after ``/model`` and paths after ``/attach``."""

    def __init__(self, models: Callable[[], Iterable[str]]) -> None:
        self._models = models
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """The completions at the cursor."""
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in document.text:
            return
        name, space, rest = text[1:].partition(" ")
        if not space:
            for command in COMMANDS:
                if command.name.startswith(name.lower()):
                    yield Completion(command.name, start_position=-len(name), display_meta=command.description)
        elif name == "model":
            for model in self._models():
                if model.startswith(rest):
                    yield Completion(model, start_position=-len(rest))
        elif name == "attach":
            yield from self._paths.get_completions(Document(rest, len(rest)), complete_event)
