"""A script of events and effects must be able to fail, and show where."""

from __future__ import annotations

import gc
from typing import Any

import msgspec
import pytest

from tests.support.playbook import Capture, Playbook, Returned, do


class Say(msgspec.Struct, frozen=True):
    """An effect."""

    who: str
    words: Any


class Doorman:
    """An object without I/O that lets guests in by a number which the script does not know beforehand."""

    def __init__(self) -> None:
        self.effects: list[object] = []
        self._numbers = iter(("n1", "n2"))

    def take_effects(self) -> list[object]:
        effects, self.effects = self.effects, []
        return effects

    def ring(self, who: str) -> None:
        self.effects += [Say(who, ("number", next(self._numbers))), Say("house", f"{who} is here")]

    def show(self, number: str, *, quickly: bool = False) -> bytes:
        return f"{number}{'!' if quickly else ''}".encode()

    def wait(self) -> None:
        """Have no effect."""


@pytest.fixture
def doorman() -> Doorman:
    return Doorman()


def test_a_script_that_holds_is_true(doorman: Doorman) -> None:
    number, another = Capture(str), Capture(str)
    assert (
        Playbook(doorman.take_effects)
        >> do(doorman.ring, "ann")
        << Say("ann", ("number", number))
        << Say("house", "ann is here")
        >> do(doorman.wait)
        >> do(doorman.show, number, quickly=True)
        << Returned(b"n1!")
        >> do(doorman.ring, "ann")
        << Say("ann", ("number", another))
        << Say("house", "ann is here")
    )
    assert (number.value, another.value) == ("n1", "n2")


def failure(playbook: Playbook) -> str:
    with pytest.raises(AssertionError) as raised:
        bool(playbook)
    return str(raised.value)


def test_the_diff_shows_the_script_up_to_the_first_event_with_other_effects(doorman: Doorman) -> None:
    number = Capture(str)
    text = failure(
        Playbook(doorman.take_effects)
        >> do(doorman.show, "n0")
        << Returned(b"n0")
        >> do(doorman.ring, "ann")
        << Say("ann", ("number", number))
        << Say("house", "nobody is here")
        >> do(doorman.wait)
    )
    assert text.splitlines() == [
        "event 2 has other effects (- expected, + actual; 1 more events)",
        "  >> show('n0')",
        "     << Returned(value=b'n0')",
        "  >> ring('ann')",
        "     << Say(who='ann', words=('number', 'n1'))",
        "-    << Say(who='house', words='nobody is here')",
        "+    << Say(who='house', words='ann is here')",
    ]


@pytest.mark.parametrize("expected", [[], [Say("ann", ("number", "n1"))], [Say("ann", "x")] * 3])
def test_effects_that_are_missing_or_too_many_fail(doorman: Doorman, expected: list[object]) -> None:
    playbook = Playbook(doorman.take_effects) >> do(doorman.ring, "ann")
    for each in expected:
        playbook = playbook << each
    assert "event 1" in failure(playbook)


def test_a_capture_keeps_its_first_value_and_its_type() -> None:
    number = Capture(str)
    assert number != 1
    assert not Capture.match(Say("ann", number), Say("bob", "n1"))
    assert repr(number) == "<any str>"
    assert Capture.match(Say("ann", number), Say("ann", "n1"))
    assert not Capture.match(Say("ann", number), Say("ann", "n2"))
    with pytest.raises(AssertionError, match="no str"):
        Capture(str).value  # noqa: B018 - to ask is what fails


def test_captured_values_are_put_into_the_messages_of_later_events(doorman: Doorman) -> None:
    number = Capture(str)
    assert Capture.match(number, "n7")
    heard: list[object] = []
    assert Playbook(doorman.take_effects) >> do(heard.append, Say("ann", [("number", number), 1]))
    assert heard == [Say("ann", [("number", "n7"), 1])]


def test_effects_of_something_before_the_script_fail_it(doorman: Doorman) -> None:
    doorman.ring("ann")
    assert "before the script" in failure(Playbook(doorman.take_effects) >> do(doorman.wait))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_script_that_is_not_asserted_is_reported(doorman: Doorman, monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[BaseException | None] = []
    monkeypatch.setattr("sys.unraisablehook", lambda hook: errors.append(hook.exc_value))
    Playbook(doorman.take_effects) >> do(doorman.wait)
    gc.collect()
    assert [str(each) for each in errors] == ["a script without assert is not run"]
