"""The agent's activity after random reports of its sources in any order, with a host that is killed at any time."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from session_host.agents.sources import ORDER
from session_host.agents.status import ANSWER_S, StatusReport
from session_host.protocol.values import FOLLOW_UP_S, Activity, in_turns
from tests.support.fuzzing import times
from tests.support.signals import TrackerScript

WORKING, NEEDS, IDLE, NO_SIGNAL = Activity.WORKING, Activity.NEEDS_INPUT, Activity.IDLE, Activity.NO_SIGNAL


MOMENTARY = ("notification", "bell")
TELLING_CHANGES = ("protocol", "state file", "plugin", "osc 7501")
"""Sources that report each change. If they disagree, the strongest is believed after a moment."""
TELLING_ENDS = (*TELLING_CHANGES, "title")


class Signal(NamedTuple):
    """One random step: a source's report, an answer ("input"), a pause ("wait") or a host's death ("kill")."""

    what: str
    activity: Activity
    detail: str
    seconds: float


STORIES = st.lists(
    st.builds(
        Signal,
        st.sampled_from([*ORDER, *ORDER, "input", "wait", "kill"]),
        st.sampled_from([WORKING, NEEDS, IDLE]),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from([0.0, 0.1, 1.0, 30.0, 100.0]),
    ),
    max_size=40,
)


def play(book: TrackerScript, signal: Signal) -> None:
    match signal.what:
        case "input":
            book.answer()
        case "wait":
            book.wait(signal.seconds)
        case "kill":
            book.replace_host()
        case source:
            activity = NEEDS if source in {"notification", "bell"} else signal.activity
            book.report(StatusReport(source, "said", activity, signal.detail, "kind"))


@settings(max_examples=times(25))
@given(STORIES)
def test_work_in_the_background_is_shown_only_by_an_idle_agent_and_never_ends_by_silence(story: list[Signal]) -> None:
    book, without = TrackerScript(), TrackerScript()
    book.tracker.apply_background("sleep", book.now())
    for signal in story:
        play(book, signal)
        play(without, signal)
    for each in (book, without):
        each.wait(FOLLOW_UP_S)  # Sources may disagree.
    assert in_turns(*book.status[:2]) is without.status[0]
    assert (book.status[1] == "background") is (without.status[0] is IDLE)
    book.wait(1000)
    assert (book.status[1] == "background") is (without.status[0] is IDLE)
    book.tracker.apply_background("", book.now())
    book.wait(1000)
    without.wait(2000)
    assert book.status == without.status


@settings(max_examples=times(25))
@given(STORIES)
def test_the_activity_is_the_strongest_sources_last_report(story: list[Signal]) -> None:
    book = TrackerScript()
    last: dict[str, Activity] = {}
    for signal in story:
        play(book, signal)
        if signal.what in ORDER and (signal.what, signal.activity, signal.what in last) != ("osc 9;4", IDLE, False):
            last[signal.what] = NEEDS if signal.what in {"notification", "bell"} else signal.activity
        states = [each for each in ORDER if each in last and each not in {"notification", "bell"}]
        if states and last[states[0]] is IDLE and any(last.get(each) is WORKING for each in TELLING_CHANGES):
            book.wait(FOLLOW_UP_S)
        activity, source, _ = book.status
        if states and states[0] != "osc 9;4":
            assert source in {states[0], "input", "silence"}
            assert activity is (last[states[0]] if source == states[0] else NO_SIGNAL)
        assert [each.source for each in book.tracker.evidence()] == [each for each in ORDER if each in last]


@settings(max_examples=times(25))
@given(STORIES, STORIES)
def test_needs_input_never_sticks(before: list[Signal], after: list[Signal]) -> None:
    """After an answer, the source ends the question; a source that does not report each change lets it time out."""
    book = TrackerScript()
    for signal in before:
        play(book, signal)
    book.answer()
    for signal in after:
        # Anything may happen, except a new report that the agent needs its user.
        if signal.what == "wait" or (signal.what in ORDER and signal.activity is NEEDS):
            continue
        if signal.what not in MOMENTARY:
            play(book, signal)
    book.wait(ANSWER_S)
    if book.status[0] is NEEDS:
        sources = {each.source for each in book.tracker.evidence() if each.activity is NEEDS and each.counts}
        asking = sources.intersection(TELLING_ENDS)
        assert asking, "a source that still reports the question also reports its end"
        for source in asking:
            play(book, Signal(source, IDLE, "", 0.0))
    assert book.status[0] is not NEEDS
    book.wait(1000)
    assert book.status[0] in {IDLE, NO_SIGNAL}


@settings(max_examples=times(25))
@given(STORIES, st.sampled_from(TELLING_ENDS), STORIES)
def test_a_question_stays_as_long_as_its_source_reports_it(
    before: list[Signal], source: str, after: list[Signal]
) -> None:
    stronger = ORDER[: ORDER.index(source)]
    book = TrackerScript()
    for signal in before:
        if signal.what not in stronger:
            play(book, signal)
    play(book, Signal(source, NEEDS, "what is asked", 0.0))
    for signal in after:
        if signal.what not in {*stronger, source, *MOMENTARY}:
            play(book, signal)
            assert book.status[:2] == (NEEDS, source)
            assert book.status[2]
    play(book, Signal(source, WORKING, "", 0.0))
    assert book.status[:2] == (WORKING, source)


@settings(max_examples=times(25))
@given(STORIES)
def test_a_host_killed_after_each_signal_makes_no_difference(story: list[Signal]) -> None:
    whole, cut = TrackerScript(), TrackerScript()
    for signal in story:
        play(whole, signal)
        play(cut, signal)
        cut.replace_host()
        assert cut.status[:2] == whole.status[:2]
        assert cut.tracker.since == whole.tracker.since
        assert cut.tracker.evidence() == whole.tracker.evidence()
        assert cut.tracker.next_expiry_s(0) == whole.tracker.next_expiry_s(0)
