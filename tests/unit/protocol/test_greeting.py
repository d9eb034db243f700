"""The greeting of both sides, without a connection."""

from __future__ import annotations

import pytest

from session_host.errors import HostUnavailable, ProtocolMismatch, ProtocolViolation
from session_host.protocol.codec import ClientDecoder
from session_host.protocol.greeting import ClientGreeting, answer_hello
from session_host.protocol.messages import (
    OLDEST_PROTOCOL_VERSION,
    PROTOCOL_VERSION,
    Detach,
    Error,
    ErrorCode,
    Hello,
    Welcome,
)
from session_host.protocol.values import State
from session_host.version import VERSION


def hello_of(greeting: ClientGreeting) -> Hello:
    [hello] = ClientDecoder().feed(greeting.data_to_send())
    assert isinstance(hello, Hello)
    return hello


@pytest.mark.parametrize("protocol", range(OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION + 1))
def test_a_host_answers_in_the_protocol_of_the_client(protocol: int) -> None:
    welcome = answer_hello(Hello(protocol, "viewer"), "id", "epoch", State.RUNNING)
    assert welcome == Welcome(protocol, VERSION, "id", "epoch", State.RUNNING)


@pytest.mark.parametrize("protocol", [OLDEST_PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1])
def test_a_host_refuses_a_protocol_that_it_does_not_know(protocol: int) -> None:
    with pytest.raises(ProtocolViolation, match="outlive upgrade") as refusal:
        answer_hello(Hello(protocol, "viewer"), "id", "epoch", State.RUNNING)
    assert refusal.value.code == ErrorCode.VERSION


def test_a_client_offers_older_protocols_until_the_host_knows_one() -> None:
    greeting = ClientGreeting("id", "viewer", "engine 1")
    offered = [hello_of(greeting).protocol]
    with pytest.raises(ProtocolMismatch, match="too new"):
        greeting.receive(Error(ErrorCode.VERSION, "too new"))
    while greeting.try_older():
        offered.append(hello_of(greeting).protocol)
    assert offered == list(range(PROTOCOL_VERSION, OLDEST_PROTOCOL_VERSION - 1, -1))
    assert hello_of(greeting) == Hello(OLDEST_PROTOCOL_VERSION, "viewer", "engine 1", VERSION)
    welcome = answer_hello(hello_of(greeting), "id", "epoch", State.RUNNING)
    assert greeting.receive(welcome) == welcome


def test_a_client_talks_to_the_right_session_in_the_right_protocol_only() -> None:
    greeting = ClientGreeting("id", "viewer")
    for answer in (Welcome(PROTOCOL_VERSION, VERSION, "other", "epoch", State.RUNNING), Detach("x")):
        with pytest.raises(HostUnavailable, match="another chat"):
            greeting.receive(answer)
    with pytest.raises(HostUnavailable, match="go away") as refusal:
        greeting.receive(Error(ErrorCode.VIOLATION, "go away"))
    assert not isinstance(refusal.value, ProtocolMismatch), "no other protocol would help"
    with pytest.raises(ProtocolMismatch, match="uses protocol 999"):
        greeting.receive(Welcome(999, VERSION, "id", "epoch", State.RUNNING))
