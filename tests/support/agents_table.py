"""The table of results with real agents: its rows, and how to read and write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.support.commands import REPOSITORY

PATH = REPOSITORY / "resources" / "guide" / "real-agents.md"

CHECKS = {
    "start": "starts in the chat's directory, without onboarding",
    "settings": "the user's own settings are not changed; hooks are given only by file, option and variable",
    "ask": "a typed prompt reaches the model once; its answer is on the screen",
    "send": "`outlive send --enter`, short, over 1 kB, of several lines: each is one whole prompt",
    "viewer, answer": "`outlive attach` killed during an answer, then attached again: complete, prompted once",
    "viewer, tool": "`outlive attach` killed during a tool call, then attached again: complete, prompted once",
    "window": "the window killed during an answer, then opened again: complete, prompted once",
    "host": "its host or the keeper killed, or Outlive upgraded, during an answer: complete, prompted once",
    "status": "`outlive wait` sees idle, working, needs_input, working, idle, in this order; reported by",
    "asked": "a permission prompt is reported as needs_input, with the question",
    "interrupt": "a turn that the user interrupts ends as idle",
    "error": "after a request that the model service refuses (400), the status does not stay working",
    "limit": "a request that fails for a moment (429, 500) is sent again, and ends as idle",
    "hangs": "an agent that hangs becomes no_signal, also in `outlive ls`, until it continues",
    "resume": "two chats in one directory: each resumes its own conversation",
    "empty": "a chat without any prompt can be started again, or says why not",
    "lost": "resuming a conversation that the agent has lost says so",
    "elsewhere": "resuming a conversation that is open elsewhere says so",
    "killed": "the agent killed: ended by signal 9, last screen readable, all terminal modes reset",
    "input": "its input is only what was typed and one reply to each query, with 0, 1 and 3 viewers",
    "stop": "`outlive stop` during a tool call ends all of its processes, and no other chat's",
    "chat turns": "chat view: three turns in one process",
    "chat approval": "chat view: a whole question, shown in two windows, answered once by `outlive approve`",
    "chat declined": "chat view: a question answered after window and host were killed; after a decline, nothing runs",
    "chat interrupt": "chat view: an interrupted turn ends, and the next prompt is answered",
    "chat steer": "chat view: a text added to a running turn (steering) reaches the model in that turn",
    "chat kills": "chat view: window, host and keeper killed during an answer: the answer is complete, and there once",
    "chat resume": "chat view: the agent killed during a turn, resumed by its id, with the whole history",
    "chat idle end": "chat view: with `idle_timeout_min`, an idle agent is ended; the next prompt resumes it",
    "chat fallback": "chat view, one process for each prompt (`--one-shot`): three turns in one conversation, resumed",
    "kill": "`outlive kill` during a tool call ends all of its processes, and no other chat's",
}
"""The table's rows: a sentence for each check, by the check's short name."""

HEADER = """\
# Agents, as tested

The tests run the agents' real programs from npm, without a network, against a test model service, and write this page:

    bash installers/test.sh --real-agents

**yes**: it worked in this run. **no**: it was tried, and did not work. **–**: not possible; the notes say why.

Wrong or missing reports:

- At the first start (log in, trust a folder), Codex and Copilot CLI report nothing ("no signal"), Gemini CLI and Qwen
  Code report idle. Claude Code reports nothing while it asks for a theme, or whether to use an API key.
- Work in the background (tried with the versions below): Claude Code in a terminal does not say what a sub-agent does,
  Copilot CLI does not say what runs; both say that they work. Codex, Gemini CLI and Qwen Code report idle: Outlive
  finds their commands among the processes, and sub-agents of Codex and Qwen Code in the agents' files. A daemon, or a
  command that the agent's shell left behind ("&"), does not count; only `idle_timeout_min` waits for them, too.
- opencode: the first chat on a computer shows "no signal" until it ends, since opencode still installs the library of
  its plugins. Without its services, its screen stays empty for up to a minute.
- A dialog that you open: Claude Code needs you while it shows one (`/model`, rewind); Codex reports idle.
- Qwen Code before 0.23.0, which npm gives to node 20, shows no turns; `outlive new` and `outlive doctor` say so.
- Codex reports idle while it asks where to run a new conversation (`/new`, `/fork` in a git repository). After you
  choose a new worktree there, directory and changes of the chat are the old ones until you resume it.
- Copilot CLI reports nothing before the first prompt.
- An error that stops a turn: Codex in a terminal does not say which; Gemini CLI in a terminal says only that the turn
  is over.
- aider (0.86.2, tried by hand) reports only the end of an answer, as "its turn is over, or it asks something".
- opencode, and a resumed Gemini CLI, report idle before they accept input.
- While they start, opencode, Gemini CLI and Qwen Code drop input, and Claude Code, Codex and Copilot CLI take Enter for
  a new line: Outlive [keeps it](start-a-chat.md) until they show their input line.
- Gemini CLI on a busy computer submits a text without its end if Enter comes early: `outlive send` waits longer.
- A dialog that opens while the Enter of `outlive send` is on its way could take it for "yes". On a busy computer, none
  of 16 texts to Gemini CLI and none of 7 to Qwen Code did; the others were not tried.
- Claude Code without a network exits at its first start: "Unable to connect to Anthropic services".
- Limits of a subscription, in a chat view: Claude Code 2.1.332 (test login) and Codex 0.171.0 report both limits;
  Claude Code 2.1.197 reports only the one that is nearly reached.
"""

YES, NO, NOT_APPLICABLE, NOT_TRIED = "yes", "no", "–", "?"


class Result(NamedTuple):
    """The result of one check of one agent."""

    outcome: str
    note: str = ""


class Column(NamedTuple):
    """A column of the table: one agent."""

    title: str
    version: str


Results = Mapping[tuple[str, str], Result]
"""Results by (title of the agent's column, check)."""

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
        results: the results; a missing one is shown as not tried.
        day: the date of the run, in ISO 8601.
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
