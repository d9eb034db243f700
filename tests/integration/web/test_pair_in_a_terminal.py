"""``outlive web pair`` in a terminal: it shows the code, and asks about each device that asks with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from session_host.web import devices
from session_host.web.devices import Asking, Rights
from tests.support.commands import OUTLIVE, environment
from tests.support.terminals import Terminal
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0
pytestmark = pytest.mark.usefixtures("area")


@pytest.fixture
def desk() -> Iterator[Terminal]:
    """The command, once it has shown the code."""
    with Terminal([*OUTLIVE, "web", "pair", "--rights", "look"], env=environment()) as terminal:
        yield terminal


def code_on(desk: Terminal) -> str:
    """The code that it shows."""
    found = re.search(rb"type (\w{4})-(\w{4})", desk.until(b"before you say yes"))
    assert found is not None
    return (found[1] + found[2]).decode()


def ask(code: str, key: str) -> Asking:
    """A device asks."""
    return devices.ask(code, key, "", "Firefox on Android", "192.168.1.34")[0]


def question(desk: Terminal, asking: Asking) -> None:
    """Wait until the terminal asks about a device, with its words."""
    shown = desk.until(b"let it in? [y/N] ").decode()
    assert "Firefox on Android asks to be let in (192.168.1.34)" in shown
    assert all(word in shown for word in asking.words)


def answer(desk: Terminal, text: str, then: bytes) -> None:
    """Type an answer until it is taken: at first it is not."""

    def is_taken() -> bool:
        desk.type(f"{text}\n")
        desk.output += desk.read(0.5)
        return then in desk.output

    wait_until(is_taken, TIMEOUT_S, f"{then!r}")


def test_yes_and_what_it_may_are_said_in_the_terminal(desk: Terminal) -> None:
    question(desk, (asking := ask(code_on(desk), "K1")))
    answer(desk, "y", b"It may look, answer or everything (look): ")
    answer(desk, "everything", b"Paired: Firefox on Android, which may")
    assert desk.wait() == 0
    [device] = devices.load().devices
    assert (device.key, device.rights) == (asking.key, Rights.EVERYTHING)
    assert devices.load().pairing is None


def test_what_is_typed_at_once_is_no_answer_and_another_one_is_no(desk: Terminal) -> None:
    code = code_on(desk)
    desk.type("y\n")  # Before the question, so that it is never too late.
    question(desk, ask(code, "K1"))
    devices.withdraw("K1")
    desk.until(b"It asks no more")
    question(desk, ask(code, "K2"))
    answer(desk, "", b"Refused")
    question(desk, ask(code, "K3"))
    answer(desk, "yes please", b"Refused")
    assert (devices.load().devices, devices.load().asking) == ((), ())


def test_a_device_that_lost_its_key_keeps_its_name_and_rights(desk: Terminal) -> None:
    code = code_on(desk)
    asking, number = devices.ask(code, "K1", "", "Safari on iPhone", "")
    devices.let_in(asking.id, Rights.ANSWER, "Ada’s phone")
    desk.until("Paired: Ada’s phone".encode())
    assert desk.wait() == 0
    with Terminal([*OUTLIVE, "web", "pair"], env=environment()) as again:
        code_on(again)
        devices.ask("", "K2", number, "Safari on iPhone", "")
        assert "as Ada’s phone, and has lost its key" in again.until(b"let it in? [y/N] ").decode()
        answer(again, "y", b"It may look, answer or everything (answer): ")
        answer(again, "", "Paired: Ada’s phone".encode())
    [device] = devices.load().devices
    assert (device.name, device.key, device.rights) == ("Ada’s phone", "K2", Rights.ANSWER)


def test_ctrl_c_makes_the_code_void_and_another_code_ends_the_command(desk: Terminal) -> None:
    code_on(desk)
    desk.type("\x03")
    desk.until(b"The code is void")
    assert desk.wait() == 130
    assert devices.load().pairing is None
    with Terminal([*OUTLIVE, "web", "pair"], env=environment()) as other:
        code_on(other)
        devices.begin_pairing()
        other.until(b"the code is void")
        assert other.wait() == 1
    assert devices.load().pairing is not None, "the newer code stays"
