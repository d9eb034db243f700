"""The table of the results with real agents: its rows, reading and writing it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.support.commands import REPOSITORY

PATH = REPOSITORY / "resources" / "guide" / "real-agents.md"

CHECKS = {
    "start": "starts with no onboarding, in the chat's directory",
    "settings": "the user's own settings are as they were; hooks come by file, flag and variable alone",
    "ask": "a typed prompt is asked once, its answer is on the screen",
    "send": "`outlive send --enter`: short, over 1 kB, and of several lines, each one prompt and whole",
    "viewer, answer": "`outlive attach` killed in mid-answer, attached again: complete, asked once",
    "viewer, tool": "`outlive attach` killed in mid-tool-call, attached again: complete, asked once",
    "window": "the window killed in mid-answer, opened again: complete, asked once",
    "host": "its host, the keeper killed, or Outlive upgraded in mid-answer: complete, asked once",
    "status": "idle, working, needs_input, working, idle: each told, in this order, heard by `outlive wait`; by",
    "asked": "a permission prompt is needs_input, with what is asked",
    "interrupt": "a turn that the user interrupts ends as idle",
    "error": "a request that the model service refuses (400) does not stay working",
    "limit": "one that it puts off (429, 500) is tried again, and ends as idle",
    "hangs": "the agent hangs: no_signal, also in `outlive ls`; it comes back",
    "resume": "two chats in one directory, each resumed to its own conversation",
    "empty": "a chat that was never asked anything is begun once more, or says why not",
    "lost": "a conversation that the agent has lost is said to be lost",
    "elsewhere": "a conversation that is open elsewhere is said to be",
    "killed": "the agent killed: exited by signal 9, no shell, last screen readable, no mode leaks",
    "input": "nothing but what was typed and one reply a query is its input, with 0, 1 and 3 viewers",
    "stop": "`outlive stop` in a tool call leaves nothing of it, and another chat alone",
    "chat turns": "chat view: three turns on one process with one start",
    "chat approval": "chat view: a question shown whole, answered by `outlive approve` while two windows show it, once",
    "chat declined": "chat view: a question answered after window and host were killed; declined, nothing runs",
    "chat interrupt": "chat view: an interrupted turn ends, and the next prompt is answered",
    "chat steer": "chat view: a text sent into a running turn (steering) reaches the model before it goes on",
    "chat kills": "chat view: window, host and keeper killed in mid-answer: whole, once",
    "chat resume": "chat view: the agent killed in mid-turn, resumed by its id, with the whole history",
    "chat idle end": "chat view: with `idle_timeout_min`, an idle agent is ended; the next prompt resumes it",
    "chat live": "chat view and the agent's own terminal on one live conversation, in step",
    "chat fallback": "chat view: one process for each prompt (`--one-shot`): three turns in one conversation, resumed",
    "kill": "`outlive kill` in a tool call leaves nothing of it, and another chat alone",
}
"""What is shown of each agent, by a short name."""

HEADER = """\
# Real agents

What the agents' own command lines, as npm has them, were seen to do in Outlive: offline, against a model service of the
tests' own. Written by

    bash installers/test.sh --real-agents

**yes**: seen in this run. **no**: it was tried, and is not so. **–**: it cannot be so; the notes say why.

What no agent tells: Codex says nothing while it asks whether a folder is to be trusted (the chat shows "no signal"),
and says that it is idle while it asks where a new conversation is to run, after `/new` and `/fork` in a git repository.
Gemini CLI, resumed, says that it is idle before it takes input: `outlive send` says if it does not show the text.

Limits of a subscription, in a chat view: Claude Code 2.1.329, with a log-in that is no real one, and Codex 0.169.0
report both windows of time, if the model service sends the headers that stand in these programs. Claude Code 2.1.197
reports only the limit that is nearly reached.
"""

YES, NO, NOT_APPLICABLE, NOT_TRIED = "yes", "no", "–", "?"


class Result(NamedTuple):
    """The result of one check of one agent."""

    outcome: str
    note: str = ""


class Column(NamedTuple):
    """One agent."""

    title: str
    version: str


Results = Mapping[tuple[str, str], Result]
"""By the agent's column title and the check."""

_NOTE = re.compile(r"(\S+) \[(\d+)\]")


def read(page: str, columns: Sequence[Column]) -> dict[tuple[str, str], Result]:
    """Read the results for these agents, in these versions, from an existing page."""
    lines = page.splitlines()
    rows = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines if line.startswith("| ")]
    notes = dict(line.split(". ", 1) for line in lines if re.match(r"\d+\. ", line))
    checks = {sentence: check for check, sentence in CHECKS.items()}
    heads = {_head(column): column.title for column in columns}
    found = {}
    for row in rows:
        for head, cell in zip(rows[0][1:] if rows else [], row[1:], strict=False):
            if row[0] not in checks or head not in heads or cell == NOT_TRIED:
                continue
            outcome, _, note = cell.partition(": ")
            if noted := _NOTE.fullmatch(cell):
                outcome, note = noted[1], notes.get(noted[2], "")
            found[heads[head], checks[row[0]]] = Result(outcome, note)
    return found


def _head(column: Column) -> str:
    return f"{column.title} {column.version}".strip()


def written(columns: Sequence[Column], results: Results, day: str) -> str:
    """The text of the page.

    Args:
        columns: the agents, in their order.
        results: what is missing was not tried.
        day: of the run, ISO 8601.
    """
    notes: list[str] = []
    lines = [HEADER, f"Last run: {day}.", ""]
    lines += [_row(["", *map(_head, columns)]), _row([":--", *([":-:"] * len(columns))])]
    for check, sentence in CHECKS.items():
        cells = [_cell(results.get((column.title, check), Result(NOT_TRIED)), notes) for column in columns]
        lines.append(_row([sentence, *cells]))
    lines += [""] * bool(notes)
    lines += [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(result: Result, notes: list[str]) -> str:
    if not result.note:
        return result.outcome
    if result.outcome == YES:
        return f"yes: {result.note}"
    if result.note not in notes:
        notes.append(result.note)
    return f"{result.outcome} [{notes.index(result.note) + 1}]"
