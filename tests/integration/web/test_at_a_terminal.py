"""A device is let in at a terminal: by what is typed after the question, and by nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.protocol.values import GridSize
from session_host.web import devices, places
from session_host.web.devices import Rights
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.commands import OUTLIVE, outlive
from tests.support.page_server import ADDRESS, PageServer
from tests.support.ports import free_port
from tests.support.terminals import ScreenTerminal
from tests.support.user_systemd import UserSystemd, user_systemd
from tests.support.waiting import wait_until


@pytest.fixture
def systemd(area: Area, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserSystemd]:
    with user_systemd(tmp_path / "systemd", monkeypatch) as systemd:
        yield systemd


ON = [*OUTLIVE, "web", "on", "--lan", "127.0.0.1", "--port"]
SIZE = GridSize(100, 60)
"""With room for the picture."""


PICTURE = "█▀▄"
"""What a picture is made of."""


def type_until(terminal: ScreenTerminal, line: str, text: str) -> None:
    """Type a line again and again until a text comes: what is typed too soon after a question is no answer."""

    def typed() -> bool:
        terminal.type(line)
        terminal.show_pending()
        return text in terminal.text()

    wait_until(typed, 60, lambda: f"{text!r} in {terminal.text()}", every_s=0.3)


def code_in(text: str) -> str:
    found = re.search(r"#pair=(\w{8})", text)
    assert found is not None, text
    return found[1]


def test_the_command_that_turns_the_page_on_shows_the_picture_and_takes_the_yes(systemd: UserSystemd) -> None:
    """Three actions: the command, the scan, and the yes."""
    port = free_port()
    with ScreenTerminal([*ON, str(port)], size=SIZE) as terminal:
        shown = terminal.see("The code only asks")
        served = places.served()
        assert served is not None
        assert served.addresses[0] in shown
        assert not any(block in shown for block in PICTURE), "on the loopback, it would lead a phone to itself"
        asking, _number = devices.ask(code_in(shown), "a key", "", "Firefox on Android", "192.168.1.34")
        shown = terminal.see("let it in?")
        assert all(word in shown for word in asking.words)
        type_until(terminal, "y\n", "It may look, answer or everything (answer): ")
        type_until(terminal, "look\n", "Paired: Firefox on Android, which may look")
        assert terminal.end() == 0
    [device] = devices.load().devices
    assert device.rights is Rights.LOOK
    assert devices.load().pairing is None


def test_the_page_stays_on_when_nobody_asks(systemd: UserSystemd) -> None:
    with ScreenTerminal([*ON, str(free_port())], size=SIZE) as terminal:
        terminal.see("The code only asks")
        terminal.type("\x03")
        terminal.see("The code is void")
        assert terminal.end() == 130
    assert places.is_served()
    assert devices.load().pairing is None


def test_an_address_that_leads_a_phone_to_itself_is_no_picture(server: PageServer) -> None:
    with ScreenTerminal([*OUTLIVE, "web", "pair"], size=SIZE) as terminal:
        shown = terminal.see("The code only asks")
        assert not any(block in shown for block in PICTURE), shown
        assert "outlive web on --lan" in shown
        assert ADDRESS in shown, "through a tunnel, it is typed"
        terminal.type("\x03")
        assert terminal.end() == 130


def test_a_page_that_is_not_served_is_said_so(area: Area) -> None:
    done = outlive("web", "pair")
    assert done.output.startswith(
        "The page is not served now: run `outlive web on --lan`, which also pairs the first device\n"
    )
