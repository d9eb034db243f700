"""What is typed stays until it is sent, and no longer: on a slow line, over a reload, and when the device leaves."""

from __future__ import annotations

from tests.support.area import Area
from tests.support.browser import Browser, pair
from tests.support.commands import new
from tests.support.page_server import PageServer
from tests.support.structured_chats import new_chat, wait, wait_for_text
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0


def field(phone: Browser, name: str = "Ask") -> str:
    """What a field has."""
    return str(phone.find(name, "textarea").get_attribute("value"))


def kept(phone: Browser) -> dict[str, str]:
    """What the page keeps in the browser."""
    found: dict[str, str] = phone.driver.execute_script("return {...localStorage}")
    return found


def test_a_sent_prompt_does_not_come_back_on_a_slow_line(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("No turns yet")
    phone.hold("/send")
    phone.type("Ask", "answer: once")
    phone.click("Send", "button")
    phone.see("Sending…")
    assert field(phone) == ""
    phone.click("Chats", "a")
    phone.click("api", "a")
    assert field(phone) == ""
    phone.let_go()
    phone.see("once")
    phone.see_no_more("Sending…")
    wait_until(lambda: not phone.is_enabled("Send"), TIMEOUT_S, "nothing to send")
    assert kept(phone) == {}


def test_a_prompt_that_was_on_its_way_is_sent_once_when_the_page_is_loaded_again(
    phone: Browser, server: PageServer, area: Area
) -> None:
    new_chat(area, "api")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("No turns yet")
    phone.driver.execute_script(
        "const real = fetch; window.fetch = (path, ...more) =>"
        " real(path, ...more).then((got) => (path.includes('/send') ? new Promise(() => {}) : got))"
    )
    phone.type("Ask", "answer: twice?")
    phone.click("Send", "button")
    wait_for_text("api", "twice?")
    phone.driver.refresh()
    phone.see("twice?")
    wait_until(lambda: kept(phone) == {}, TIMEOUT_S, lambda: f"the sending to be over: {kept(phone)}")
    assert field(phone) == ""
    wait("api", "idle")
    phone.see("twice?")
    turns = "return document.querySelectorAll('details.turn').length"
    assert phone.driver.execute_script(turns) == 1


def test_a_text_that_was_not_taken_is_a_draft_again(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("No turns yet")
    refusal = "Promise.resolve(new Response(JSON.stringify({ words: 'no room' }), { status: 507 }))"
    is_send = "String(path).includes('api/send')"
    phone.driver.execute_script(
        f"const real = fetch; window.fetch = (path, ...more) => {is_send} ? {refusal} : real(path, ...more)"
    )
    phone.type("Ask", "keep me")
    phone.click("Send", "button")
    phone.see("No room")
    wait_until(lambda: field(phone) == "keep me", TIMEOUT_S, "the draft")


def test_a_line_for_a_terminal_is_no_draft_once_it_is_sent(phone: Browser, server: PageServer) -> None:
    new("-n", "sh", "--", "sh", "-c", "echo ready; exec cat")
    wait_for_text("sh", "ready")
    pair(phone, server)
    phone.click("sh", "a")
    phone.see("ready", "columns")
    wait_until(lambda: phone.is_enabled("Esc"), TIMEOUT_S, "the keys to be ready")
    phone.hold("/keys")
    phone.type("Type a line", "hello\n")
    assert field(phone, "Type a line") == ""
    assert kept(phone) == {}
    phone.let_go()
    phone.see("hello\nhello")
    assert kept(phone) == {}


def test_a_device_that_is_forgotten_keeps_no_draft(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api")
    pair(phone, server)
    phone.click("api", "a")
    phone.type("Ask", "a secret")
    wait_until(lambda: "a secret" in str(kept(phone)), TIMEOUT_S, "the draft to be kept")
    phone.click("Chats", "a")
    phone.click("Forget this device", "button")
    phone.accept()
    phone.see("Ask to be let in")
    assert kept(phone) == {}
    phone.complaints()
