"""Random frames in both directions give messages, or one typed error of one line without the peer's data."""

from __future__ import annotations

import random
import typing

import msgspec
import pytest

from session_host.errors import ProtocolViolation
from session_host.protocol import messages as m
from session_host.protocol.codec import ClientDecoder, Decoder, HostDecoder, encode
from session_host.protocol.launch import LaunchReport, LaunchSpec
from tests.support.fuzzing import anything, chance, fields_of, frame, some, some_frame, times

MakeDecoder = typing.Callable[[], Decoder]
DIRECTIONS: list[tuple[MakeDecoder, typing.Any]] = [(ClientDecoder, m.FromClient), (HostDecoder, m.FromHost)]


def assert_short_and_printable(error: ProtocolViolation) -> None:
    text = str(error)
    assert text
    assert text.isprintable(), repr(text)
    assert len(text) < 300


@pytest.mark.parametrize(("decoder", "union"), DIRECTIONS)
def test_random_frames_are_messages_or_one_clear_error(decoder: MakeDecoder, union: typing.Any) -> None:
    kinds = typing.get_args(union)
    with chance() as choose:
        for _ in range(times(300)):
            reader = decoder()
            data = b"".join(some_frame(choose, kinds) for _ in range(choose.randrange(1, 8)))
            try:
                for start in range(0, len(data), step := choose.randrange(1, 400)):
                    for message in reader.feed(data[start : start + step]):
                        assert isinstance(message, kinds)
                        encode(message)  # A decoded message can be encoded again.
            except ProtocolViolation as error:
                assert_short_and_printable(error)


@pytest.mark.parametrize(("decoder", "union"), DIRECTIONS)
def test_an_error_does_not_contain_data_of_the_peer(decoder: MakeDecoder, union: typing.Any) -> None:
    """Errors are logged, and a user's input must never be in a log."""
    secret = "my-passw0rd\n\x1b[2J"
    with chance() as choose:
        for kind in typing.get_args(union):
            values = [kind.__name__, *fields_of(choose, kind)]
            for place in range(len(values)):
                wrong = list(values)
                wrong[place] = secret if place == 0 or not isinstance(values[place], str) else [secret]
                _assert_no_secret(decoder, wrong, secret)
                wrong[place] = {secret: secret}
                _assert_no_secret(decoder, wrong, secret)
            for index, field in enumerate(msgspec.structs.fields(kind), 1):
                if isinstance(field.type, type) and issubclass(field.type, str) and field.type is not str:
                    wrong = list(values)
                    wrong[index] = secret
                    _assert_no_secret(decoder, wrong, secret)


def _assert_no_secret(decoder: MakeDecoder, message: list[object], secret: str) -> None:
    try:
        list(decoder().feed(frame(msgspec.msgpack.encode(message))))
    except ProtocolViolation as error:
        caught = error
    else:
        return
    assert_short_and_printable(caught)
    assert "passw0rd" not in str(caught)


def test_values_nested_without_end_are_refused() -> None:
    for decoder, _ in DIRECTIONS:
        for opening in (b"\x91", b"\x81\xa1k"):
            with pytest.raises(ProtocolViolation):
                list(decoder().feed(frame(b"\x94\xa5Hello\x01\xa6viewer" + opening * 200_000)))


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
