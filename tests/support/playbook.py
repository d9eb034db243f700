"""Scripts for tests of pure objects: an event in, its effects out, a diff of the whole script on failure.

The idea is mitmproxy's Playbook. ``>>`` adds an event, ``<<`` an expected effect of the event before it; an event
without ``<<`` must have no effects. ``assert`` runs the script::

    attachment = Capture(str)
    assert (
        Playbook(session.take_effects)
        >> do(connection.receive, Attach())
        << Transmit("a", Attached(attachment, 0))
        >> do(connection.receive, Key(attachment, 1, "a"))
        << Returned(b"a")
    )

Effects are compared by ``==``, in order. What a method returns, if it is true, is its first effect: ``Returned``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar, cast

import msgspec

T = TypeVar("T")

_MISSING = object()

LINE_CHARACTERS = 1000


class Capture(Generic[T]):
    """A value that is unknown before the script runs: captures the first value of its type, then equals only that.

    In the arguments of a later event, the captured value replaces it.
    """

    _latest: ClassVar[list[Capture[Any]]] = []
    """Captures set by the current comparison."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._value: object = _MISSING

    @property
    def value(self) -> T:
        """The captured value; an AssertionError before it is captured."""
        assert self._value is not _MISSING, f"no {self._kind.__name__} is captured yet"
        return cast("T", self._value)

    def __eq__(self, other: object) -> bool:
        if self._value is _MISSING and isinstance(other, self._kind):
            self._value = other
            Capture._latest.append(self)
            return True
        return self._value is not _MISSING and bool(self._value == other)

    __hash__ = None  # type: ignore[assignment] # its value may still change

    def __repr__(self) -> str:
        return f"<any {self._kind.__name__}>" if self._value is _MISSING else repr(self._value)

    @staticmethod
    def match(expected: object, actual: object) -> bool:
        """Whether two values are equal; captures set by a failed comparison are cleared."""
        Capture._latest.clear()
        is_equal = bool(expected == actual)
        if not is_equal:
            for each in Capture._latest:
                each._value = _MISSING
        return is_equal


class Returned(NamedTuple):
    """The return value of an event's method."""

    value: object


class Event(NamedTuple):
    """A call of a method of the object under test; see ``do``."""

    call: Callable[..., object]
    arguments: tuple[object, ...]
    options: dict[str, object]

    def happen(self) -> object:
        """Make the call, with captures replaced by their values."""
        arguments = [_resolved(each) for each in self.arguments]
        return self.call(*arguments, **{name: _resolved(value) for name, value in self.options.items()})

    def __str__(self) -> str:
        name = getattr(self.call, "__name__", None) or repr(self.call)
        words = [
            *map(_line, self.arguments),
            *(f"{key}={_line(value)}" for key, value in self.options.items()),
        ]
        return f"{name}({', '.join(words)})"


def do(call: Callable[..., object], *arguments: object, **options: object) -> Event:
    """Make an event: a call that is made when the script reaches it."""
    return Event(call, arguments, options)


class Playbook:
    """A script of events and expected effects; see the module."""

    def __init__(self, effects: Callable[[], Iterable[object]]) -> None:
        """Begin an empty script.

        Args:
            effects: returns the effects since it was last called, oldest first.
        """
        self._effects = effects
        self._script: list[tuple[Event, list[object]]] = []
        self._has_run = False

    def __rshift__(self, event: Event) -> Self:
        self._script.append((event, []))
        return self

    def __lshift__(self, effect: object) -> Self:
        assert self._script, "a script begins with an event"
        self._script[-1][1].append(effect)
        return self

    def __bool__(self) -> bool:
        """Run the script.

        Raises:
            AssertionError: an event had other effects; the message is the diff of the script up to that event.
        """
        self._has_run = True
        assert not list(self._effects()), "there are effects of something before the script"
        expected_lines: list[str] = []
        actual_lines: list[str] = []
        for number, (event, expected) in enumerate(self._script, 1):
            returned = event.happen()
            actual = [*([Returned(returned)] if returned else []), *self._effects()]
            is_equal = len(expected) == len(actual) and all(map(Capture.match, expected, actual))
            expected_lines += [f">> {event}", *(f"   << {_line(each)}" for each in expected)]
            actual_lines += [f">> {event}", *(f"   << {_line(each)}" for each in actual)]
            if not is_equal:
                rest = len(self._script) - number
                diff = [line for line in difflib.ndiff(expected_lines, actual_lines) if not line.startswith("?")]
                what = f"event {number} has other effects (- expected, + actual; {rest} more events)"
                raise AssertionError("\n".join([what, *diff]))
        return True

    def __del__(self) -> None:
        # pytest reports an exception in __del__ as a failure.
        assert self._has_run or not self._script, "a script without assert is not run"


def _resolved(value: object) -> Any:
    """The value, with its captures replaced by the captured values."""
    if isinstance(value, Capture):
        return value.value
    if isinstance(value, msgspec.Struct):
        fields = {name: _resolved(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    if type(value) in {list, tuple}:
        return type(value)(map(_resolved, cast("Iterable[object]", value)))  # type: ignore[call-arg]
    return value


def _line(value: object) -> str:
    """A value as a line of the diff; long ones are shortened."""
    if isinstance(value, bytes) and len(value) > 60:
        return f"{value[:40]!r}… ({len(value)} bytes)"
    text = repr(value)
    return text if len(text) <= LINE_CHARACTERS else f"{text[:LINE_CHARACTERS]}… ({len(text)} characters)"


class RulesHarness(Generic[T]):
    """Rules that a script calls.

    Attributes:
        effects: the rules' list of effects.
    """

    effects: list[T]

    def take_effects(self) -> list[T]:
        """Return the effects since the last call, oldest first."""
        effects = self.effects[:]
        self.effects.clear()
        return effects

    def script(self) -> Playbook:
        """Begin a script."""
        return Playbook(self.take_effects)
