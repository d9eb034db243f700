"""All controls of all pages: each has a name for screen readers, room for a finger, and no page is too wide."""

from __future__ import annotations

import subprocess
from typing import NamedTuple

import pytest

from session_host.web import devices
from tests.support.area import Area
from tests.support.browser import DESKTOP, PHONE, SMALL, Browser, Keys, browser, pair
from tests.support.commands import new
from tests.support.page_server import PageServer
from tests.support.structured_chats import new_chat, wait, wait_for_text

TARGET_PX = 44
"""The least height of what is pressed by a finger."""


class Setting(NamedTuple):
    """A device, and how its user reads."""

    size: tuple[int, int]
    is_dark: bool = False
    font_px: int = 16


SETTINGS = {
    "phone, dark": Setting(PHONE, is_dark=True),
    "small phone": Setting(SMALL),
    "desktop": Setting(DESKTOP),
    "large text": Setting(PHONE, font_px=24),
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_each_control_has_a_name_and_room_for_a_finger(server: PageServer, area: Area, setting: Setting) -> None:
    subprocess.run(["git", "init", "-q", str(area.home)], check=True)
    (area.home / "a.py").write_text(f"print('{'new' * 100}')\n")
    question = new_chat(area, "a chat with a question", "run: " + "make " * 100)
    view = new_chat(area, "view", "answer: see [the docs](https://example.com/" + "a" * 300 + ")")
    wait_for_text("view", "the docs")
    screen = new("-n", "sh", "--", "sh", "-c", "echo ready; exec cat")
    wait("a chat with a question", "needs_input")
    with browser(setting.size, is_dark=setting.is_dark, font_px=setting.font_px) as phone:
        is_coarse = phone.driver.execute_script("return matchMedia('(pointer: coarse)').matches")
        assert is_coarse == (setting.size != DESKTOP)
        phone.open(server.address)
        phone.see("Ask to be let in")
        check(phone)
        phone.open(f"{server.address}/#pair={devices.begin_pairing()}")
        phone.see("Say yes at the desk")
        check(phone)
        pair(phone, server)
        phone.see("a chat with a question", "view", "sh")
        check(phone)

        def visit(address: str, *texts: str, sheets: dict[str, str] | None = None) -> None:
            phone.open(f"{server.address}/#/{address}")
            phone.see(*texts)
            if "Changed files in ~" in texts:
                phone.click("Changed files in ~", "summary")
                phone.see("a.py")
            check(phone, is_screen=address.startswith("screen"))
            for control, text in (sheets or {}).items():
                phone.click(control)
                phone.see(text)
                check(phone)
                phone.press(Keys.ESCAPE)
                phone.see_no_more(text)

        visit(f"question/{question}", "Decline", sheets={"More": "More answers"})
        visit(
            f"chat/{view}",
            "the docs",
            "Changed files in ~",
            sheets={"More": "End the chat", "the docs": "Open this address?"},
        )
        visit(f"screen/{screen}", "ready", "columns")
        visit(f"diff/{view}/a.py", "new")
        visit("new", "AGENT", "Start")
        assert phone.complaints() == []


def check(phone: Browser, *, is_screen: bool = False) -> None:
    """Check what is shown now; a screen scrolls sideways."""
    controls = phone.controls()
    assert controls
    assert [each for each in controls if not each.name] == []
    assert [each for each in controls if each.height < TARGET_PX] == []
    assert [each for each in phone.too_wide() if not (is_screen and each.startswith("<main"))] == []
