"""A user reads, starts, stops, ends and resumes chats on the phone by real clicks."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from session_host.client.chats.saved_prompts import prompts_directory
from session_host.paths import config_dir
from session_host.protocol.messages import Prompt
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.browser import Browser, pair
from tests.support.commands import new, outlive
from tests.support.conversing import install
from tests.support.conversing import new as new_agent
from tests.support.page_server import PageServer
from tests.support.structured_chats import (
    add_acp_agent,
    input_log,
    new_chat,
    start_chat,
    viewing,
    wait,
    wait_for_text,
)
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0


@pytest.fixture
def project(sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and agents on PATH that keep conversations as Claude Code and Codex do."""
    install(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_a_running_turn_takes_a_prompt_later_or_now_and_is_stopped(
    phone: Browser, server: PageServer, area: Area
) -> None:
    new_chat(area, "api", "deltas: 4\nhold: 2")
    wait("api", "working")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("Queue", "Send now")
    phone.type("Ask", "later")
    phone.click("Queue", "button")
    phone.see("Next: later", "Queued")
    phone.click("Stop the turn", "button")
    phone.see("Stopped")
    wait_until(lambda: "turn/interrupt" in input_log(area).read_text(), TIMEOUT_S, "the agent to be told")
    phone.see("Held: later")
    phone.see_no_more("Send now")


def test_after_sending_at_the_end_of_a_chat_the_answer_is_what_one_sees(
    phone: Browser, server: PageServer, area: Area
) -> None:
    subprocess.run(["git", "init", "-q", str(area.home)], check=True)
    for number in range(40):
        (area.home / f"file-{number:02d}.py").write_text("new\n")
    new_chat(area, "api", "answer: " + "first " * 400)
    wait("api", "idle")
    pair(phone, server)
    phone.click("api", "a")
    phone.see("first", "Changed files in ~")
    assert "file-00.py" not in phone.text, "they are behind their line"
    phone.scroll_to_end()
    phone.type("Ask", "answer: the second one")
    phone.click("Send", "button")
    phone.see("the second one")
    in_view = """
        const answer = [...document.querySelectorAll('.answer')].at(-1);
        const [box, main] = [answer, document.querySelector('main')].map((each) => each.getBoundingClientRect());
        return answer.innerText.includes('second') && box.top >= main.top && box.bottom <= main.bottom;
    """
    wait_until(lambda: phone.driver.execute_script(in_view), TIMEOUT_S, "the answer in view")


def test_an_idle_row_has_the_first_words_of_its_answer(
    project: Path, phone: Browser, server: PageServer, area: Area
) -> None:
    new_chat(area, "view", "answer: **All** tests pass.")
    terminal = new_agent("claude", project, name="terminal")
    outlive("send", terminal, "hello", "--enter")
    wait_for_text("terminal", "you said: hello")
    pair(phone, server)
    phone.see("All tests pass.", "you said: hello")
    outlive("send", "view", "answer: Now other ones.")
    phone.see("Now other ones.")
    phone.see_no_more("All tests pass.")


def test_a_row_that_changes_while_it_is_pressed_is_opened(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api", "answer: The first one.")
    pair(phone, server)
    phone.see("The first one.")
    with phone.pressing("api", "a"):
        outlive("rename", "api", "other")
        phone.see("other")
    phone.find("Ask", "textarea")


def test_lines_of_a_screen_are_wrapped(phone: Browser, server: PageServer) -> None:
    new("-n", "sh", "--", "sh", "-c", "printf '%075d end\\n' 1; exec cat")
    wait_for_text("sh", "end")
    pair(phone, server)
    phone.click("sh", "a")
    phone.see("columns of 80 shown")
    assert phone.too_wide() != [], "it scrolls sideways"
    phone.click("Wrap lines", "button")
    phone.see("80 columns", "Do not wrap")
    assert phone.too_wide() == []
    phone.driver.refresh()
    phone.see("Do not wrap", "end")


def test_a_chat_is_started_with_a_prompt(phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api")
    outlive("kill", "api")
    pair(phone, server)
    phone.click("New chat", "a")
    phone.choose("DIRECTORY", "~")
    phone.choose("AGENT", "Fake")
    phone.type("What to do first", "hello")
    phone.click("Start", "button")
    phone.see("echo: hello")
    [chat] = outlive("ls", "--json").json()
    assert (chat["agent"], chat["cwd"]) == ("fake", str(area.home))
    assert chat["id"] in str(phone.driver.current_url)


def test_a_chat_is_ended_and_resumed(project: Path, phone: Browser, server: PageServer) -> None:
    chat = new_agent("claude", project, name="docs")
    outlive("send", chat, "hello", "--enter")
    wait_for_text("docs", "you said: hello")
    pair(phone, server)
    phone.click("docs", "a")
    phone.see("hello")
    phone.click("More", "button")
    phone.click("End the chat", "button")
    phone.accept()
    phone.click("Resume", "button")
    phone.find("Ask", "textarea")
    [resumed] = outlive("ls", "--json").json()
    assert resumed["id"] in str(phone.driver.current_url)


def test_a_saved_prompt_is_put_into_the_field(phone: Browser, server: PageServer, area: Area) -> None:
    directory = prompts_directory(config_dir())
    directory.mkdir(parents=True)
    (directory / "review.md").write_text("Review it.\n")
    new_chat(area, "api")
    pair(phone, server)
    phone.click("api", "a")
    phone.type("Ask", "Please: ")
    phone.click("Saved prompts", "button")
    phone.click("review", "button")
    wait_until(lambda: phone.find("Ask").get_attribute("value") == "Please: Review it.", TIMEOUT_S, "the prompt")


@pytest.mark.parametrize("button", ["left", "middle"])
def test_a_link_shows_its_whole_address_before_it_is_opened(
    phone: Browser, server: PageServer, area: Area, button: str
) -> None:
    new_chat(area, "api")
    pair(phone, server)
    phone.click("api", "a")
    phone.type("Ask", "answer: see [the docs](https://example.com/a?b=1)")
    phone.click("Send", "button")
    link = phone.find("the docs", "a")
    at = phone.driver.execute_script("const r = arguments[0].getBoundingClientRect(); return [r.x + 5, r.y + 5]", link)
    for kind in ("mousePressed", "mouseReleased"):
        event = {"type": kind, "x": at[0], "y": at[1], "button": button, "clickCount": 1}
        phone.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    phone.see("Open this address?", "https://example.com/a?b=1")
    assert phone.find("Open", "a").get_attribute("href") == "https://example.com/a?b=1"
    phone.click("Cancel", "button")
    phone.see_no_more("Open this address?")
    assert len(phone.driver.window_handles) == 1


def test_the_foot_of_the_list_has_the_tightest_limit(small_phone: Browser, server: PageServer, area: Area) -> None:
    new_chat(area, "api")
    pair(small_phone, server)
    assert not small_phone.driver.find_elements("css selector", "footer")[-1].is_displayed(), "no account says a limit"
    for percent, color in ((62, "rgb(155, 164, 176)"), (81, "rgb(231, 177, 91)"), (92, "rgb(240, 119, 127)")):
        outlive("send", "api", f"limit: {percent}")
        small_phone.see(f"{percent} %", "Fake", "until")
        foot = small_phone.driver.find_element("css selector", "footer:has(.limit)")
        assert foot.size["height"] in range(44, 48)
        number = foot.find_element("css selector", ".limit > span")
        script = "return getComputedStyle(arguments[0]).color"
        assert small_phone.driver.execute_script(script, number) == color, percent
    assert small_phone.too_wide() == []


async def test_a_chat_that_asks_at_an_amount_says_that_its_prompt_waits(
    small_phone: Browser, server: PageServer, area: Area
) -> None:
    (config_dir() / "chats.toml").write_text("ask_at_chat = 5\n", encoding="utf-8")
    add_acp_agent()
    record = await start_chat(area.home, prompt="spend 6\nsay one", agent="fake-acp", name="api")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        chat.viewer.send(Prompt("say two"))
        await chat.watcher.until(lambda: any(each.is_asked_about for each in chat.items), "the question")
    await asyncio.to_thread(pair, small_phone, server)
    await asyncio.to_thread(small_phone.see, "NEEDS YOU", "6.00 USD of 5.00 in this chat")
    await asyncio.to_thread(small_phone.click, "api", "a")
    await asyncio.to_thread(small_phone.see, "the next prompt waits for your word in the window")
    await asyncio.to_thread(small_phone.click, "Open the chat", "button")
    await asyncio.to_thread(small_phone.see, "Held: say two")
    assert small_phone.too_wide() == []


def test_a_text_wakes_a_chat_that_is_asleep_and_the_page_goes_on_with_it(
    phone: Browser, server: PageServer, area: Area
) -> None:
    chat = new_chat(area, "api")
    assert outlive("send", "api", "answer: first", "--wait", "--timeout", "60").code == 0
    assert outlive("sleep", "api").code == 0
    pair(phone, server)
    phone.see("Asleep · gave back")
    phone.click("api", "a")
    phone.see("first", "Asleep")
    phone.see_no_more("Resume")

    phone.type("Ask", "answer: second")
    phone.click("Send", "button")

    phone.see("second")
    wait("api", "idle")
    [woken] = outlive("ls", "--json").json()
    assert (woken["resumed_from"], woken["id"] in str(phone.driver.current_url)) == (chat, True)
    phone.see_no_more("Asleep")
