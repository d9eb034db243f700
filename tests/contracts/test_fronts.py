"""All fronts say the same of one chat: the window, the page for the phone, the commands and the events.

A case is a transcript that the real rules made of what an agent said, and ``Said``: what each front has to say, in
words. A front that says nothing of a part leaves it None.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from gui.chat.content.segments import Card, DiffHead, QuietLine, TurnFooter, TurnLine
from gui.chat.drawing.style import Style, Widths
from gui.chat.page.rows import Rows
from gui.theme.theme import Theme
from gui.wording.changes_texts import changed_lines
from session_host.cli.events.lines import words_of
from session_host.client.machine import THIS_MACHINE
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.host.driver.structured import StructuredDriver
from session_host.host.event_log import EventLog
from session_host.machines.names import HERE
from session_host.protocol.events import LINE_VERSION, Event, EventLine, NamedChat
from session_host.protocol.messages import AnswerRequest, ChatInput, Peek, Prompt
from session_host.protocol.shown_duration import told_duration
from session_host.protocol.turns import TurnFacts, TurnOutcome, TurnWork
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.splice import Splicer
from session_host.storage.store.ledger import LedgerEntry
from session_host.structured.dialects.base import Start
from session_host.structured.dialects.claude.tools import file_changes, with_result
from session_host.structured.items import (
    AgentRequest,
    AnyChange,
    Capabilities,
    CapabilitiesKnown,
    FileChange,
    Item,
    ItemStatus,
    Put,
    RequestOpened,
    StateChanged,
    TurnOver,
    UsageChanged,
    UsageLimit,
    digest,
)
from session_host.structured.lines import AgentLine
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.text import screen_of
from session_host.structured.transcript import Transcript
from session_host.structured.turns import begins_turn, took_ms, turns_backwards
from session_host.web.conversations import _of_transcript
from session_host.web.questions import question_of
from tests.support.scripted_chat import ALLOW, BEGAN_MS, DECLINE
from tests.support.themes import OWN
from tests.support.told_dialect import ToldDialect

PATCH = "@@ -1,2 +1,2 @@\n-old\n+new\n same\n"
LIMIT = "You have reached your usage limit"

# ---------------------------------------------------------------- what is said


class SaidTurn(NamedTuple):
    """A turn.

    Attributes:
        prompt: its prompt.
        outcome: "done", "failed", "limit", "interrupted" or "cut".
        took: its duration.
        files, lines, commands: how much it did: "1", "+1 −1", "2"; "" for nothing.
        error: the error that stopped it.
    """

    prompt: str
    outcome: str | None = None
    took: str | None = None
    files: str | None = None
    lines: str | None = None
    commands: str | None = None
    error: str | None = None


class SaidQuestion(NamedTuple):
    """An open question: its title, how many lines its edits add and remove, and its answers."""

    title: str
    changed: str | None
    answers: tuple[str, ...] | None


class Said(NamedTuple):
    """What is said of a chat."""

    turns: tuple[SaidTurn, ...] = ()
    question: SaidQuestion | None = None


def agrees(said: object, expected: object) -> bool:
    """Whether a front says what is expected, as far as it says anything."""
    if isinstance(said, tuple) and isinstance(expected, tuple):
        return len(said) == len(expected) and all(map(agrees, said, expected))
    return said is None or said == expected


def with_work(said: SaidTurn, words: str) -> SaidTurn:
    """A turn with the numbers in a sentence about its work."""
    lines = " ".join(sign + number for sign, number in re.findall(r"([+−])(\d+)", words))
    files, commands = ("".join(re.findall(rf"(\d+) {what}", words)) for what in ("file", "command"))
    return said._replace(files=files, lines=lines, commands=commands)


# ---------------------------------------------------------------- the cases


class Case:
    """A chat as the real rules make it. A turn's id is the text of its prompt.

    Attributes:
        transcript: its transcript; ``changes``: all that made it.
    """

    def __init__(self) -> None:
        self.transcript = Transcript()
        self.changes: list[AnyChange] = []
        self._now_ms = BEGAN_MS
        self._items = 0
        self._rules = StructuredRules(ToldDialect, Start(directory="/src"), "me")
        self._take(self._rules.begin(self._now_ms))

    def _take(self, step: Step) -> None:
        assert step.refusal is None
        for change in step.changes:
            self.transcript.apply(change, self._now_ms)
            self.changes.append(change)

    def do(self, chat_input: ChatInput) -> Case:
        """Let the user do something."""
        self._take(self._rules.receive_input(chat_input, self._now_ms, by="window"))
        return self

    def hear(self, *changes: AnyChange) -> Case:
        """Let the agent say something."""
        lines = [AgentLine(msgspec.json.encode(change)) for change in changes]
        self._take(self._rules.receive_lines(lines, self._now_ms))
        return self

    def put(self, item: Item) -> Case:
        """Let the agent report an item of the running turn."""
        self._items += 1
        turn = self.transcript.status.turn
        return self.hear(Put(msgspec.structs.replace(item, id=f"i{self._items}", turn=turn, at_ms=self._now_ms)))

    def tool(self, *patches: str, status: ItemStatus = "done", path: str = "a.py", moved_to: str = "") -> Case:
        """Let it run a command, or with patches, edit a file."""
        changes = tuple(FileChange(path, patch, moved_to=moved_to) for patch in patches)
        kind: Any = "edit" if patches else "execute"
        command = "" if patches else "make"
        return self.put(Item("", "tool", 0, tool=kind, command=command, status=status, changes=changes))

    def wait(self, seconds: float) -> Case:
        """Let time pass."""
        self._now_ms += round(seconds * 1000)
        return self

    def end(self, answer: str = "Done.", error: str = "", outcome: Any = "completed", facts: Any = None) -> Case:
        """Let the turn end."""
        turn = self.transcript.status.turn
        if answer:
            self.put(Item("", "agent", 0, text=answer, status="done"))
        return self.hear(TurnOver(turn, outcome, error, facts=facts), StateChanged("idle"))

    def answer(self, option: str) -> Case:
        """Let the user answer the open question."""
        request = self.transcript.open_requests[0]
        return self.do(AnswerRequest(request.id, option, digest(request)))


def prompted(text: str = "Do it") -> Case:
    """A chat with a prompt in its first turn."""
    return Case().do(Prompt(text))


def limits(used: float) -> UsageChanged:
    return UsageChanged(0, 0, limits=(UsageLimit("5h", used, 300, BEGAN_MS + 3_600_000),))


def stopped_by_a_limit(*, is_reset: bool) -> Case:
    case = prompted().tool().hear(limits(1.0)).wait(61).end("", LIMIT, "failed", TurnFacts(outcome="limit"))
    return case.wait(4000).hear(limits(0.0)) if is_reset else case


def asked_before_an_edit() -> Case:
    subject = f"--- a/a.py\n+++ b/a.py\n{PATCH}--- a/b.py\n+++ b/b.py\n{PATCH}"
    request = AgentRequest("r1", "edit", BEGAN_MS, "Edit 2 files?", subject, (ALLOW, DECLINE))
    return prompted().hear(StateChanged("requires_action", "Do it"), RequestOpened(request))


def declined() -> Case:
    request = AgentRequest("r1", "command", BEGAN_MS, "Run rm?", "rm -r build", (ALLOW, DECLINE), item="i2")
    case = prompted().tool().tool(status="running").hear(StateChanged("requires_action", "Do it"))
    case.hear(RequestOpened(request)).answer("no")
    made = msgspec.structs.replace(case.transcript[2], status="declined")
    return case.hear(StateChanged("running", "Do it"), Put(made)).wait(61).end("Removed nothing.")


def written_without_a_change() -> Case:
    values = {"file_path": "a.py", "content": "a\nb\nc\n"}
    item = Item("", "tool", 0, tool="edit", status="running", changes=file_changes("Write", values))
    detail = {"type": "update", "filePath": "a.py", "structuredPatch": []}
    made = with_result(item, {"content": "The file has been updated."}, detail, denied=False, now_ms=BEGAN_MS)
    return prompted().tool().put(made).wait(61).end()


def turn(
    outcome: str = "done",
    took: str = "1 min 1 s",
    files: str = "",
    lines: str = "",
    commands: str = "",
    error: str = "",
) -> Said:
    """What is said of a chat with one turn."""
    return Said((SaidTurn("Do it", outcome, took, files, lines, commands, error),))


CASES: dict[str, tuple[Callable[[], Case], Said]] = {
    "done": (
        lambda: prompted().tool(PATCH).tool().wait(61).end(),
        turn("done", files="1", lines="+1 −1", commands="1"),
    ),
    "of 12.3 s": (lambda: prompted().tool().wait(12.3).end(), turn("done", "12 s", commands="1")),
    "of 2.5 h": (lambda: prompted().tool().wait(9000).end(), turn("done", "2 h 30 min", commands="1")),
    "failed": (
        lambda: prompted().tool().wait(61).end("", "No network", "failed"),
        turn("failed", commands="1", error="No network"),
    ),
    "interrupted": (
        lambda: prompted().tool().wait(61).end("", outcome="interrupted"),
        turn("interrupted", commands="1"),
    ),
    "limit, before its reset": (
        lambda: stopped_by_a_limit(is_reset=False),
        turn("limit", commands="1", error=LIMIT),
    ),
    "limit, after its reset": (
        lambda: stopped_by_a_limit(is_reset=True),
        turn("limit", commands="1", error=LIMIT),
    ),
    "declined command": (declined, turn("done", commands="1")),
    "failed then good edit": (
        lambda: prompted().tool(PATCH, status="failed").tool(PATCH).wait(61).end(),
        turn("done", files="1", lines="+1 −1"),
    ),
    "failed edit": (lambda: prompted().tool().tool(PATCH, status="failed").wait(61).end(), turn("done", commands="1")),
    "moved then edited file": (
        lambda: prompted().tool("", moved_to="b.py").tool(PATCH, path="b.py").wait(61).end(),
        turn("done", files="1", lines="+1 −1"),
    ),
    "write without a change": (written_without_a_change, turn("done", commands="1")),
    "prompt added to a turn": (
        lambda: (
            prompted()
            .hear(CapabilitiesKnown(Capabilities(steer=True)))
            .tool(PATCH)
            .do(Prompt("And", mode="steer"))
            .tool()
            .wait(61)
            .end()
            .do(Prompt("Next"))
            .tool()
            .wait(5)
            .end()
        ),
        Said(
            (
                SaidTurn("Do it", "done", "1 min 1 s", "1", "+1 −1", "1", ""),
                SaidTurn("Next", "done", "5.0 s", "", "", "1", ""),
            )
        ),
    ),
    "edit question of two files": (
        asked_before_an_edit,
        Said((SaidTurn("Do it"),), SaidQuestion("Edit 2 files?", "+2 −2", ("Allow", "Decline"))),
    ),
}

# ---------------------------------------------------------------- the fronts


@pytest.fixture(scope="module")
def style(qapp: QApplication) -> Style:
    return Style(Theme(qapp, OWN, "dark"), 13)


def window(case: Case, style: Style) -> Said:
    """What the rows of the window's page say."""
    transcript, turns = case.transcript, list[SaidTurn]()
    rows, question = Rows(transcript, style, Widths(600, 600), "/src"), None
    for position in range(len(rows)):
        row = rows.row(position)
        if position < len(transcript) and begins_turn(transcript, position):
            turns.append(SaidTurn(transcript[position].text))
        heads = [each for each in row.segments if isinstance(each, DiffHead)]
        for segment in row.segments:
            last = turns[-1]
            match segment:
                case TurnLine():
                    facts = (run.text for run in segment.facts())
                    words = " ".join((*facts, changed_lines(segment.added, segment.removed)))
                    last = with_work(last, words)
                case TurnFooter():
                    last = last._replace(outcome="done", took=segment.label.rpartition(" · ")[2], error="")
                case QuietLine(text=text, tone="failed") if "turn" in text:
                    outcome = "limit" if "limit" in text.partition(":")[0] else "failed"
                    last = last._replace(outcome=outcome, error=text.partition(": ")[2])
                case QuietLine(text="interrupted"):
                    last = last._replace(outcome="interrupted", error="")
                case Card(request=request):
                    asked = transcript.requests[request]
                    counts = sum(each.added for each in heads), sum(each.removed for each in heads)
                    answers = tuple(option.label for option in asked.options)
                    question = SaidQuestion(asked.title, changed_lines(*counts), answers)
                case _:
                    pass
            turns[-1] = last
    return Said(tuple(turns), question)


