"""The greeting of both sides, without a connection."""

from __future__ import annotations

import pytest

from session_host.errors import HostUnavailable, ProtocolMismatch, ProtocolViolation
from session_host.protocol.codec import Decoder
from session_host.protocol.greeting import ClientGreeting, answer_hello
from session_host.protocol.messages import PROTOCOL_VERSION, Detach, Error, FromClient, Hello, Welcome
from session_host.protocol.values import ErrorCode, State
from session_host.version import VERSION


def hello_of(greeting: ClientGreeting) -> Hello:
    [hello] = Decoder(FromClient).feed(greeting.data_to_send())
    assert isinstance(hello, Hello)
    return hello


@pytest.mark.parametrize("protocol", [PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1])
def test_a_host_refuses_another_protocol_and_says_what_to_do(protocol: int) -> None:
    with pytest.raises(ProtocolViolation, match="outlive upgrade") as refusal:
        answer_hello(Hello(protocol, "viewer"), "id", State.RUNNING)
    assert refusal.value.code == ErrorCode.VERSION


def test_a_client_and_a_host_of_one_version_greet_each_other() -> None:
    greeting = ClientGreeting("id", "viewer", "engine 1")
    hello = hello_of(greeting)
    assert hello == Hello(PROTOCOL_VERSION, "viewer", "engine 1", VERSION)
    welcome = answer_hello(hello, "id", State.RUNNING)
    assert greeting.receive(welcome) == welcome


def test_a_client_talks_to_the_right_session_in_the_right_protocol_only() -> None:
    greeting = ClientGreeting("id", "viewer")
    for answer in (Welcome(PROTOCOL_VERSION, VERSION, "other", State.RUNNING), Detach("x")):
        with pytest.raises(HostUnavailable, match="another chat"):
            greeting.receive(answer)
    with pytest.raises(HostUnavailable, match="go away") as refusal:
        greeting.receive(Error(ErrorCode.VIOLATION, "go away"))
    assert not isinstance(refusal.value, ProtocolMismatch), "no other protocol would help"
    with pytest.raises(ProtocolMismatch, match="too new"):
        greeting.receive(Error(ErrorCode.VERSION, "too new"))
    with pytest.raises(ProtocolMismatch, match="uses protocol 999"):
        greeting.receive(Welcome(999, VERSION, "id", State.RUNNING))
