"""A prompt that is to be sent at a time, across hosts, clocks that are set, and a computer that sleeps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from session_host.host.event_log import EventLog
from session_host.host.later_sender import NO_LIMIT, LaterSender
from session_host.protocol.events import Event, LaterSet, Missed
from session_host.protocol.facts import NOT_RUNNING, OF_EARLIER_CHAT, AgentStatus, LaterPrompt
from session_host.protocol.launch import LaunchSpec, StructuredLaunch, Watch
from session_host.protocol.messages import Done, Failed, Reply, SendLater
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Activity, ErrorCode
from session_host.standing.later_prompt import LATEST_S, MAX_CHARACTERS, NOTHING_WAITS, TYPED
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.descriptors.splice import Splicer
from session_host.system import event_loop
from session_host.system.clock import as_text
from session_host.system.processes.permission import AGENT_CHATS
from tests.support.session_harness import SESSION_ID, spec_of

NOON_S = datetime(2026, 10, 24, 12, tzinfo=UTC).timestamp()
IDLE = AgentStatus(Activity.IDLE, "hook")
WORKING = AgentStatus(Activity.WORKING, "hook")
DONE = Done(0)


class Clock:
    """A wall clock that the test sets; its alarm rings as the computer's does.

    Attributes:
        now: the time, in seconds since 1970.
        at_s: the alarm's time; None before it is set.
    """

    def __init__(self) -> None:
        self.now, self.at_s = NOON_S, float("inf")
        self._on_time: Callable[[], object] = lambda: None

    def alarm(self, on_time: Callable[[], object]) -> Clock:
        self._on_time = on_time
        return self

    def set(self, at_s: float) -> None:
        self.at_s = at_s

    def now_s(self) -> float:
        return self.now

    def close(self) -> None:
        self._on_time = lambda: None

    async def passes(self, seconds: float) -> None:
        """Let time pass, also while the computer sleeps."""
        self.now += seconds
        if self.now >= self.at_s:
            await self.rings()

    async def is_set(self, by_s: float) -> None:
        """Set the clock, which cancels the alarm."""
        self.now += by_s
        await self.rings()

    async def rings(self) -> None:
        self._on_time()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Host:
    """A host's part, from what an earlier host left.

    Attributes:
        given: the prompts that the chat was given, with their tokens.
        reply: the chat's reply; None while it does not answer.
        status: what the agent does.
        drafts: whether a window keeps a text.
        is_handed_over: whether another chat took over.
    """

    def __init__(self, log_file: int, clock: Clock, spec: LaunchSpec) -> None:
        self.input_log = InputLog(log_file, -1, Splicer())
        state = LogState()
        for entry in self.input_log.read_entries(PAGE_BYTES, cut=True):
            state.apply(entry)
        self.clock = clock
        self.events = EventLog(state, self.input_log, lambda: as_text(clock.now))
        self.status, self.drafts, self.is_handed_over = IDLE, False, False
        self.given: list[tuple[str, str]] = []
        self.reply: Reply | None = DONE
        self.changes = 0
        self.sender = LaterSender(
            spec,
            state.later,
            self.input_log,
            self.events,
            status=lambda: self.status,
            send=self._give,
            changed=self._changed,
        )
        self.sender.make_alarm = clock.alarm
        self.sender.has_draft = self._has_draft
        self.sender.is_handed_over = self._handed_over

    async def _give(self, prompt: LaterPrompt) -> Reply:
        self.given.append((prompt.text, prompt.token))
        if self.reply is None:
            await asyncio.Event().wait()
        assert self.reply is not None
        return self.reply

    async def _has_draft(self) -> bool:
        return self.drafts

    async def _handed_over(self, prompt: LaterPrompt) -> bool:
        return self.is_handed_over and prompt.set_at == as_text(NOON_S)

    def _changed(self) -> None:
        self.changes += 1

    async def start(self) -> Host:
        self.sender.start()
        await settle()
        return self

    def kill(self) -> None:
        if self.sender._task is not None:
            self.sender._task.cancel()
        self.clock.close()

    async def set(self, after_s: float, text: str = "go on", **more: object) -> Reply:
        reply = self.sender.request(SendLater(1, text, as_text(NOON_S + after_s), **more))  # type: ignore[arg-type]
        await settle()
        return reply

    async def shows(self, status: AgentStatus) -> None:
        self.status = status
        self.sender.look()
        await settle()

    def limit(self, resets_at: str = "") -> None:
        """A turn ends by a limit."""
        self.events.begin_turn()
        self.events.end_turn(TurnFacts(outcome="limit", resets_at=resets_at))
        self.events.write()

    def told(self) -> list[Event]:
        """The events of later prompts."""
        return [each.event for each in self.events.newest if isinstance(each.event, (LaterSet, Missed))]

    @property
    def stage(self) -> str | None:
        return None if self.sender.prompt is None else self.sender.prompt.stage


@pytest.fixture
def log_file() -> Iterator[int]:
    file = os.memfd_create("log")
    yield file
    os.close(file)


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Hosts:
    """The hosts of a session, one after another."""

    def __init__(self, log_file: int, clock: Clock) -> None:
        self._log_file, self._clock = log_file, clock
        self._hosts: list[Host] = []

    def of(self, spec: LaunchSpec) -> Host:
        host = Host(self._log_file, self._clock, spec)
        self._hosts.append(host)
        return host

    def __call__(self) -> Host:
        watch = Watch(ends_all=True, shown_within_s=6.0)
        return self.of(replace(spec_of(agent="claude", watch=watch), env={AGENT_CHATS: SESSION_ID}))

    def close(self) -> None:
        for host in self._hosts:
            host.kill()
            host.input_log.close()


@pytest.fixture
def new_host(log_file: int, clock: Clock) -> Iterator[Hosts]:
    hosts = Hosts(log_file, clock)
    yield hosts
    hosts.close()


@pytest.fixture
async def host(new_host: Hosts) -> Host:
    return await new_host().start()


async def test_it_is_sent_once_at_its_time(host: Host, clock: Clock) -> None:
    assert await host.set(3600, by="window") == Done(1, as_text(NOON_S + 3600))
    await clock.passes(3599)
    assert host.given == []
    await clock.passes(1)
    [(text, token)] = host.given
    assert (text, len(token)) == ("go on", 32)
    assert host.sender.prompt is None
    await clock.passes(3600)
    assert len(host.given) == 1
    assert host.told() == [LaterSet(due=as_text(NOON_S + 3600), by="window")]


async def test_it_is_sent_although_the_look_at_drafts_failed_once(
    host: Host, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_loop, "BEGIN_AGAIN_S", 0.0)
    looks = 0

    async def look() -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("a broken layout")
        return False

    host.sender.has_draft = look
    await host.set(60)
    await clock.passes(60)
    await settle()
    assert [text for text, _ in host.given] == ["go on"]
    assert "later prompt failed, and begins again" in caplog.text


async def test_without_a_time_it_is_sent_now_by_the_hosts_clock(host: Host, clock: Clock) -> None:
    assert host.sender.request(SendLater(1, "go on")) == Done(1, as_text(NOON_S))
    await settle()
    assert [text for text, _ in host.given] == ["go on"]


async def test_another_one_takes_its_place_and_it_can_be_taken_back(host: Host, clock: Clock) -> None:
    await host.set(3600)
    await host.set(7200, "another")
    await clock.passes(3600)
    assert host.given == []
    assert host.sender.request(SendLater(2, " \n")) == Failed(2, ErrorCode.BAD_REQUEST, "the prompt is blank")
    assert host.sender.request(SendLater(2)) == Done(2)
    assert host.sender.request(SendLater(3)) == Failed(3, ErrorCode.BAD_REQUEST, NOTHING_WAITS)
    await clock.passes(7200)
    assert host.given == []
    assert [each.due for each in host.told() if isinstance(each, LaterSet)] == [
        as_text(NOON_S + 3600),
        as_text(NOON_S + 7200),
        "",
    ]


async def test_it_waits_while_the_agent_works_and_is_missed_after_an_hour(host: Host, clock: Clock) -> None:
    host.status = WORKING
    await host.set(60)
    await clock.passes(60)
    assert host.sender.prompt is not None
    assert host.sender.prompt.why == "the agent is working"
    await host.shows(AgentStatus(Activity.NEEDS_INPUT, "hook"))
    assert host.sender.prompt.why == "the agent asks"
    await clock.passes(LATEST_S + 1)
    assert (host.given, host.stage) == ([], "missed")
    assert host.told()[1:] == [Missed(due=as_text(NOON_S + 60), why="an hour passed: the agent asks")]


async def test_it_is_sent_as_soon_as_the_agent_is_idle(host: Host, clock: Clock) -> None:
    host.status = WORKING
    await host.set(60)
    await clock.passes(120)
    await host.shows(IDLE)
    assert len(host.given) == 1


async def test_a_draft_and_a_typed_text_hold_it(host: Host, clock: Clock) -> None:
    host.drafts = True
    await host.set(60)
    await clock.passes(60)
    assert host.sender.prompt is not None
    assert host.sender.prompt.why == "a text is being written"
    host.drafts, host.sender.has_text = False, lambda: True
    await host.shows(IDLE)
    assert host.given == []
    host.sender.has_text = lambda: False
    await host.shows(IDLE)
    assert len(host.given) == 1


async def test_a_computer_that_slept_sends_it_within_the_hour_and_asks_later(host: Host, clock: Clock) -> None:
    await host.set(60)
    await clock.passes(60 + LATEST_S)
    assert len(host.given) == 1

    await host.set(LATEST_S + 120, "again")
    await clock.passes(2 * LATEST_S)
    assert (len(host.given), host.stage) == (1, "late")
    assert host.told()[-1] == Missed(due=as_text(NOON_S + LATEST_S + 120), why=NOT_RUNNING, asks=True)


async def test_a_clock_that_is_set_back_sends_nothing_twice_and_nothing_early(host: Host, clock: Clock) -> None:
    await host.set(60)
    await host.set(3 * 3600, "later")
    await clock.passes(3600)
    await clock.is_set(-2 * 3600)
    assert (host.given, clock.at_s) == ([], NOON_S + 3 * 3600)
    await clock.passes(4 * 3600)
    assert len(host.given) == 1
    await clock.is_set(-2 * 3600)
    await clock.passes(2 * 3600)
    assert len(host.given) == 1


async def test_a_clock_that_is_set_forward_over_its_time_sends_it(host: Host, clock: Clock) -> None:
    await host.set(600)
    await clock.is_set(601)
    assert len(host.given) == 1


async def test_a_host_that_is_killed_before_it_is_due_leaves_it_to_the_next(
    host: Host, new_host: Hosts, clock: Clock
) -> None:
    await host.set(600, by="window", continues=False)
    left = host.sender.prompt
    host.kill()
    await clock.passes(300)
    other = await new_host().start()
    assert other.sender.prompt == left
    await clock.passes(300)
    assert left is not None
    assert other.given == [("go on", left.token)]


async def test_a_host_that_is_killed_when_it_is_due_makes_the_next_one_send_the_same(
    host: Host, new_host: Hosts, clock: Clock
) -> None:
    host.reply = None
    await host.set(60)
    await clock.passes(60)
    assert (host.stage, [text for text, _ in host.given]) == ("sending", ["go on"])
    assert host.sender.request(SendLater(1)).message == "the prompt is being sent now"  # type: ignore[union-attr]
    host.kill()
    other = await new_host().start()
    assert other.given == host.given, "the chat takes a token once"
    assert other.sender.prompt is None
    host.kill()
    third = await new_host().start()
    assert third.given == []


async def test_what_was_typed_without_enter_is_missed(host: Host, clock: Clock) -> None:
    host.sender.has_typed = lambda token: token == host.given[-1][1]
    host.reply = Failed(0, ErrorCode.FAILED, "the agent does not show the text")
    await host.set(60)
    await clock.passes(60)
    assert (host.stage, host.told()[-1]) == ("missed", Missed(due=as_text(NOON_S + 60), why=TYPED))
    host.sender.has_typed = lambda _: False
    await host.set(120)
    await clock.passes(60)
    assert host.told()[-1] == Missed(due=as_text(NOON_S + 120), why="the agent does not show the text")


async def test_it_continues_a_turn_that_a_limit_ended_and_no_newer_one(host: Host, clock: Clock) -> None:
    assert host.sender.request(SendLater(1, "go on", continues=True)) == Failed(1, ErrorCode.BAD_REQUEST, NO_LIMIT)
    host.limit()
    assert host.sender.request(SendLater(1, "go on", continues=True)) == Failed(1, ErrorCode.BAD_REQUEST, NO_LIMIT)
    host.limit(as_text(NOON_S + 60))
    assert host.sender.request(SendLater(1, "go on", continues=True)) == Done(1, as_text(NOON_S + 180))
    assert host.told() == [LaterSet(due=as_text(NOON_S + 180), by="command", continues=2)]
    await clock.passes(180)
    assert len(host.given) == 1

    host.sender.request(SendLater(1, "go on", as_text(NOON_S + 300), continues=True))
    host.limit()
    await host.shows(IDLE)
    assert (len(host.given), host.told()[-1]) == (1, Missed(due=as_text(NOON_S + 300), why="a newer turn began"))


async def test_the_chat_that_resumes_another_has_its_prompt_until_a_turn_begins(host: Host, clock: Clock) -> None:
    prompt = LaterPrompt(as_text(NOON_S + 60), "go on", continues=OF_EARLIER_CHAT, token=f"{9:032x}")
    host.sender.take_over(prompt)
    await host.shows(IDLE)
    await clock.passes(60)
    assert host.given == [("go on", f"{9:032x}")]
    host.sender.take_over(replace(prompt, at=as_text(NOON_S + 300)))
    host.limit()
    await host.shows(IDLE)
    assert host.stage == "missed"


async def test_the_end_of_the_program_leaves_it_and_sends_nothing(host: Host, clock: Clock) -> None:
    await host.set(60)
    host.sender.program_ended()
    await clock.passes(60)
    assert (host.given, host.stage) == ([], "")


async def test_the_rights_of_who_set_it_are_asked_again_when_it_is_due(host: Host, clock: Clock) -> None:
    await host.set(60, agents="another-chat")
    await clock.passes(60)
    assert (host.given, host.stage) == ([], "missed")
    await host.set(120, agents=SESSION_ID)
    await clock.passes(60)
    assert (host.given, host.stage) == ([], "missed"), "an agent sets none for itself"


async def test_what_cannot_be_sent_later_is_refused(host: Host, new_host: Hosts) -> None:
    assert isinstance(await host.set(60, "x" * (MAX_CHARACTERS + 1)), Failed)
    assert isinstance(host.sender.request(SendLater(1, "go on", "soon")), Failed)
    shell = new_host.of(spec_of(agent="shell"))
    assert shell.sender.request(SendLater(1, "go on", as_text(NOON_S + 60))).code == ErrorCode.WRONG_RUNTIME  # type: ignore[union-attr]
    view = new_host.of(replace(spec_of(agent="codex"), structured=StructuredLaunch(dialect="codex")))
    assert isinstance(view.sender.request(SendLater(1, "go on", as_text(NOON_S + 60))), Done)


@pytest.mark.parametrize("continues", [True, False])
async def test_what_another_chat_took_over_is_not_continued(new_host: Hosts, clock: Clock, continues: bool) -> None:
    host = await new_host().start()
    host.limit()
    await host.set(60, continues=continues)
    host.is_handed_over = True
    await clock.passes(61)
    assert host.given == [] if continues else [("go on", host.given[0][1])]
    assert host.stage is None
    assert [each.due for each in host.told() if isinstance(each, LaterSet)][1:] == ([""] if continues else [])