def page(case: Case, _style: Style) -> Said:
    """What the page for the phone gets."""
    shown, asked = _of_transcript(case.transcript), case.transcript.open_requests
    turns = []
    for row in shown.turns:
        prompt = row.prompt.partition("\n")[0]
        said = SaidTurn(prompt, row.outcome or "done", row.took, error=row.error)
        words = f"{row.steps} {changed_lines(row.added or 0, row.removed or 0)}"
        turns.append(SaidTurn(prompt) if row.outcome == "running" else with_work(said, words))
    questions = [question_of(request, THIS_MACHINE, "claude") for request in asked]
    return Said(tuple(turns), next(map(_on_page, questions), None))


def _on_page(question: Any) -> SaidQuestion:
    answers = tuple(option.label for option in question.options)
    return SaidQuestion(question.title, changed_lines(question.added or 0, question.removed or 0), answers)


def prompts_of(transcript: Transcript) -> list[str]:
    """The prompts that began turns."""
    return [turn.prompts[0].text for turn in turns_backwards(transcript)][::-1]


def commands(case: Case, _style: Style) -> Said:
    """What ``peek`` prints of the end of the chat: its last turn's end, and its open question."""
    lines = [line.strip() for line in screen_of(case.transcript, Peek(0)).lines]
    prompts = prompts_of(case.transcript)
    asked, question = case.transcript.open_requests, None
    if asked:
        title = next(line for line in lines if asked[0].title in line)
        answers = tuple(option.label for option in asked[0].options if any(option.label in line for line in lines))
        question = SaidQuestion(asked[0].title if title else "", None, answers)
    ended = next((line for line in reversed(lines) if LIMIT in line or "No network" in line), "")
    error = next((words for words in (LIMIT, "No network") if words in ended), None)
    return Said((*map(SaidTurn, prompts[:-1]), SaidTurn(prompts[-1], error=error)), question)


