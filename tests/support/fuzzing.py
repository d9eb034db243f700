"""Random invalid or unusual messages, values and bytes.

Every run of the suite tries the same inputs. ``OUTLIVE_FUZZ=50`` makes every fuzzer try fifty times as many, and other
inputs in each run. A failing fuzzer prints its seed; ``OUTLIVE_FUZZ_SEED`` repeats that run.
"""

from __future__ import annotations

import copy
import enum
import functools
import os
import random
import string
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

from session_host.protocol.codec import MAX_FRAME_BYTES
from session_host.protocol.messages import Message

T = TypeVar("T")

TIMES = max(1, int(os.environ.get("OUTLIVE_FUZZ", "1")))
IS_RANDOM = "OUTLIVE_FUZZ" in os.environ
"""Whether each run tries other inputs."""

_USUAL_SEED = 1

ODD_NUMBERS = (
    0,
    1,
    -1,
    2,
    4,
    5,
    20,
    80,
    255,
    256,
    1000,
    1001,
    65535,
    65536,
    2**31 - 1,
    2**31,
    -(2**31),
    2**63 - 1,
    -(2**63),
)
ODD_TEXTS = (
    "",
    "a",
    "Enter",
    "Ctrl+c",
    "+",
    "é",
    "漢字",
    "👩\u200d👩\u200d👧",
    "\x00",
    "\x1b[201~",
    "\x1b]0;x\x07",
    "\r\n\n",
    "\u202e",
    "\x9b",
    "../../etc/passwd",
    "%s%n",
    "x" * 300,
    "{}",
    "\ufffe",
    " ",
    "-1",
    "vt",
)


def times(count: int) -> int:
    """The number of tries of a fuzzer with the usual number ``count``."""
    return count * TIMES


@contextmanager
def chance() -> Iterator[random.Random]:
    """A random number generator; a failure within the context reports its seed."""
    chosen = random.SystemRandom().getrandbits(32) if IS_RANDOM else _USUAL_SEED
    seed = int(os.environ.get("OUTLIVE_FUZZ_SEED") or chosen)
    try:
        yield random.Random(seed)
    except BaseException as error:
        error.add_note(f"repeat it with OUTLIVE_FUZZ_SEED={seed}")
        raise


def some(choose: random.Random, values: Sequence[T]) -> T:
    """Choose one of the values."""
    return values[choose.randrange(len(values))]


def some_text(choose: random.Random) -> str:
    """A text, usually an unusual one."""
    if choose.random() < 0.7:
        return some(choose, ODD_TEXTS)
    return "".join(
        chr(choose.choice([choose.randrange(0x20), choose.randrange(0xD800)])) for _ in range(choose.randrange(40))
    )


def some_number(choose: random.Random) -> int:
    """A number, usually an unusual one."""
    return some(choose, ODD_NUMBERS) if choose.random() < 0.7 else choose.randrange(-1000, 100000)


def anything(choose: random.Random, depth: int = 3) -> Any:
    """Any value that msgpack can carry."""
    kinds = 9 if depth else 7
    match choose.randrange(kinds):
        case 0:
            return None
        case 1:
            return choose.random() < 0.5
        case 2:
            return some_number(choose)
        case 3:
            return some_text(choose)
        case 4:
            return choose.randbytes(choose.randrange(20))
        case 5:
            return choose.choice([float("nan"), float("inf"), -0.0, 1.5])
        case 6:
            return msgspec.msgpack.Ext(choose.randrange(-128, 128), choose.randbytes(4))
        case 7:
            return [anything(choose, depth - 1) for _ in range(choose.randrange(5))]
        case _:
            return {some_text(choose): anything(choose, depth - 1) for _ in range(choose.randrange(4))}


def fitting(choose: random.Random, kind: Any) -> Any:
    """An encoded value of the right type with unusual content."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return fitting(choose, typing.get_args(kind)[0])
    if origin is typing.Literal:
        return some(choose, typing.get_args(kind))
    if origin in {typing.Union, types.UnionType}:
        return fitting(choose, some(choose, typing.get_args(kind)))
    if origin in {list, set, frozenset, Sequence}:
        return [fitting(choose, typing.get_args(kind)[0]) for _ in range(choose.randrange(4))]
    if origin is tuple:
        kinds = typing.get_args(kind)
        if kinds[-1] is ...:
            return [fitting(choose, kinds[0]) for _ in range(choose.randrange(4))]
        return [fitting(choose, each) for each in kinds]
    if origin in {dict, Mapping}:
        key, value = typing.get_args(kind)
        return {fitting(choose, key): fitting(choose, value) for _ in range(choose.randrange(4))}
    if kind is type(None):
        return None
    if kind is bool:
        return choose.random() < 0.5
    if kind is int:
        return some_number(choose)
    if kind is float:
        return choose.choice([0.0, -1.5, 60.0, 1e300, float("inf")])
    if kind in {str, Path}:
        return some_text(choose)
    if kind is bytes:
        return choose.randbytes(choose.randrange(40))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return some(choose, list(kind)).value
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return fields_of(choose, kind)
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind, include_extras=True)
        return [fitting(choose, hints[name]) for name in kind._fields]
    raise TypeError(f"no values of {kind} are known")


_fields = functools.cache(msgspec.structs.fields)
"""The fields of a struct, cached: msgspec evaluates their annotations at each call."""


def fields_of(choose: random.Random, kind: type[msgspec.Struct]) -> list[Any] | dict[str, Any]:
    """The fields of a struct, with unusual values."""
    values = {field.name: fitting(choose, field.type) for field in _fields(kind)}
    return list(values.values()) if kind.__struct_config__.array_like else values


def some_message(
    choose: random.Random, kinds: Sequence[type[Message]], attachments: Sequence[str] = (), *, wrong: float = 0.2
) -> bytes:
    """The payload of one message with unusual values; with the probability ``wrong``, a part of it is invalid.

    ``attachments`` are valid ids; fields for an id often get one of them.
    """
    kind = some(choose, kinds)
    values = fields_of(choose, kind)
    assert isinstance(values, list)
    for number, field in enumerate(_fields(kind)):
        if field.name in {"attachment", "resume"} and attachments and choose.random() < 0.9:
            values[number] = some(choose, attachments)
    message = [kind.__name__, *values]
    if choose.random() < wrong:
        match choose.randrange(4):
            case 0:
                message[choose.randrange(len(message))] = anything(choose)
            case 1:
                message.append(anything(choose))
            case 2:
                del message[choose.randrange(1, len(message) + 1) :]
            case _:
                message[0] = some(
                    choose, [*(other.__name__ for other in kinds), "", "Nobody", "".join(string.ascii_letters)]
                )
    return msgspec.msgpack.encode(message)


def frame(payload: bytes) -> bytes:
    """A frame: the payload's length, then the payload."""
    return len(payload).to_bytes(4, "big") + payload


