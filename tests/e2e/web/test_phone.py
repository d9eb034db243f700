"""A user with a phone: pairs it, answers questions whole and once, reads, sends, presses keys; and is revoked."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from session_host.paths import pasted_files_dir
from session_host.web import devices
from tests.integration.web.test_answers import claude, decisions
from tests.support.area import Area
from tests.support.browser import Browser, pair
from tests.support.commands import new, outlive
from tests.support.page_server import PageServer
from tests.support.push_service import Subscriber
from tests.support.structured_chats import new_chat, wait, wait_for_text
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0
LONG = " && ".join(f"echo step {number} of a long command line" for number in range(60))


def test_the_eight_characters_are_typed(phone: Browser, server: PageServer) -> None:
    phone.open(server.address)
    phone.type("Code", "22222222")
    phone.click("Ask", "button")
    phone.see("not a code")
    phone.type("Code", devices.begin_pairing())
    phone.click("Ask", "button")
    phone.see("Say yes at the desk", " s left")
    phone.click("Cancel", "button")
    phone.see("Ask to be let in")
    assert devices.load().asking == ()
    phone.type("Code", devices.begin_pairing())
    phone.click("Ask", "button")
    phone.see("Say yes at the desk")
    [asking] = devices.load().asking
    phone.driver.refresh()
    wait_until(lambda: devices.load().asking != (asking,), TIMEOUT_S, "it to ask again, with a new key")
    [asking] = devices.load().asking
    phone.see(*asking.words)
    devices.refuse(asking.id)
    phone.see("The desk said no")
    phone.type("Code", devices.begin_pairing())
    phone.click("Ask", "button")
    phone.see("Say yes at the desk")
    devices.let_in(devices.load().asking[0].id, devices.Rights.LOOK, "phone")
    phone.see("Forget this device")
    allowed = [each for each in phone.complaints() if "403" not in each and "401" not in each]
    assert allowed == []


def test_a_question_is_allowed_once_its_end_was_in_view(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api", f"run: {LONG}")
    wait("api", "needs_input")
    pair(phone, server)
    phone.see("NEEDS YOU", "api")
    phone.click("api", "a")
    phone.see("Allow waits for the end")
    assert not phone.is_enabled("Allow")
    phone.find("Allow", "button").click()
    assert phone.too_wide() == []
    assert decisions(area) == []
    phone.scroll_to_end()
    wait_until(lambda: phone.is_enabled("Allow"), TIMEOUT_S, "Allow to be ready")
    phone.click("Allow", "button")
    phone.see("Allowed here", "Open the chat")
    assert "step 59" in phone.text, "the question stays"
    assert "undefined" not in phone.text
    wait("api", "idle")
    assert decisions(area) == ["accept"]
    phone.click("Open the chat")
    phone.find("Ask", "textarea")


def test_what_was_answered_at_the_desk_says_so(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api", "run: npm test")
    wait("api", "needs_input")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("npm test", "Decline")
    assert outlive("deny", "api").code == 0
    phone.see("by a command")
    wait("api", "idle")
    assert decisions(area) == ["decline"]


def test_a_refusal_has_words(phone: Browser, server: PageServer, area: Area) -> None:
    claude(area, "run: rm -r build")
    wait("docs", "needs_input")
    pair(phone, server)
    phone.click("docs", "a")
    phone.see("rm -r build")
    phone.click("More", "button")
    phone.type("Say what to do instead", "use make clean")
    phone.click("Decline and say why", "button")
    phone.see("Declined here")
    wait_until(lambda: "use make clean" in (area.home / "claude.log").read_text(), TIMEOUT_S, "the words")


def test_a_prompt_is_sent_and_its_answer_read(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api")
    wait("api", "idle")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("No turns yet")
    phone.type("Ask", "answer: **All** 142 tests pass <script>alert(1)</script>")
    phone.click("Send", "button")
    phone.see("All 142 tests pass <script>alert(1)</script>")
    assert phone.find("All", "strong").text == "All"
    assert phone.too_wide() == []


def picture(path: Path, width: int) -> Path:
    """Save a picture of a width."""
    image = QImage(width, 100, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    assert image.save(str(path))
    return path


def attached(phone: Browser, file: Path, name: str) -> None:
    """Attach a file, and wait until its name is in the field."""
    phone.attach(file)
    field = phone.find("Ask", "textarea")
    wait_until(lambda: f"[{name}]" in str(field.get_attribute("value")), TIMEOUT_S, lambda: f"{name}: {phone.text}")


def test_a_photo_goes_into_the_chats_own_directory_as_small_as_at_the_desk(
    phone: Browser, server: PageServer, area: Area, tmp_path: Path
) -> None:
    chat = new_chat(area, "api")
    wait("api", "idle")
    pair(phone, server)
    phone.click("api", "a")
    phone.type("Ask", "answer: see")
    attached(phone, picture(tmp_path / "IMG_20260503_142233_HDR.jpg", 3000), "photo.jpg")
    attached(phone, picture(tmp_path / "screen.png", 400), "photo.png")
    attached(phone, picture(tmp_path / "IMG_20260503_142234_HDR.jpg", 2001), "photo-2.jpg")
    phone.click("Send", "button")
    phone.see("photo-2.jpg")
    directory = pasted_files_dir(chat)
    shown = phone.find("answer: see", "summary").text
    assert all(str(each) in shown for each in directory.glob("*/*")), "the agent gets the paths"
    sizes = {each.name: QImage(str(each)).width() for each in directory.glob("*/*")}
    assert sizes == {"photo.jpg": 2000, "photo.png": 400, "photo-2.jpg": 2000}
    (tmp_path / "IMG_1.HEIC").write_bytes(b"a picture of an iPhone")
    phone.attach(tmp_path / "IMG_1.HEIC")
    phone.see("This browser cannot read HEIC")
    assert len(list(directory.glob("*/*"))) == 3


def test_a_shell_takes_a_line_and_keys(phone: Browser, server: PageServer) -> None:
    new("-n", "sh", "--", "sh", "-c", "echo ready; exec cat")
    wait_for_text("sh", "ready")
    pair(phone, server)
    phone.click("sh", "a")
    phone.see("ready", "columns")
    phone.type("Type a line", "hello from the phone\n")
    phone.see("hello from the phone\nhello from the phone")  # Its echo and cat's output: now the screen stays.
    phone.click("Ctrl+C", "button")
    wait_until(lambda: "sh" not in outlive("ls").output, TIMEOUT_S, "the program's end")


def test_a_files_diff_is_read(phone: Browser, server: PageServer, area: Area) -> None:
    subprocess.run(["git", "init", "-q", str(area.home)], check=True)
    (area.home / "a.py").write_text("print('new line')\n")
    new_chat(area, "api")
    wait("api", "idle")
    pair(phone, server)
    phone.click("api", "a")
    phone.click("Changed files in ~", "summary")
    phone.click("a.py", "a")
    phone.see("print('new line')")


def test_without_a_connection_the_page_says_so_and_keeps_the_draft(
    phone: Browser, server: PageServer, area: Area
) -> None:
    new_chat(area, "api")
    wait("api", "idle")
    pair(phone, server)
    phone.click("api", "a")
    phone.type("Ask", "a draft that stays")
    phone.set_offline(is_offline=True)
    server.end()
    phone.see("Not connected since")
    server.start()
    phone.set_offline(is_offline=False)
    phone.see_no_more("Not connected since")
    phone.driver.refresh()
    phone.see("api")
    assert phone.find("Ask").get_attribute("value") == "a draft that stays"
    phone.complaints()


def test_a_small_phone_at_night_has_room_for_all_of_it(small_phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api", f"run: {LONG}")
    wait("api", "needs_input")
    pair(small_phone, server)
    assert small_phone.too_wide() == []
    small_phone.click("api", "a")
    small_phone.see("Allow waits for the end")
    assert small_phone.too_wide() == []
    small_phone.scroll_to_end()
    wait_until(lambda: small_phone.is_enabled("Allow"), TIMEOUT_S, "Allow to be ready")
    small_phone.click("Allow", "button")
    small_phone.see("Allowed here")
    wait("api", "idle")
    assert decisions(area) == ["accept"]


@pytest.mark.parametrize("rights", ["look", "answer"])
def test_a_device_is_offered_only_what_it_may(phone: Browser, server: PageServer, area: Area, rights: str) -> None:
    new_chat(area, "api", "run: npm test")
    wait("api", "needs_input")
    pair(phone, server, rights)
    phone.click("api", "a")
    phone.see("npm test", "The end", "Decline" if rights == "answer" else "may only look")
    assert ("Decline" in phone.text) == (rights == "answer")


def test_a_revoked_device_sees_nothing_more(phone: Browser, server: PageServer) -> None:
    pair(phone, server)
    [device] = json.loads(outlive("web", "devices", "--json").output)
    assert outlive("web", "devices", "--revoke", device["name"]).code == 0
    phone.see("Ask to be let in")
    assert "Not connected" not in phone.text
    allowed = [each for each in phone.complaints() if "401" not in each]
    assert allowed == []


BACKGROUND_S = float(os.environ.get("OUTLIVE_BACKGROUND_S", "0"))
"""How long the phone has the page in the background."""


@pytest.mark.timeout(300 + BACKGROUND_S)
def test_after_a_time_in_the_background_the_page_is_as_the_desk(phone: Browser, server: PageServer, area: Area) -> None:
    for name in ("over", "open"):
        new_chat(area, name, "run: npm test")
        wait(name, "needs_input")
    new_chat(area, "later")
    pair(phone, server)
    phone.see("over", "open", "later")
    phone.set_background(is_hidden=True)
    assert outlive("approve", "over").code == 0
    wait("over", "idle")
    outlive("send", "later", "run: make")
    wait("later", "needs_input")
    threading.Event().wait(BACKGROUND_S)
    phone.set_background(is_hidden=False)
    phone.see("NEEDS YOU\n2", "Run make", "open")
    phone.see_no_more("Not connected")
    lost = [each for each in phone.complaints() if "ERR_INTERNET_DISCONNECTED" not in each]
    assert lost == []


_SUBSCRIBES = """
PushManager.prototype.subscribe = async (options) => {
    window.subscribed = options;
    return { endpoint: 'https://93.184.215.14/phone', expirationTime: null, keys: { p256dh: arguments[0], auth: arguments[1] } };
};
"""  # noqa: E501 - JavaScript
_NOTIFICATIONS = """
const done = arguments[0];
navigator.serviceWorker.ready
    .then((registration) => registration.getNotifications())
    .then((all) => done(all.map(({ title, body, tag, data }) => [title, body, tag, data.address])));
