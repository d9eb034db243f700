"""Without its machine or its server, the page says so and since when, offers nothing, and comes back by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.integration.web.test_answers import decisions
from tests.support.area import Area
from tests.support.browser import Browser, pair
from tests.support.commands import new, outlive
from tests.support.near_bridges import NearBridges
from tests.support.page_server import PageServer
from tests.support.structured_chats import new_chat, wait, wait_for_text
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0
SAID_WITHIN_S = 30.0
"""The page says it after nine seconds, by its own clock; nothing else would say it in this time."""


@pytest.fixture
def near(sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NearBridges:
    """A machine with this test's own chats, so that each is there twice."""
    bridges = NearBridges(tmp_path / "near", monkeypatch)
    assert outlive("machines", "add", "near").code == 0
    return bridges


def lose(near: NearBridges) -> None:
    """Let the machine be unreachable."""
    near.set_reachable(False)
    near.cut()


def open_question_there(phone: Browser, server: PageServer, area: Area) -> None:
    """Open the question of a chat of that machine."""
    chat = new_chat(area, "api", "run: npm test")
    wait("api", "needs_input")
    pair(phone, server)
    phone.open(f"{server.address}/#/question/near%2F{chat}")


def is_gray(phone: Browser) -> bool:
    """Whether the content has no colours, since it is not current."""
    return bool(phone.driver.execute_script("return getComputedStyle(document.querySelector('main')).filter != 'none'"))


def lost_requests(phone: Browser) -> None:
    """Read the console's lines about requests that failed, and no others; a 401 brings the challenge of a new run."""
    assert [each for each in phone.complaints() if not any(code in each for code in ("401", "502", "net::ERR"))] == []


def test_a_question_of_a_lost_machine_is_not_answered_until_that_is_back(
    near: NearBridges, phone: Browser, server: PageServer, area: Area
) -> None:
    open_question_there(phone, server, area)
    phone.see("npm test", "on near")
    wait_until(lambda: phone.is_enabled("Decline"), TIMEOUT_S, "Decline to be ready")
    lose(near)
    phone.see("Unreachable: near", "as it was at", "npm test")
    assert (phone.is_enabled("Decline"), phone.is_enabled("Allow"), is_gray(phone)) == (False, False, True)
    near.set_reachable(True)
    phone.see_no_more("as it was at")
    wait_until(lambda: not is_gray(phone), TIMEOUT_S, "what is shown to be current")
    phone.click("Decline", "button")
    phone.see("Declined here")
    wait("api", "idle")
    assert decisions(area) == ["decline"]
    lost_requests(phone)


def test_an_answer_that_was_not_delivered_says_so_and_is_tried_again(
    near: NearBridges, phone: Browser, server: PageServer, area: Area
) -> None:
    open_question_there(phone, server, area)
    wait_until(lambda: phone.is_enabled("Decline"), TIMEOUT_S, "Decline to be ready")
    phone.hold("/answer")
    phone.click("Decline", "button")
    phone.see("Sending…")
    lose(near)
    phone.let_go()
    phone.see("Not delivered: near is unreachable", "Try again when near is reached", "as it was at")
    near.set_reachable(True)
    phone.see_no_more("as it was at")
    phone.click("Try again", "button")
    phone.see("Declined here")
    wait("api", "idle")
    assert decisions(area) == ["decline"]
    lost_requests(phone)


def test_a_screen_of_a_lost_machine_takes_no_keys_and_comes_back(
    near: NearBridges, phone: Browser, server: PageServer
) -> None:
    chat = new("-n", "sh", "--", "sh", "-c", "echo ready; exec cat")
    wait_for_text("sh", "ready")
    pair(phone, server)
    phone.open(f"{server.address}/#/screen/near%2F{chat}")
    phone.see("ready", "columns")
    wait_until(lambda: phone.is_enabled("Esc"), TIMEOUT_S, "the keys to be ready")
    lose(near)
    phone.see("Unreachable: near", "as it was at", "ready")
    assert (phone.is_enabled("Esc"), is_gray(phone)) == (False, True)
    near.set_reachable(True)
    phone.see_no_more("as it was at")
    phone.type("Type a line", "hello\n")
    phone.see("hello\nhello")
    lost_requests(phone)


@pytest.mark.parametrize("kind", ["list", "screen"])
def test_a_server_that_is_silent_is_lost(phone: Browser, server: PageServer, kind: str) -> None:
    chat = new("-n", "sh", "--", "sh", "-c", "echo ready; exec cat")
    wait_for_text("sh", "ready")
    pair(phone, server)
    if kind == "screen":
        phone.open(f"{server.address}/#/screen/{chat}")
        phone.see("ready", "columns")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        phone.see("Not connected since")
        assert time.monotonic() - stopped < SAID_WITHIN_S
        assert is_gray(phone)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    phone.see_no_more("Not connected since")
    phone.see_no_more("as it was at")
    wait_until(lambda: not is_gray(phone), TIMEOUT_S, "what is current")
    if kind == "screen":
        wait_until(lambda: phone.is_enabled("Esc"), TIMEOUT_S, "the keys to be ready")
        phone.type("Type a line", "hello\n")
        phone.see("hello\nhello")
    lost_requests(phone)


def test_a_page_that_nobody_sees_ends_its_stream(phone: Browser, server: PageServer) -> None:
    """Its connection would hold a phone's radio, and its beats would be for nobody."""
    pair(phone, server)
    streams = f"ss -Htn state established sport = :{server.address.rpartition(':')[2]} | wc -l"

    def connections() -> int:
        return int(subprocess.run(["sh", "-c", streams], capture_output=True, text=True, check=True).stdout)

    wait_until(lambda: phone.is_enabled("Forget this device"), TIMEOUT_S, "the stream")
    open_now = connections()
    phone.driver.switch_to.new_window("tab")
    wait_until(lambda: connections() < open_now, TIMEOUT_S, "the end of the stream")
    new("-n", "sh", "--", "cat")
    phone.driver.close()
    phone.driver.switch_to.window(phone.driver.window_handles[0])
    phone.see("sh")
    assert "Not connected" not in phone.text


def test_ages_are_by_the_clock_of_the_server(phone: Browser, server: PageServer) -> None:
    new("-n", "sh", "--", "cat")
    pair(phone, server)
    phone.see("sh")
    fast = "const real = Date.now; Date.now = () => real() + 7_200_000;"
    phone.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": fast})
    phone.driver.refresh()
    phone.see("sh")
    wait_until(lambda: " s" in phone.text or " min" in phone.text, TIMEOUT_S, lambda: f"a small age in {phone.text!r}")
    phone.see_no_more("2 h")


def test_an_upgrade_loads_the_new_page_once_no_draft_is_being_written(
    phone: Browser, server: PageServer, area: Area
) -> None:
    new_chat(area, "api")
    pair(phone, server)
    phone.click("api", "a")
    phone.type("Ask", "a draft")
    phone.driver.execute_script("window.isOld = true")
    server.end()
    phone.see("Not connected since")
    port = server.address.rpartition(":")[2]
    with PageServer(area, "--port", port, address=server.address, changed={"app.VERSION": "99.0"}):
        phone.see_no_more("Not connected since")
        assert phone.driver.execute_script("return window.isOld"), "the draft is still being written"
        phone.type("Ask", "\ue003" * len("a draft"))
        wait_until(lambda: phone.says("return !window.isOld"), TIMEOUT_S, "the new page")
        phone.find("Ask", "textarea")
    lost_requests(phone)