def events(case: Case, _style: Style) -> Said:
    """What ``events`` and ``answer --json`` say of the ends of turns, as the host makes them when they come."""
    prompts = prompts_of(case.transcript)
    told: list[SaidTurn] = []

    def end_turn(facts: TurnFacts, *, tokens: int) -> None:
        words = {"error": "failed"}.get(facts.outcome, facts.outcome)
        said = SaidTurn(prompts[len(told)], words, told_duration(took_ms(facts)), error=facts.error)
        work = facts.work or TurnWork()
        lines = changed_lines(work.added, work.removed)
        told.append(said._replace(files=str(work.files or ""), lines=lines, commands=str(work.commands or "")))

    def ignore(*_about: object) -> None:
        """It is no turn's end."""

    others = dict.fromkeys(("asked", "resolved", "begin_turn", "limits_reported", "write"), ignore)
    log = SimpleNamespace(end_turn=end_turn, **others)
    StructuredDriver._tell(cast("Any", SimpleNamespace(_events=log, _limits=ignore)), case.changes, 0)
    return Said((*told, *map(SaidTurn, prompts[len(told) :])), None)


FRONTS: tuple[Callable[[Case, Style], Said], ...] = (window, page, commands, events)


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.__name__)
@pytest.mark.parametrize("name", CASES)
def test_a_front_says_what_the_chat_did(name: str, front: Callable[[Case, Style], Said], style: Style) -> None:
    make, expected = CASES[name]
    said = front(make(), style)
    assert agrees(said.turns, expected.turns), f"{said.turns}\n{expected.turns}"
    if front is not events:  # They have no open questions.
        assert (said.question is None) == (expected.question is None)
        assert agrees(said.question, expected.question), said.question


