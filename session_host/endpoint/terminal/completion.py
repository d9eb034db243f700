"""The slash commands' help and completion in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from session_host.endpoint.commands import COMMANDS


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
