"""Frames: any split of the bytes gives the same messages; any garbage gives one typed error."""

from __future__ import annotations

import random
import typing
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.errors import ProtocolViolation
from session_host.protocol import messages as m
from session_host.protocol.codec import MAX_FRAME_BYTES, Decoder, encode
from session_host.protocol.facts import Outcome
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.protocol.messages import FromClient
from session_host.protocol.values import (
    CellSize,
    ErrorCode,
    GridSize,
    KeyAction,
    Modifiers,
    MouseAction,
    MouseButton,
    State,
)
from tests.support.fuzzing import anything, chance, fields_of, frame, some, some_frame, times

FROM_CLIENT: list[m.Message] = [
    m.Hello(m.PROTOCOL_VERSION, "viewer", "ghostty 1", "0.1"),
    m.Attach(GridSize(80, 24), CellSize(9, 18), read_only=True, output=False, resume="a", offset=7),
    m.Attach(kind="window"),
    m.Attach(),
    m.Key("a", 1, "Enter", "", int(Modifiers.CTRL | Modifiers.SHIFT), KeyAction.REPEAT),
    m.Typed("a", 2, "héllo 👩‍👩‍👧"),
    m.Paste("a", 3, "two\nlines"),
    m.Mouse("a", 4, MouseAction.PRESS, MouseButton.WHEEL_UP, 3, 4, 0),
    m.Focus("a", 5, focused=True),
    m.Send(9, "text", paste=True, keys=["Ctrl+c"], enter=True),
    m.Peek(10, lines=3, scrollback=True, ansi=True),
    m.PeekColors(10),
    m.Received("a", 5000),
    m.Detach("a"),
]
FROM_HOST: list[m.Message] = [
    m.Welcome(m.PROTOCOL_VERSION, "0.1", "id", State.STARTING),
    m.SnapshotPart(5, 2, "vt", GridSize(80, 24), 10_000, last=True, data=b"\x00\xff" * 100),
    m.ScreenColors(5, 0xE7E9EC, 0x15171C, tuple(range(16))),
    m.Output(5, bytes(range(256))),
    m.StateEvent(Outcome(State.EXITED, None, 9)),
    m.SizeEvent(GridSize(60, 15), "attach"),
    m.InputRefused("a", 7, ErrorCode.STALE_ATTACHMENT, "attach again"),
]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut ``data`` at these positions."""
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def read(decoder: Decoder, data: bytes) -> tuple[list[Any], str]:
    """Decode ``data``; returns the messages, and the code of the violation that ended them, if any."""
    received: list[Any] = []
    try:
        received.extend(decoder.feed(data))
    except ProtocolViolation as error:
        return received, error.code
    return received, ""


@pytest.mark.parametrize(("union", "messages"), [(m.FromClient, FROM_CLIENT), (m.FromHost, FROM_HOST)])
@given(data=st.data(), cuts=st.lists(st.integers(0, 900), max_size=12))
def test_any_split_of_the_bytes_gives_the_messages(
    union: typing.Any, messages: list[m.Message], data: st.DataObject, cuts: list[int]
) -> None:
    sent = data.draw(st.lists(st.sampled_from(messages), max_size=8))
    decoder = Decoder(union)
    received: list[Any] = []
    for piece in pieces(b"".join(map(encode, sent)), cuts):
        received += decoder.feed(piece)
    assert received == sent


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_garbage_is_a_violation_or_an_incomplete_frame(garbage: bytes, cuts: list[int]) -> None:
    decoder = Decoder(FromClient)
    for piece in pieces(garbage, cuts):
        received, code = read(decoder, piece)
        assert all(isinstance(message, m.Message) for message in received)
        assert code in {"", ErrorCode.VIOLATION, ErrorCode.TOO_LARGE}
        if code:
            return


def test_a_length_over_the_limit_is_refused_before_its_bytes_arrive() -> None:
    with pytest.raises(ProtocolViolation) as caught:
        list(Decoder(FromClient).feed((MAX_FRAME_BYTES + 1).to_bytes(4, "big")))
    assert caught.value.code == ErrorCode.TOO_LARGE


def test_a_message_over_the_limit_is_not_encoded() -> None:
    with pytest.raises(ProtocolViolation):
        encode(m.Output(0, bytes(MAX_FRAME_BYTES)))


def test_a_hosts_message_is_refused_from_a_client() -> None:
    with pytest.raises(ProtocolViolation):
        list(Decoder(FromClient).feed(encode(m.Output(0, b"typed as if by a user?"))))


def test_no_message_carries_raw_bytes_to_the_host() -> None:
    for kind in msgspec.inspect.multi_type_info(m.FromClient.__args__):
        assert isinstance(kind, msgspec.inspect.StructType)
        for field in kind.fields:
            assert not isinstance(field.type, msgspec.inspect.BytesType), f"{kind.cls.__name__}.{field.name}"


DIRECTIONS: list[typing.Any] = [m.FromClient, m.FromHost]


def assert_short_and_printable(error: ProtocolViolation) -> None:
    text = str(error)
    assert text
    assert text.isprintable(), repr(text)
    assert len(text) < 300


@pytest.mark.parametrize("union", DIRECTIONS)
def test_random_frames_are_messages_or_one_clear_error(union: typing.Any) -> None:
    kinds = typing.get_args(union)
    with chance() as choose:
        for _ in range(times(300)):
            reader = Decoder(union)
            data = b"".join(some_frame(choose, kinds) for _ in range(choose.randrange(1, 8)))
            try:
                for start in range(0, len(data), step := choose.randrange(1, 400)):
                    for message in reader.feed(data[start : start + step]):
                        assert isinstance(message, kinds)
                        encode(message)  # A decoded message can be encoded again.
            except ProtocolViolation as error:
                assert_short_and_printable(error)


@pytest.mark.parametrize("union", DIRECTIONS)
def test_an_error_does_not_contain_data_of_the_peer(union: typing.Any) -> None:
    """Errors are logged, and a user's input must never be in a log."""
    secret = "my-passw0rd\n\x1b[2J"
    with chance() as choose:
        for kind in typing.get_args(union):
            values = [kind.__name__, *fields_of(choose, kind)]
            for place in range(len(values)):
                wrong = list(values)
                wrong[place] = secret if place == 0 or not isinstance(values[place], str) else [secret]
                _assert_no_secret(union, wrong, secret)
                wrong[place] = {secret: secret}
                _assert_no_secret(union, wrong, secret)
            for index, field in enumerate(msgspec.structs.fields(kind), 1):
                if isinstance(field.type, type) and issubclass(field.type, str) and field.type is not str:
                    wrong = list(values)
                    wrong[index] = secret
                    _assert_no_secret(union, wrong, secret)


