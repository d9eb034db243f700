"""A task that a chat hands over to another agent, or another account: what its first prompt says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from session_host.protocol.facts import ChatFacts
from session_host.protocol.untrusted_text import legible, one_line
from session_host.protocol.values import HANDED_OVER

_TEXT_CHARACTERS: Final = 2000
_LISTED: Final = 12
_STEP_CHARACTERS: Final = 200
_NAME_CHARACTERS: Final = 40


class Told(NamedTuple):
    """What is known of the task.

    Attributes:
        task: the user's first prompt, else a line about the task; "" if unknown.
        last: the user's last prompt; "" if that is the first one, or unknown.
        file: the path of the conversation; "" for none.
        turns: how many prompts it has.
        size_bytes: its size.
        open_steps: the steps of the agent's plan that are not done.
        lines: how many lines are added and removed in each changed file that is not committed.
    """

    task: str = ""
    last: str = ""
    file: str = ""
    turns: int = 0
    size_bytes: int = 0
    open_steps: Sequence[str] = ()
    lines: Sequence[tuple[int, int]] = ()


def first_prompt(told: Told) -> str:
    """The first prompt of the chat that takes over, which the user reads and edits; what agents said is legible."""
    parts = ["Go on with a task that another agent began."]
    if told.task:
        parts.append(f"The task: {_cut(legible(told.task))}")
    if told.last:
        parts.append(f"The last prompt: {_cut(legible(told.last))}")
    facts = []
    if told.file:
        size = f"{max(1, round(told.size_bytes / 1024)):,} KB"
        facts.append(f"Read first: {told.file} (the conversation, {_counted(told.turns, 'turn')}, {size})")
    if steps := [one_line(legible(each)).strip()[:_STEP_CHARACTERS] for each in told.open_steps]:
        more = f"; and {len(steps) - _LISTED} more" if len(steps) > _LISTED else ""
        are = "is" if len(steps) == 1 else "are"
        facts.append(f"Plan: {_counted(len(steps), 'step')} {are} open: {'; '.join(steps[:_LISTED])}{more}")
    if told.lines:
        added, removed = (sum(each) for each in zip(*told.lines, strict=True))
        facts.append(f"Changed, not committed: {_counted(len(told.lines), 'file')} +{added} −{removed}")
    return "\n\n".join([*parts, *(["\n".join(facts)] if facts else [])])


def conversation_of(title: str, about: str, turns: Iterable[tuple[str, str]]) -> str:
    """The document of a conversation of which only prompts and answers are known, as Markdown.

    Args:
        title: its heading.
        about: a line below it.
        turns: the prompt and the answer of each turn; either may be empty.
    """
    parts = [f"# {one_line(title)}", one_line(about)]
    for number, (prompt, answer) in enumerate(turns, start=1):
        parts += [f"## {number}. Prompt", prompt.strip(), "### Answer", answer.strip() or "(none)"]
    return "\n\n".join(filter(None, parts)) + "\n"


def file_name(name: str) -> str:
    """The name of the conversation's file, by the chat's name."""
    words = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:_NAME_CHARACTERS].strip("-")
    return f"{HANDED_OVER}{words or 'chat'}.md"


def was_handed_over(facts: ChatFacts) -> bool:
    """Whether another chat took over its task, and no turn of its own began since."""
    last = facts.status.last
    return bool(facts.entry.handed_to) and (last is None or not last.began or last.began <= facts.entry.handed_at)


def name_beside(facts: ChatFacts, title: str) -> str:
    """The name of a chat beside one with the same task: with its agent's title, if the user has not named it."""
    entry = facts.entry
    return entry.name if entry.is_named else f"{entry.shown_name} ({title})"


def handed_words(name: str) -> str:
    """Who took over, by its name; "" if that is unknown."""
    return f"Handed over to {one_line(name)}" if name else "Handed over"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _TEXT_CHARACTERS else f"{text[: _TEXT_CHARACTERS - 1].rstrip()}…"
