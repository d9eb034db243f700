"""The rules count a turn while it runs, a reader of an earlier version's log counts its items: both say the same."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from session_host.protocol.messages import Interrupt, Prompt
from session_host.protocol.turns import TurnOutcome, TurnWork
from session_host.structured.dialects.base import Start, UserPrompt
from session_host.structured.items import (
    AnyChange,
    Capabilities,
    CapabilitiesKnown,
    FileChange,
    Item,
    Put,
    Remove,
    SetStatus,
    StateChanged,
    TurnOver,
    UsageChanged,
    WrittenOutcome,
)
from session_host.structured.lines import AgentLine
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.transcript import Transcript
from session_host.structured.turns import TurnSpan, turn_at, turns_backwards
from tests.support.fuzzing import chance, some, times
from tests.support.scripted_chat import BEGAN_MS
from tests.support.told_dialect import ToldDialect

CHATS = 30
PATCHES = ("", "@@ -1,2 +1,2 @@\n-old\n+new\n same\n", "@@\n+one\n+two\n", "@@ -1 +0,0 @@\n-gone\n")
OUTCOMES: dict[WrittenOutcome, TurnOutcome] = {"completed": "done", "failed": "error", "interrupted": "interrupted"}


class SteeredDialect(ToldDialect):
    """It takes what is added to a turn at once, or with a turn of its own."""

    def steer(self, prompt: UserPrompt) -> None:
        """The test confirms it later."""

    def interrupt(self) -> None:
        """The test ends the turn."""


class Chat:
    """A chat of random turns."""

    def __init__(self, choose: random.Random) -> None:
        self._choose, self._made, self._turns = choose, 0, 0
        self.transcript, self.changes, self.now_ms = Transcript(), list[AnyChange](), BEGAN_MS
        self.rules = StructuredRules(SteeredDialect, Start(directory="/src"), "me")
        self._used = [0, 0, 0]
        self._take(self.rules.begin(self.now_ms))
        self.hear(CapabilitiesKnown(Capabilities(steer=True)))

    def _take(self, step: Step) -> None:
        self.now_ms += self._choose.randrange(5000)
        for change in step.changes:
            self.transcript.apply(change, self.now_ms)
            self.changes.append(change)
            if isinstance(change, TurnOver):
                self.check(change)
        if self._choose.random() < 0.2:  # Another host goes on.
            other = StructuredRules(SteeredDialect, Start(directory="/src"), "me")
            other.load(*self.rules.save())
            self.rules = other

    def hear(self, *changes: AnyChange) -> None:
        lines = [AgentLine(msgspec.json.encode(change)) for change in changes]
        self._take(self.rules.receive_lines(lines, self.now_ms))

    @property
    def is_running(self) -> bool:
        return bool(self.transcript.status.is_running and self.transcript.status.turn)

    def step(self) -> None:
        """Let something happen."""
        choose, turn = self._choose, self.transcript.status.turn
        if not self.is_running:
            if choose.random() < 0.2:
                self._put()  # A command that was left in the background.
            else:
                self._turns += 1
                self._take(
                    self.rules.receive_input(
                        Prompt(f"t{self._turns}"), self.now_ms, by=some(choose, ["window", "page"])
                    )
                )
            return
        steering = self.rules.state.steering
        match choose.randrange(12):
            case 0:
                self._take(self.rules.receive_input(Prompt("And", mode="steer"), self.now_ms, by="window"))
            case 1 if steering:
                self.rules.accepted(steering[0].id, turn)
                self._take(self.rules._take_step())
            case 2:
                self._used = [each + choose.randrange(100) for each in self._used]
                read, cached, written = self._used
                usage = UsageChanged(1, 2, sum(self._used), read / 8, "USD", read=read, cached=cached, written=written)
                self.hear(usage)
            case 3 if not steering:
                outcome: WrittenOutcome = some(choose, list(OUTCOMES))
                self.hear(TurnOver(turn, outcome, "an error" if outcome == "failed" else ""), StateChanged("idle"))
            case 4 if choose.random() < 0.1:
                self._take(self.rules.receive_input(Interrupt(), self.now_ms, by="window"))
            case _:
                self._put()

    def _put(self) -> None:
        choose, turn = self._choose, self.transcript.status.turn
        running = [item for item in self.transcript if item.kind == "tool" and item.status == "running"]
        of_turn = [item for item in self.transcript if item.kind == "tool" and item.turn == turn] or running
        status: Any = some(choose, ["running", "done", "done", "failed", "declined", "interrupted"])
        if running and choose.random() < 0.5:
            item = some(choose, running)
            self.hear(SetStatus(item.id, status) if choose.random() < 0.5 else Put(_with(item, status=status)))
        elif of_turn and choose.random() < 0.1:
            self.hear(Remove(some(choose, of_turn).id))
        else:
            self._made += 1
            paths = ["a.py", "b.py", "c.py"]
            changes = tuple(
                FileChange(some(choose, paths), some(choose, PATCHES), moved_to=some(choose, ["", "", *paths]))
                for _ in range(choose.choice([0, 0, 1, 2]))
            )
            tool: Any = "edit" if changes else some(choose, ["execute", "execute", "read", "other", "fetch"])
            made = Item(f"i{self._made}", "tool", self.now_ms, turn=turn, tool=tool, status=status, changes=changes)
            code = some(choose, [None, 0, 2]) if tool == "execute" else None
            self.hear(Put(_with(made, exit_code=code, parent=some(choose, ["", "", "", "i1"]))))

    def check(self, end: TurnOver) -> None:
        """Compare the end that the rules made with what the items show just now."""
        turn, facts = turn_at(self.transcript, self.transcript.queue_start - 1), end.facts
        assert facts is not None
        assert (facts.prompt, facts.outcome) == (turn.prompts[0].id, OUTCOMES[end.outcome])
        assert [each.turn for each in turn.prompts] == [end.turn] * len(turn.prompts)
        assert facts.work is not None
        assert without_usage(facts.work) == shown(turn)
        assert facts.work.read + facts.work.cached + facts.work.written == end.tokens
        assert end.files_changed == facts.work.files


def _with(item: Item, **fields: Any) -> Item:
    return msgspec.structs.replace(item, **fields)


def without_usage(work: TurnWork) -> TurnWork:
    return msgspec.structs.replace(work, read=0, cached=0, written=0, cost=0.0, currency="", known="")


def shown(turn: TurnSpan) -> TurnWork:
    """What the items of a turn show, as for a reader whose log does not say it."""
    turn.__dict__["facts"] = msgspec.structs.replace(turn.facts, work=None)
    return turn.work


def test_the_rules_and_the_items_say_the_same_of_each_turn() -> None:
    with chance() as choose:
        for number in range(times(CHATS)):
            seed = choose.getrandbits(32)
            chat = Chat(random.Random(seed))
            try:
                for _ in range(120):
                    chat.step()
            except BaseException as error:
                error.add_note(f"chat {number}: random.Random({seed})")
                raise
            ends = [change for change in chat.changes if isinstance(change, TurnOver)]
            turns = [turn for turn in turns_backwards(chat.transcript) if turn.ends]
            assert [end.turn for end in ends] == [turn.prompts[0].turn for turn in reversed(turns)]
            restored = Transcript.restore(chat.transcript.snapshot())
            assert [(each.facts, each.work) for each in turns_backwards(restored)] == [
                (each.facts, each.work) for each in turns_backwards(chat.transcript)
            ]