def _assert_no_secret(union: typing.Any, message: list[object], secret: str) -> None:
    try:
        list(Decoder(union).feed(frame(msgspec.msgpack.encode(message))))
    except ProtocolViolation as error:
        caught = error
    else:
        return
    assert_short_and_printable(caught)
    assert "passw0rd" not in str(caught)


def test_values_nested_without_end_are_refused() -> None:
    for union in DIRECTIONS:
        for opening in (b"\x91", b"\x81\xa1k"):
            with pytest.raises(ProtocolViolation):
                list(Decoder(union).feed(frame(b"\x94\xa5Hello\x01\xa6viewer" + opening * 200_000)))


@pytest.mark.parametrize("kind", [LaunchSpec, LaunchReport])
def test_a_random_launch_is_read_or_refused(kind: type[msgspec.Struct]) -> None:
    with chance() as choose:
        for _ in range(times(300)):
            data = bytearray(msgspec.msgpack.encode(_some_launch(choose, kind)))
            if choose.random() < 0.4:
                data[choose.randrange(len(data))] = choose.randrange(256)
            try:
                assert isinstance(msgspec.msgpack.decode(data, type=kind), kind)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue


def _some_launch(choose: random.Random, kind: type[msgspec.Struct]) -> dict[str, object]:
    values = fields_of(choose, kind)
    assert isinstance(values, dict)
    if choose.random() < 0.5:
        values[some(choose, list(values))] = anything(choose)
    if choose.random() < 0.2:
        del values[some(choose, list(values))]
    return values