# ---------------------------------------------------------------- in a terminal

WORK = TurnWork(read=10, cached=20, written=3, files=1, added=2, removed=1, commands=2, failed=1)


@pytest.fixture
def log_file() -> Iterator[int]:
    file = os.memfd_create("log")
    yield file
    os.close(file)


def words(event: Event) -> str:
    """What ``outlive events`` says to people."""
    return words_of(EventLine(LINE_VERSION, "", "", HERE, NamedChat("id", "name"), event))


@pytest.mark.parametrize(("outcome", "work"), [(None, None), ("interrupted", WORK)], ids=["unknown", "recorded"])
def test_a_turn_in_a_terminal_is_what_its_end_said_until_it_is_counted(
    log_file: int, outcome: TurnOutcome | None, work: TurnWork | None
) -> None:
    input_log = InputLog(log_file, -1, Splicer())
    host = EventLog(LogState(), input_log, lambda: "2026-01-01T00:00:00Z", counts=True)
    watch = cast("Any", SimpleNamespace(starts={}, ends={}, ended_at={}, counted=set(), chat="id", _taken=set()))

    def told() -> list[str]:
        """The words of the new events; who waits takes them, too."""
        new = host.take_new()
        TurnWatch._take(watch, [LedgerEntry(0, each.at, "id", "", each.event, each.number) for each in new])
        return [words(each.event) for each in new]

    host.begin_turn(by="attach")
    host.end_turn(TurnFacts(outcome="done"))
    assert told() == ["turn 1 began in a terminal", "turn 1 ended: done"]
    assert host.last is not None
    assert (host.last.outcome, host.last.work, watch.ends[1].outcome, watch.counted) == ("done", None, "done", set())
    host.count_turn(outcome, work)
    assert told() == ["" if work is None else "turn 1 did: 1 file +2 −1, 2 commands, 1 failed, 33 tokens"]
    assert (host.last.outcome, host.last.work) == (outcome or "done", work)
    assert (watch.ends[1].outcome, watch.ends[1].work, watch.counted) == (outcome or "done", work, {1})