def some_frame(
    choose: random.Random, kinds: Sequence[type[Message]], attachments: Sequence[str] = (), *, wrong: float = 0.2
) -> bytes:
    """A frame; with a third of the probability ``wrong``, the frame itself is invalid."""
    if choose.random() > wrong / 3:
        return frame(some_message(choose, kinds, attachments, wrong=wrong))
    match choose.randrange(4):
        case 0:
            return choose.randbytes(choose.randrange(1, 60))
        case 1:
            return (MAX_FRAME_BYTES + choose.randrange(1, 2**31)).to_bytes(4, "big")
        case 2:
            return frame(choose.randbytes(choose.randrange(60)))
        case _:
            payload = bytearray(some_message(choose, kinds, attachments))
            payload[choose.randrange(len(payload))] = choose.randrange(256)
            return frame(bytes(payload))


_TOML_VALUES = [
    '""',
    '"x"',
    "3",
    "-1",
    "true",
    "1e999",
    "nan",
    "[]",
    "[1]",
    '["{arguments}", "{arguments}"]',
    '["{shell}{}"]',
    "{}",
    "{ a = 1 }",
    '{ "" = "" }',
    "1979-05-27",
    '"""\n"""',
    '"\\u0000"',
    '["\\u0000"]',
    "[[1]]",
    '"\\U0010ffff"',
    "0x10",
    "9999999999999999999999",
    "[" * 2000,
    "[" * 500 + "]" * 500,
    "{a=" * 1000,
    '"\u009b\u202e"',
]


def some_toml(choose: random.Random, good: str) -> bytes:
    """A TOML file: ``good``, possibly with an error inserted."""
    lines = good.splitlines(keepends=True)
    for _ in range(choose.randrange(4)):
        place = choose.randrange(len(lines)) if lines else 0
        match choose.randrange(6):
            case 0 if lines:
                del lines[place]
            case 1 if lines:
                lines.insert(place, lines[place])
            case 2 if lines:
                lines[place] = f"{lines[place].partition('=')[0]}= {some(choose, _TOML_VALUES)}\n"
            case 3:
                name = some(choose, ["key", "[table]", "[[tables]]", "a.b", '""'])
                lines.insert(place, f"{name} = {some(choose, _TOML_VALUES)}\n")
            case 4:
                lines.insert(place, some_text(choose).replace("\ud800", "") + "\n")
            case _:
                lines.insert(place, "[" * choose.randrange(1, 3000) + "\n")
    data = bytearray("".join(lines).encode("utf-8", "surrogatepass"))
    if choose.random() < 0.3 and data:
        data[choose.randrange(len(data))] = choose.randrange(256)
    return bytes(data)


PIECES = st.lists(
    st.sampled_from(
        [
            b"\x1b",
            b"[",
            b"]",
            b"P",
            b"X",
            b"\\",
            b"\x07",
            b"\x18",
            b"0;1",
            b"m",
            b"text",
            b"\r\n",
            b"?1049h",
            b"?1049l",
            b"2J",
            b"c",
            b"(",
            b"B",
            b"\xf0\x9f\x99",
            b"\x82",
            b" ",
            b"7",
            b"#8",
            b"H",
        ]
    ),
    max_size=30,
).map(b"".join)


WRONG: tuple[Any, ...] = (None, 7, "text", [1], {"y": 2}, 2**80, 10**400)


def damaged(message: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the message with each field in turn missing or of another type, and what is wrong with it."""
    for path in _paths(message):
        for wrong in (..., *WRONG):
            copied = copy.deepcopy(message)
            place: Any = copied
            for key in path[:-1]:
                place = place[key]
            if wrong is ...:
                del place[path[-1]]
            else:
                place[path[-1]] = wrong
            yield f"{path} {wrong}", copied


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all fields; of a list, those of the first element."""
    fields = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, below in fields:
        yield (*path, key)
        yield from _paths(below, (*path, key))
