"""A user answers all kinds of questions on the phone by real clicks, and reads what became of them."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.web.test_answers import claude, decisions
from tests.support.area import Area
from tests.support.browser import Browser, pair
from tests.support.commands import outlive
from tests.support.page_server import PageServer
from tests.support.structured_chats import input_log, new_chat, wait
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0


def form_answers(area: Area) -> list[dict[str, Any]]:
    """The contents of the forms that the agent received."""
    replies = (json.loads(line).get("response", {}) for line in (area.home / "claude.log").read_text().splitlines())
    return [each["response"]["content"] for each in replies if "content" in each.get("response", {})]


def test_a_form_is_filled_in_and_answered_once_it_is_complete(phone: Browser, server: PageServer, area: Area) -> None:
    claude(area, "form: Which release?")
    wait("docs", "needs_input")
    pair(phone, server)
    phone.click("docs", "a")
    phone.see("Which release?", "Branch", "major", "minor")
    phone.scroll_to_end()
    phone.type("Branch", "main / “next”")
    phone.click("major", "label")
    phone.click("minor", "label")
    phone.driver.refresh()
    phone.see("Which release?", "minor")
    chosen = "return [...document.querySelectorAll('input:checked, textarea')].map((each) => each.value)"
    assert phone.driver.execute_script(chosen) == ["main / “next”", "minor"], "they survive a reload"
    phone.scroll_to_end()
    phone.click("Yes", "label")
    phone.click("Answer", "button")
    phone.see("Answered here")
    wait_until(lambda: form_answers(area), TIMEOUT_S, "the answer")
    assert form_answers(area) == [{"branch": "main / “next”", "kind": "minor", "sign": True}]
    assert phone.too_wide() == []


SCHEMA = {
    "required": ["count", "mail", "color"],
    "properties": {
        "count": {"type": "integer", "title": "How many", "minimum": 1, "maximum": 10},
        "mail": {"type": "string", "title": "Mail", "format": "email"},
        "color": {"type": "string", "title": "Colour", "enum": ["#f00", "#00f"], "enumNames": ["Red", "Blue"]},
        "word": {"type": "string", "title": "Word", "minLength": 3},
        "size": {"type": "string", "title": "Size", "enum": ["small", "large"]},
    },
}


def test_a_wrong_value_is_refused_at_its_field(phone: Browser, server: PageServer, area: Area) -> None:
    claude(area, f"form: A few things\nschema: {json.dumps(SCHEMA)}")
    wait("docs", "needs_input")
    pair(phone, server)
    phone.click("docs", "a")
    phone.see("a whole number, 1 to 10", "an e-mail address", "Red", "3 characters or more, may stay empty")
    phone.scroll_to_end()
    keyboards = "return [...document.querySelectorAll('fieldset .field')].map((each) => each.inputMode || each.type)"
    assert phone.driver.execute_script(keyboards) == ["numeric", "email", "textarea"]
    color = "return getComputedStyle(document.querySelector('fieldset p')).color"
    usual = phone.driver.execute_script(color)
    phone.type("How many", "11")
    phone.type("Mail", "ada@example.org")
    phone.click("Blue", "label")
    wait_until(lambda: phone.driver.execute_script(color) != usual, TIMEOUT_S, "the refusal")
    assert not phone.is_enabled("Answer")
    phone.type("How many", "\ue003")  # Backspace
    wait_until(lambda: phone.is_enabled("Answer"), TIMEOUT_S, "Answer to be ready, though two fields are empty")
    phone.type("Word", "no")
    assert not phone.is_enabled("Answer")
    phone.type("Word", "pe")
    phone.click("small", "label")
    phone.click("No answer", "label")
    phone.click("Answer", "button")
    phone.see("Answered here")
    wait_until(lambda: form_answers(area), TIMEOUT_S, "the answer")
    assert form_answers(area) == [{"count": 1, "mail": "ada@example.org", "color": "#00f", "word": "nope"}]


def test_a_form_is_declined(phone: Browser, server: PageServer, area: Area) -> None:
    claude(area, "form: Which release?")
    wait("docs", "needs_input")
    pair(phone, server)
    phone.click("docs", "a")
    phone.see("Which release?")
    phone.click("Decline", "button")
    phone.see("Declined here")
    wait_until(lambda: '"decline"' in (area.home / "claude.log").read_text(), TIMEOUT_S, "the answer")


def test_the_hint_names_the_button_that_waits(phone: Browser, server: PageServer, area: Area) -> None:
    many = {"properties": {f"field {number}": {"type": "string"} for number in range(20)}}
    claude(area, f"form: Many things\nschema: {json.dumps(many)}")
    wait("docs", "needs_input")
    pair(phone, server)
    phone.click("docs", "a")
    phone.see("Answer waits for the end")
    assert "Allow waits" not in phone.text


def test_more_answers_wait_for_the_end_and_one_of_them_is_always(
    phone: Browser, server: PageServer, area: Area
) -> None:
    new_chat(area, "api", "run: " + " && ".join(f"make part-{number}" for number in range(200)))
    wait("api", "needs_input")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("Allow waits for the end")
    phone.click("More", "button")
    phone.see("More answers", "Waits for the end of the question")
    always = phone.find("Always allow", "button")
    assert not always.is_enabled()
    phone.press("\ue00c")  # Escape
    phone.see_no_more("More answers")
    phone.scroll_to_end()
    wait_until(lambda: phone.is_enabled("Allow"), TIMEOUT_S, "Allow to be ready")
    phone.click("More", "button")
    phone.click("Always allow", "button")
    phone.see("Always allowed here")
    wait("api", "idle")
    assert "acceptWithExecpolicyAmendment" in input_log(area).read_text()


def test_the_next_question_is_one_tap_away(phone: Browser, server: PageServer, area: Area) -> None:
    for name in ("first", "second"):
        new_chat(area, name, f"run: make {name}")
        wait(name, "needs_input")
    pair(phone, server)
    phone.click("first", "a")
    phone.click("Decline", "button")
    phone.see("Declined here", "Next question")
    phone.click("Next question", "button")
    phone.see("make second")
    phone.click("Decline", "button")
    phone.see("Declined here", "Open the chat")
    phone.see_no_more("Next question")
    wait("second", "idle")
    assert decisions(area) == ["decline", "decline"]


def test_the_second_tap_of_a_double_tap_opens_nothing(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api", "run: npm test")
    wait("api", "needs_input")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("npm test", "The end")
    wait_until(lambda: phone.is_enabled("Decline"), TIMEOUT_S, "Decline to be ready")
    phone.double_tap("Decline", "button")
    phone.see("Declined here", "Open the chat")
    wait("api", "idle")
    assert decisions(area) == ["decline"]
    assert "/question/" in str(phone.driver.current_url)


def test_a_question_that_the_agent_cancels_is_withdrawn(phone: Browser, server: PageServer, area: Area) -> None:
    chat = claude(area, "run: make")
    wait("docs", "needs_input")
    pair(phone, server)
    phone.click("docs", "a")
    phone.see("make", "Decline")
    with server.pair(name="tablet") as tablet:
        assert tablet.do("interrupt", chat=chat)["words"] == "The turn stops"
    phone.see("The agent has withdrawn its question")
    assert "Decline" not in phone.text
    phone.click("Open the chat", "button")
    phone.see("Stopped")


EVIL = "<b>bold</b><img src=x onerror=alert(1)>"


def test_what_an_agent_writes_is_shown_as_text(phone: Browser, server: PageServer, area: Area) -> None:
    claude(area, f"form: {EVIL}\u200b\u202egpj.exe\u3164?")
    wait("docs", "needs_input")
    name = "<i>one</i> \u200f\u05d0\u05d1"
    assert outlive("rename", "docs", name).code == 0
    pair(phone, server)
    phone.see(name)
    phone.click(name, "a")
    phone.see(EVIL, "U+200B", "gpj.exe", "U+3164", name)
    assert "\u202e" not in phone.text
    inserted = "return document.querySelectorAll('main b, main img, h1 i').length"
    assert phone.driver.execute_script(inserted) == 0
    assert phone.too_wide() == []


def test_a_long_line_without_a_blank_is_wrapped(phone: Browser, server: PageServer, area: Area) -> None:
    long = "x" * 3000
    new_chat(area, "api", f"run: {long}")
    wait("api", "needs_input")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("Allow waits for the end", long)
    assert phone.too_wide() == []
    phone.scroll_to_end()
    wait_until(lambda: phone.is_enabled("Allow"), TIMEOUT_S, "Allow to be ready")
    phone.click("Allow", "button")
    phone.click("Open the chat", "button")
    phone.see("the decision was accept")
    typed = "y" * 300  # Each letter is a key.
    phone.type("Ask", f"answer: `{typed}` {typed}")
    phone.click("Send", "button")
    wait_until(lambda: phone.text.count(typed) >= 4, TIMEOUT_S, "prompt and answer")
    assert phone.too_wide() == []
