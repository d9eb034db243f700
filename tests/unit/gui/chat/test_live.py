"""The line about what the agent does now: its words, its time, its marks."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from gui.chat.page import live
from gui.chat.page.live import Live
from session_host.structured.items import Append, Item, Put, StateChanged, UsageChanged
from session_host.structured.log import Cause, encode_record
from tests.support.scripted_chat import ScriptedChat, command_request


class Watched:
    """A chat, and the line about it at a time that the test sets."""

    def __init__(self) -> None:
        self.chat = ScriptedChat()
        self.now_s = 1000.0
        self.live = Live(lambda: self.now_s)
        self.live.start(self.chat.transcript)

    def line(self) -> str:
        """The line, with its facts."""
        self.live.update(self.chat.transcript)
        assert self.live.line is not None
        return f"{self.live.line.text} · {self.live.line.facts}"

    def bars(self) -> tuple[int, ...]:
        """The heights of the marks."""
        assert self.live.line is not None
        return self.live.line.bars


@pytest.fixture
def watched() -> Watched:
    found = Watched()
    found.live.update(found.chat.transcript)
    assert found.live.line is None, "no turn runs"
    found.chat.put("user", "Do it", status="done", turn="t1")
    found.chat.run()
    assert found.line() == "Working · 0 s"
    return found


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("thought", {}, "Thinking"),
        ("agent", {"text": "I"}, "Writing"),
        ("tool", {"tool": "edit", "title": "Edit src/a b.py"}, "Editing src/a b.py"),
        ("tool", {"tool": "read", "title": "View src/a.py"}, "Reading src/a.py"),
        ("tool", {"tool": "execute", "title": "make check", "command": "make check"}, "Running make check"),
        ("tool", {"tool": "execute", "title": "two\nlines"}, "Running two lines"),
        ("tool", {"tool": "search", "title": "Grep x"}, "Grep x"),
        ("tool", {}, "Working"),
    ],
)
def test_it_says_what_runs(watched: Watched, kind: str, fields: dict[str, str], expected: str) -> None:
    item = watched.chat.put(kind, status="running", turn="t1", **fields)  # type: ignore[arg-type]
    watched.now_s += 65
    assert watched.line().startswith(expected) or kind != "tool"
    watched.chat.put("tool", title="of a sub-agent", status="running", turn="t1", parent=item)
    if kind == "tool":
        assert watched.line() == f"{expected} · 1 min 5 s"
    watched.chat.done(item)
    watched.now_s += 1
    assert watched.line().startswith(("Working", "Waiting for the model"))


def test_stuck_looks_different_from_busy(watched: Watched) -> None:
    transcript = watched.chat.transcript
    item = watched.chat.put("agent", "I", status="running", turn="t1")
    for _ in range(6):
        transcript.feed(encode_record(Cause.LINES, [Append(item, "more" * 20)], at_ms=1, raw_end=1))
        watched.now_s += 0.5
        watched.line()
    assert any(watched.bars()), "output came"
    was_moving = watched.live.is_moving
    assert was_moving
    watched.now_s += 4
    assert watched.line() == "Writing · 7 s"
    assert watched.bars() == (0, 0, 0, 0)
    assert not watched.live.is_moving
    watched.now_s += 6
    assert watched.line() == "Waiting for the model · 10 s", "since its last output"
    said = StateChanged("running", "t1", "Silent for 30 s")
    transcript.feed(encode_record(Cause.TIMER, [said], at_ms=1, raw_end=1, payload=b"silence"))
    assert watched.line() == "Waiting for the model · 10 s"
    assert not any(watched.bars()), "the host's own word is no output"
    watched.live.update(transcript, moves=False)
    assert not any(watched.bars()), "flat also with reduced motion"
    transcript.feed(encode_record(Cause.LINES, [Append(item, "more")], at_ms=1, raw_end=2))
    for _ in range(3):
        watched.live.update(transcript, moves=False)
        still = watched.bars()
        assert any(still), "with reduced motion, the marks stand still while output comes"
        watched.now_s += 2
        watched.live.update(transcript, moves=False)
        assert watched.bars() == still
    watched.now_s += 4
    watched.chat.done(item)
    watched.chat.put("tool", tool="execute", title="sleep 9", command="sleep 9", status="running", turn="t1")
    assert watched.line() == "Running sleep 9 · 4 s", "a command may be silent; its own time is told"


def test_a_step_that_began_while_the_page_was_hidden_is_timed_by_its_own_time(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = time.time()
    monkeypatch.setattr(live, "time", SimpleNamespace(time=lambda: now_s))
    watched.now_s += 300
    at_ms = int((now_s - 40) * 1000)
    watched.chat.apply(Put(Item("hidden", "tool", at_ms, status="running", turn="t1", title="make", tool="execute")))
    assert watched.line() == "Running make · 40 s"
    watched.now_s += 5
    assert watched.line() == "Running make · 45 s"
    ahead = int((now_s + 600) * 1000)
    watched.chat.apply(Put(Item("ahead", "tool", ahead, status="running", turn="t1", title="ls", tool="execute")))
    assert watched.line() == "Running ls · 0 s", "another clock is ahead"


def test_tokens_are_those_of_this_turn_and_left_out_if_they_are_not_known(watched: Watched) -> None:
    watched.chat.apply(UsageChanged(1, 2, total=3100))
    assert watched.line() == "Working · 0 s · 3.1k tokens"
    watched.chat.apply(StateChanged("idle"))
    watched.live.update(watched.chat.transcript)
    watched.chat.run("t2")
    assert watched.line() == "Working · 0 s"
    watched.chat.apply(UsageChanged(1, 2, total=3600))
    assert watched.line() == "Working · 0 s · 500 tokens"
    later = Live(lambda: watched.now_s)
    later.start(watched.chat.transcript)
    later.update(watched.chat.transcript)
    assert later.line is not None
    assert "tokens" not in later.line.facts, "the window was opened in the midst of the turn"


def test_a_turn_that_began_before_is_timed_by_its_prompt() -> None:
    watched = Watched()
    prompt = watched.chat.put("user", "Do it", status="done", turn="t1")
    item = watched.chat.transcript.get(prompt)
    assert item is not None
    watched.chat.run()
    watched.live.start(watched.chat.transcript)
    expected = int(time.time() - item.at_ms / 1000)
    assert watched.line().startswith(f"Working · {expected // 86400} d")


def test_while_the_agent_asks_there_is_no_line_and_the_question_has_its_age(watched: Watched) -> None:
    watched.chat.apply(StateChanged("requires_action", "t1"))
    watched.live.update(watched.chat.transcript)
    assert (watched.live.line, watched.live.pause_ms) == (None, 0), "it is not known yet what it asks"
    watched.chat.ask(command_request("make check"))
    watched.live.update(watched.chat.transcript)
    assert (watched.live.line, watched.live.asked_for("r1"), watched.live.asked_for("r2")) == (None, "0 s", "")
    assert watched.live.pause_ms == 1000
    watched.now_s += 125
    watched.live.update(watched.chat.transcript)
    assert (watched.live.asked_for("r1"), watched.live.pause_ms) == ("2 min", 60_000)
    watched.chat.ask(command_request("ls", request_id="r2"))
    watched.live.update(watched.chat.transcript)
    assert (watched.live.asked_for("r1"), watched.live.asked_for("r2")) == ("2 min", "0 s")
    assert watched.live.pause_ms == 1000, "the younger one is told in seconds"
    for request in ("r1", "r2"):
        watched.chat.resolve(request, "yes", "Allow", "window")
    watched.chat.run()
    assert watched.line() == "Working · 2 min 5 s"
    assert watched.live.asked_for("r1") == ""
    assert watched.live.pause_ms == 1000


def test_a_question_that_was_open_before_is_timed_by_when_it_was_asked() -> None:
    watched = Watched()
    watched.chat.ask(replace(command_request("ls"), at_ms=int(time.time() * 1000) - 3 * 60_000 - 500))
    watched.live.start(watched.chat.transcript)
    watched.live.update(watched.chat.transcript)
    assert watched.live.asked_for("r1") == "3 min"
