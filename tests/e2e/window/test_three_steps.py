"""From the box to an answered question over the network: each action of the user is counted."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno
from PySide6.QtGui import QColor, QImage

from session_host.protocol.values import GridSize
from session_host.system.own_address import in_network
from session_host.web import devices, places
from tests.conftest import Sessions
from tests.integration.web.test_answers import decisions
from tests.integration.web.test_at_a_terminal import type_until
from tests.support.area import Area
from tests.support.browser import Browser, browser
from tests.support.commands import OUTLIVE
from tests.support.networks import OtherMachine, needs_network, other_machine
from tests.support.ports import usual_port
from tests.support.screen_reader import ScreenReader
from tests.support.structured_chats import new_chat, wait
from tests.support.terminals import ScreenTerminal
from tests.support.user_systemd import UserSystemd, user_systemd
from tests.support.waiting import wait_until
from tests.support.windows import Window

from .conftest import WAIT_S, OpenWindow, picture
from .test_phone import yes_button
from .user_actions import Mouse, command

pytestmark = [
    pytest.mark.e2e,
    needs_network,
    pytest.mark.skipif(in_network() is None, reason="this computer is in no network"),
]


@pytest.fixture
def systemd(area: Area, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserSystemd]:
    with user_systemd(tmp_path / "systemd", monkeypatch) as systemd:
        yield systemd


@pytest.fixture
def phones_network() -> Iterator[OtherMachine]:
    """The network of a phone, which reaches each address of this computer."""
    with usual_port(), other_machine() as machine:
        subprocess.run([*machine.argv, "ip", "route", "add", "default", "via", machine.address], check=True)
        yield machine


def press(app: Window, area: Area, what: str) -> None:
    """Click the blue button of the sheet."""
    place = wait_until(lambda: yes_button(app, area), WAIT_S, what)
    assert place is not None
    Mouse(app.shown()[0], 0).click(*place)


def labels(reader: ScreenReader) -> list[str]:
    """What a screen reader says of the window's texts."""
    return reader.program("outlive").showing("label")


def codes_of(reader: ScreenReader) -> list[str]:
    """The code that the window shows, which a screen reader spells."""
    return [each.replace(" ", "") for each in labels(reader) if re.fullmatch(r"(\w ){7}\w", each)]


def scanned(app: Window, area: Area, link: str) -> bool:
    """Whether a camera reads this link in the window's picture."""
    image = QImage(str(picture(app, area, "scan")))
    black = QColor("black").rgb()
    dark = [(x, y) for y in range(image.height()) for x in range(image.width()) if image.pixel(x, y) == black]
    if not dark:
        return False
    (left, right), (top, bottom) = ((min(each), max(each) + 1) for each in zip(*dark, strict=True))
    rows = [list(row) for row in segno.make(link, micro=False).matrix]
    side = (right - left) / len(rows)
    read = [
        [image.pixel(round(left + (x + 0.5) * side), round(top + (y + 0.5) * side)) == black for x in range(len(rows))]
        for y in range(len(rows))
    ]
    return round((bottom - top) / side) == len(rows) and read == [[bool(each) for each in row] for row in rows]


WARNING = 2
"""What the user presses in Chromium because nobody vouches for the certificate."""


def answers_its_question(phone: Browser, area: Area) -> None:
    """Go on from the list: open the question, read it, allow it."""
    phone.see("NEEDS YOU", "api")
    phone.click("api", "a")
    phone.see("npm test")
    phone.scroll_to_end()
    phone.click("Allow", "button")
    phone.see("Allowed here")
    wait("api", "idle")
    assert decisions(area) == ["accept"]


@pytest.fixture
def question(area: Area, sessions: Sessions) -> None:
    """A chat asks something."""
    new_chat(area, "api", "run: npm test")
    wait("api", "needs_input")


@pytest.mark.usefixtures("question", "systemd")
def test_from_the_window_a_phone_answers_after_three_actions(
    area: Area, phones_network: OtherMachine, reader: ScreenReader, open_window: OpenWindow
) -> None:
    with open_window() as app, browser(machine=phones_network) as phone:
        app.focus()
        command(app, "phone")
        actions = ["Phone…"]
        served = wait_until(places.served, WAIT_S, "the page to be on")
        assert served is not None
        assert served.certificate is not None
        codes = wait_until(lambda: codes_of(reader), WAIT_S, lambda: f"the code in {labels(reader)}")
        assert codes is not None
        says = {served.for_phone, served.certificate.end}
        wait_until(lambda: says <= set(labels(reader)), WAIT_S, lambda: f"{says} in {labels(reader)}")

        link = f"{served.for_phone}/#pair={codes[0]}"
        wait_until(lambda: scanned(app, area, link), WAIT_S, "the picture to be read")
        warning = phone.open_unknown(link)
        actions.append("scan")
        phone.see("Say yes at the desk", served.certificate.end)
        [asking] = devices.load().asking
        phone.see(*asking.words)
        wait_until(lambda: set(asking.words) <= set(labels(reader)), WAIT_S, "the same words at the desk")
        assert asking.address == phones_network.own_address

        press(app, area, "the button for yes")
        actions.append("yes")
        answers_its_question(phone, area)
    assert (len(actions), len(warning)) == (3, WARNING), (actions, warning)


def test_a_page_that_was_turned_on_for_a_phone_is_off_again_if_none_is_let_in(
    area: Area, systemd: UserSystemd, phones_network: OtherMachine, open_window: OpenWindow
) -> None:
    del phones_network
    with open_window() as app:
        app.focus()
        command(app, "phone")
        wait_until(lambda: devices.load().pairing, WAIT_S, "the code")
        assert systemd.unit.exists()
        picture(app, area, "on for this")
        app.press("Escape")
        wait_until(lambda: not systemd.unit.exists() and not places.is_served(), WAIT_S, "the page to go off")


@pytest.mark.usefixtures("question", "systemd")
def test_from_a_terminal_a_phone_answers_after_three_actions(area: Area, phones_network: OtherMachine) -> None:
    on = ["web", "on", "--lan"]
    with ScreenTerminal([*OUTLIVE, *on], size=GridSize(100, 60)) as terminal, browser(machine=phones_network) as phone:
        actions = [" ".join(on)]
        shown = terminal.see("The code only asks")
        link = re.search(r"https://\S+/#pair=\w{8}", shown)
        assert link is not None
        warning = phone.open_unknown(link[0])
        actions.append("scan")
        phone.see("Say yes at the desk")
        [asking] = devices.load().asking
        phone.see(*asking.words)
        assert all(word in terminal.see("let it in?") for word in asking.words)

        type_until(terminal, "y\n", "It may look, answer or everything (answer): ")
        type_until(terminal, "\n", "Paired: ")
        actions.append("yes")
        answers_its_question(phone, area)
    assert (len(actions), len(warning)) == (3, WARNING), (actions, warning)
