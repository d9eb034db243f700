"""Amounts of money at which a chat view asks before the next turn: in the queue, by commands, for agents."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.client.sessions.store_access import open_store
from session_host.client.usage import amount_reached, read_usage
from session_host.paths import config_dir
from session_host.protocol.events import Asked, StatusChanged
from session_host.protocol.messages import PassAmount, Prompt, ReleaseHeld, WithdrawPrompt
from session_host.protocol.values import Activity
from session_host.standing.usage import asked_words, total
from tests.support.commands import outlive
from tests.support.hosts import kill_host
from tests.support.ledger import CHANGES_READ
from tests.support.structured_chats import ChatViewer, add_acp_agent, start_chat, viewing
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")


def set_amounts(text: str) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text(text, encoding="utf-8")


async def until_asked(chat: ChatViewer, words: str) -> str:
    """Wait until a prompt waits with these words; returns its id."""

    def asked() -> list[str]:
        return [each.id for each in chat.items if each.is_asked_about and each.title == words]

    await chat.watcher.until(lambda: bool(asked()), words)
    return asked()[0]


async def test_a_queued_prompt_waits_for_its_users_word_also_after_its_host_was_killed(tmp_path: Path) -> None:
    set_amounts("ask_at_chat = 10.0\n")
    add_acp_agent()
    record = await start_chat(tmp_path, agent="fake-acp", name="api")
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt("say one\nspend 10.04"))
        chat.viewer.send(Prompt("say two\nspend 3"))
        chat.viewer.send(Prompt("say three"))
        item = await until_asked(chat, "10.04 USD of 10.00 in this chat")
        asks = outlive("wait", "api", "--status", "needs_input", "--timeout", "30")
        assert asks.code == 0, asks
        await kill_host(record.id)
        await eventually(lambda: amount_reached(record.id) is not None, 10.0, "the sums")
        reached = amount_reached(record.id)
        assert reached is not None
        assert (asked_words(reached), reached.next_amount) == ("10.04 USD of 10.00 in this chat", 20.0)
        assert chat.texts() == ["one"]
        assert "▲ needs you" in outlive("ls").output
        assert "10.04 USD of 10.00 in this chat" in outlive("ls").output, "the row asks, after the kill, too"
        assert outlive("ls", "--json").json()[0]["asked_at_amount"] == "10.04 USD of 10.00 in this chat"

        refused = outlive("send", "api", "say four")
        assert (refused.code, "10.04 USD of 10.00 in this chat" in refused.error) == (9, True), refused
        chat.viewer.send(PassAmount(item))
        await chat.until_said("two")
        await until_asked(chat, "13.04 USD of 10.00 in this chat")
        set_amounts("ask_at_chat = 20.0\n")
        chat.viewer.send(ReleaseHeld())
        await chat.until_said("three")
        assert chat.texts() == ["one", "two", "three"]
    assert outlive("wait", "api", "--status", "idle", "--timeout", "30").code == 0
    await eventually(lambda: total(read_usage()).costs == (("USD", 13.04),), 10.0, "the sums")
    with open_store() as store:
        told = [each.event for each in store.ledger.of_chat(record.id, [Asked, StatusChanged], CHANGES_READ)]
    words = ["10.04 USD of 10.00 in this chat", "13.04 USD of 10.00 in this chat"]
    assert [(each.title, each.about, each.request) for each in told if isinstance(each, Asked)] == [
        (each, "amount", "") for each in words
    ]
    asking = [each.detail for each in told if isinstance(each, StatusChanged) and each.after is Activity.NEEDS_INPUT]
    assert asking == words


async def test_a_prompt_that_is_taken_back_at_an_amount_leaves_the_chat_idle(tmp_path: Path) -> None:
    set_amounts("ask_at_chat = 5\n")
    add_acp_agent()
    record = await start_chat(tmp_path, prompt="spend 6\nsay one", agent="fake-acp", name="api")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        chat.viewer.send(Prompt("say two"))
        item = await until_asked(chat, "6.00 USD of 5.00 in this chat")
        assert outlive("wait", "api", "--status", "needs_input", "--timeout", "30").code == 0
        assert outlive("sleep", "api").code == 1
        chat.viewer.send(WithdrawPrompt(item))
        assert outlive("wait", "api", "--status", "idle", "--timeout", "30").code == 0
        listed = outlive("ls", "--json").json()[0]
        assert (listed["activity"], listed["asked_at_amount"]) == ("idle", None)


async def test_a_command_may_send_it_anyway_and_an_agent_may_not(tmp_path: Path) -> None:
    set_amounts("ask_at_day = 5\n")
    add_acp_agent()
    record = await start_chat(tmp_path, prompt="spend 6\nsay one", agent="fake-acp", name="api")
    await eventually(lambda: amount_reached(record.id) is not None, 30.0, "the sums")
    assert outlive("send", "api", "say two").code == 9
    waited = outlive("send", "api", "say two", "--wait")
    assert (waited.code, "6.00 USD of 5.00 today" in waited.error) == (9, True), waited
    anyway = outlive("send", "api", "say two", "--anyway", "--wait", "--timeout", "60")
    assert (anyway.code, anyway.output) == (0, "two\n"), anyway
    assert outlive("send", "api", "say three").code == 9
    set_amounts("")
    assert outlive("send", "api", "say three", "--wait", "--timeout", "60").output == "three\n"


AGENT = 'title = "A"\nmonogram = "A"\nexecutable = "sh"\nstart = ["sh"]\n[signals]\nends_all = true\n'


async def test_an_agent_counts_to_its_own_amount_and_may_not_pass_it(tmp_path: Path) -> None:
    set_amounts('agents_may_control = "all"\nask_at_chat = 5\n')
    add_acp_agent()
    (config_dir() / "agents" / "mine.toml").write_text(AGENT, encoding="utf-8")
    assert outlive("new", "mine", "-d", "-n", "lead", "-C", str(tmp_path)).code == 0

    def by_lead(words: str) -> None:
        number = by_lead.count = getattr(by_lead, "count", 0) + 1  # type: ignore[attr-defined]
        assert outlive("send", "lead", f"{words}; echo code {number}=$?", "--enter").code == 0
        waited = outlive("wait", "lead", "--text", rf"code {number}=\d+", "--timeout", "60")
        assert waited.code == 0, waited
        codes.append(outlive("peek", "lead", "--scrollback").output.split(f"\ncode {number}=")[1].split()[0])

    codes: list[str] = []
    by_lead("outlive new fake-acp -d -n child --runtime structured -p 'spend 6'")
    child = outlive("ls", "--json").json()[-1]["id"]
    await eventually(lambda: amount_reached(child) is not None, 30.0, "the sums")
    by_lead("outlive new fake-acp -d -n second --runtime structured -p 'say one'")
    by_lead("outlive send child 'say two'")
    by_lead("outlive send child 'say two' --anyway")
    assert codes == ["0", "0", "9", "8"]
    waits = outlive("wait", "second", "--text", "6.00 USD of 5.00 in this chat", "--timeout", "60")
    assert waits.code == 0, outlive("peek", "second").output


async def test_killed_hosts_look_again_and_count_each_turn_once(tmp_path: Path) -> None:
    set_amounts("ask_at_chat = 100000\n")
    add_acp_agent()
    record = await start_chat(tmp_path, agent="fake-acp", name="api")
    async with viewing(record.id) as chat:
        for number in range(6):
            text, said = f"spend 1\nsay the {number}th", f"the {number}th"

            def is_sent(text: str = text) -> bool:
                return any(each.text == text and each.status != "queued" for each in chat.items)

            chat.viewer.send(Prompt(text))
            if number % 3 == 1:
                await chat.watcher.until(is_sent, text)
            elif number % 3 == 2:  # In the other third, before the look has a result.
                await chat.until_said(said)
            await kill_host(record.id)
            await chat.until_said(said)
    await eventually(lambda: total(read_usage()).turns == 6, 20.0, "six turns")
    assert total(read_usage()).costs == (("USD", 6.0),)
