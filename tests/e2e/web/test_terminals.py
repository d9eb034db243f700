"""A terminal's screen on the phone: in the colours of its desk, whatever the phone's own scheme is."""

from __future__ import annotations

import pytest

from session_host.client.chats.settings import remember_colors
from session_host.terminal.base import DefaultColors
from session_host.terminal.contrast import TEXT_RATIO, ratio
from tests.integration.web.test_page import ASKS
from tests.support.area import Area
from tests.support.browser import Browser, browser, pair
from tests.support.commands import new, outlive
from tests.support.page_server import PageServer
from tests.support.structured_chats import wait, wait_for_text
from tests.support.waiting import wait_until

DARK = DefaultColors()
LIGHT = DefaultColors(
    0x1A1E24,
    0xFFFFFF,
    0x1A1E24,
    dark=False,
    palette=(
        *(0x1A1E24, 0xC0343F, 0x1F7A4D, 0x9A6200, 0x1A49C4, 0x8B3FB8, 0x0E7284, 0x5C6570),
        *(0x6A7380, 0xA0242F, 0x126038, 0x7A4D00, 0x123A9E, 0x702F96, 0x0A5A68, 0x30363E),
    ),
)
_DIALOG = (
    r"printf '\033[1mWould you like to run the following command?\033[0m\n\n  Reason: the disk is full\n"
    r"  \033[34m$\033[0m rm -rf build\n\n\033[36m> 1. Yes, proceed\033[0m \033[2m(y)\033[0m\n"
    r"  2. No, \033[94mtell Codex\033[0m \033[90m(esc)\033[0m \033[7m inverse \033[0m\n\n"
    r"  \033[2mPress enter\033[0m ready\n'; exec cat"
)
"""What Codex draws, in its colours."""

COLORS = """
    const rgb = (text) => text.match(/\\d+/g).slice(0, 3).map(Number);
    const ground = (node) => { while (getComputedStyle(node).backgroundColor === 'rgba(0, 0, 0, 0)') node = node.parentElement; return node; };
    return [...document.querySelectorAll('main pre span, main pre div')].flatMap((each) => [...each.childNodes]
        .filter((child) => child.nodeType === 3 && child.data.trim())
        .map((child) => [child.data, rgb(getComputedStyle(each).color), rgb(getComputedStyle(ground(each)).backgroundColor)]));
"""  # noqa: E501 - JavaScript


def drawn(phone: Browser) -> list[tuple[str, int, int]]:
    """The texts of the screen, with their colours and grounds as the browser has them."""
    found = phone.driver.execute_script(COLORS)
    return [(text, *(red << 16 | green << 8 | blue for red, green, blue in colors)) for text, *colors in found]


@pytest.mark.parametrize("is_dark", [False, True], ids=["light phone", "dark phone"])
@pytest.mark.parametrize("desk", [DARK, LIGHT], ids=["dark desk", "light desk"])
def test_a_dialog_is_drawn_on_the_ground_of_its_desk(
    server: PageServer, area: Area, desk: DefaultColors, is_dark: bool
) -> None:
    remember_colors(desk)
    chat = new("-n", "sh", "--", "sh", "-c", _DIALOG)
    wait_for_text("sh", "ready")
    with browser(is_dark=is_dark) as phone:
        pair(phone, server)
        phone.open(f"{server.address}/#/screen/{chat}")
        phone.see("Would you like", "ready")
        texts = drawn(phone)
        phone.picture(area.root / "screen.png")
    assert {ground for text, _color, ground in texts if "inverse" not in text} == {desk.background}
    [inverse] = [(color, ground) for text, color, ground in texts if "inverse" in text]
    assert inverse == (desk.background, desk.foreground)
    assert [
        each for each in texts if ratio(*each[1:]) < (3.0 if "Press" in each[0] or "(y)" in each[0] else TEXT_RATIO)
    ] == []


def test_a_program_that_sets_its_own_ground_is_drawn_on_that(phone: Browser, server: PageServer) -> None:
    chat = new("-n", "sh", "--", "sh", "-c", r"printf '\033]11;#102030\007ready'; exec cat")
    wait_for_text("sh", "ready")
    pair(phone, server)
    phone.open(f"{server.address}/#/screen/{chat}")
    phone.see("ready")
    assert {ground for _text, _color, ground in drawn(phone)} == {0x102030}


_COMPOSED = """
    const field = [...document.querySelectorAll('textarea')].at(-1);
    field.put(arguments[0]);
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: arguments[1], bubbles: true }));
"""


def test_the_enter_that_ends_a_composition_sends_no_half_word(phone: Browser, server: PageServer) -> None:
    """Safari ends the composition first, and tells only by the code 229."""
    chat = new("-n", "sh", "--", "sh", "-c", "echo ready; exec cat")
    wait_for_text("sh", "ready")
    pair(phone, server)
    phone.open(f"{server.address}/#/screen/{chat}")
    phone.see("ready", "columns")
    wait_until(lambda: phone.is_enabled("Esc"), 60.0, "the keys to be ready")
    phone.driver.execute_script(_COMPOSED, "ni", 229)
    phone.driver.execute_script(_COMPOSED, "nihao", 13)
    phone.see("nihao\nnihao")
    assert "ni\n" not in phone.text


def test_an_ended_command_shows_its_last_screen_and_takes_no_keys(phone: Browser, server: PageServer) -> None:
    chat = new("-n", "build", "--", "sh", "-c", "echo three tests failed; exit 3")
    assert outlive("wait", "build", "--exited").code == 0
    pair(phone, server)
    phone.open(f"{server.address}/#/screen/{chat}")
    phone.see("three tests failed", "Ended with exit code 3", "columns")
    assert not phone.is_enabled("Esc")


@pytest.mark.parametrize("rights", ["answer", "look"])
def test_a_dialog_is_answered_by_a_device_that_may_answer(phone: Browser, server: PageServer, rights: str) -> None:
    new("-n", "asks", "--", "sh", "-c", ASKS)
    wait("asks", "needs_input")
    pair(phone, server, rights)
    phone.see("NEEDS YOU", "asks")
    assert ("may only look: answer on" in phone.text) == (rights == "look")
    phone.click("asks", "a")
    phone.see("Asked in its terminal only", "Answer it on its screen" if rights == "answer" else "may only look")
    phone.click("Open the screen", "button")
    phone.see("> 1. Yes", "columns")
    if rights == "look":
        phone.see("may only look")
        assert not phone.driver.execute_script("return document.querySelectorAll('.key').length")
        return
    names = phone.driver.execute_script("return [...document.querySelectorAll('.key')].map((each) => each.innerText)")
    assert names == ["Esc", "←", "↑", "↓", "→", "1", "2", "3", "y", "n", "Enter"]
    phone.click("1", "button")
    phone.see("> 1. Yes\n1")
    assert phone.too_wide() == []