"""


def test_a_question_is_pushed_to_the_phone(phone: Browser, server: PageServer, area: Area) -> None:
    """Chromium has no push service here, so the subscription is made up, and the message comes from its debugger."""
    chat = new_chat(area, "api", "run: npm test")
    pair(phone, server)
    driver = phone.driver
    driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["notifications"], "origin": server.address})
    subscriber = Subscriber("https://93.184.215.14/phone").target
    driver.execute_script(_SUBSCRIBES, subscriber.p256dh, subscriber.auth)

    phone.click("Notify me", "button")
    phone.see("Notifications are on", "No notifications")

    assert devices.load().devices[0].push == subscriber
    assert len(driver.execute_script("return window.subscribed.applicationServerKey")) == 87
    message = {"title": "api needs you", "body": "", "tag": "a", "chat": chat, "request": "r 1", "over": False}

    def deliver(**changed: object) -> list[list[str]]:
        origin, data = server.address, json.dumps(message | changed)
        parameters = {"origin": origin, "registrationId": "0", "data": data}
        driver.execute_cdp_cmd("ServiceWorker.deliverPushMessage", parameters)
        found: list[list[str]] = driver.execute_async_script(_NOTIFICATIONS)
        return found

    driver.execute_cdp_cmd("ServiceWorker.enable", {})
    shown = [["api needs you", "", "a", f"/#/question/{chat}/r%201"]]
    wait_until(lambda: deliver() == shown, TIMEOUT_S, "the notification", every_s=0.5)
    over = [["api: answered", "", "a", f"/#/question/{chat}/r%201"]]
    wait_until(lambda: deliver(title="api: answered", over=True) == over, TIMEOUT_S, "what became of it", every_s=0.5)
    tags = lambda: [tag for _title, _body, tag, _address in deliver(title="web needs you", tag="b")]  # noqa: E731
    wait_until(lambda: tags() == ["b"], TIMEOUT_S, "the next one in its place", every_s=0.5)
    phone.click("No notifications", "button")
    phone.see("Notifications are off", "Notify me")
    assert devices.load().devices[0].push is None
    opened = f"new MessageEvent('message', {{ data: '/#/question/{chat}' }})"
    driver.execute_script(f"navigator.serviceWorker.dispatchEvent({opened})")
    phone.see("npm test", "Decline")
