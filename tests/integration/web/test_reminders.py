"""Questions that are pushed to a phone: when, to whom, with what, and that they are taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from session_host.paths import config_dir, database, state_dir
from session_host.storage.store import Store
from session_host.web import devices
from session_host.web.devices import PushTarget
from session_host.web.following import Following
from session_host.web.push import reminders
from session_host.web.push.orders import Order, Result
from session_host.web.push.reminders import Reminders
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.page_server import Device, PageServer, let_in
from tests.support.push_service import Subscriber
from tests.support.structured_chats import new_chat
from tests.support.waiting import eventually, wait_until

TIMEOUT_S = 60.0
TARGET = PushTarget("https://push.example/one", "key", "secret")

pytestmark = pytest.mark.usefixtures("sessions")


class Sender:
    """Stands for the process that sends: keeps the messages.

    Attributes:
        messages: what was sent, with the endpoints.
        status: of the next messages.
        idle_s: for how long the desk was not used.
    """

    def __init__(self) -> None:
        self.messages: list[tuple[dict[str, Any], list[str]]] = []
        self.topics: list[str] = []
        self.status = 201
        self.idle_s: float | None = None
        self.asked = 0

    async def send(self, order: Order) -> Result:
        """Take an order."""
        if not order.key:
            return Result(key="a key", public="its public part")
        self.messages.append((msgspec.json.decode(order.message), [each.endpoint for each in order.targets]))
        self.topics.append(order.topic)
        return Result([self.status] * len(order.targets), [""] * len(order.targets))

    async def idle(self) -> float | None:
        """The desk's idleness."""
        self.asked += 1
        return self.idle_s

    def titles(self) -> list[str]:
        """The titles of the messages."""
        return [message["title"] for message, _endpoints in self.messages]


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Sender:
    monkeypatch.setattr(reminders, "AFTER_S", 0.5)
    monkeypatch.setattr(reminders, "AGAIN_S", 0.2)
    return Sender()


def paired(target: PushTarget | None = TARGET, name: str = "phone") -> str:
    """Let a device in that wants reminders; returns its hash."""
    device = let_in(name)
    devices.notify(device.hash, target)
    return device.hash


@asynccontextmanager
async def reminding(sender: Sender) -> AsyncIterator[Reminders]:
    """Reminders that follow the real chats."""
    following = Following()
    found = Reminders(following, "https://desk.example", sender.send, sender.idle)
    found.look()
    try:
        yield found
    finally:
        await found.close()
        await following.close()


async def until(condition: Callable[[], object], what: str) -> None:
    await eventually(condition, TIMEOUT_S, what)


async def test_a_question_is_pushed_and_taken_back(sender: Sender, area: Area) -> None:
    paired()
    paired(None, "tablet")
    async with reminding(sender):
        chat = await asyncio.to_thread(new_chat, area, "api", "run: npm test")
        await until(lambda: sender.messages, "the question")
        [(asked, endpoints)] = sender.messages
        assert endpoints == [TARGET.endpoint]
        assert (asked["title"], asked["body"], asked["chat"]) == ("api needs you", "", chat)
        assert asked["request"]

        await asyncio.to_thread(outlive, "approve", "api")
        await until(lambda: len(sender.messages) == 2, "the end")

        over, _endpoints = sender.messages[1]
        assert (over["title"], over["over"], over["tag"]) == ("api: answered by a command: Allow", True, asked["tag"])
        assert sender.topics[0] == sender.topics[1]


async def test_the_question_itself_is_sent_if_the_user_wants_that(sender: Sender, area: Area) -> None:
    (config_dir() / "chats.toml").write_text('push_says = "question"\n')
    paired()
    async with reminding(sender):
        await asyncio.to_thread(new_chat, area, "api", "run: npm test")
        await until(lambda: sender.messages, "the question")
    assert "npm test" in sender.messages[0][0]["body"]


async def test_who_is_at_the_desk_is_not_reminded_until_they_leave(sender: Sender, area: Area) -> None:
    sender.idle_s = reminders.IDLE_S - 0.3
    paired()
    async with reminding(sender):
        await asyncio.to_thread(new_chat, area, "api", "run: npm test")
        await until(lambda: sender.asked > 2, "looks at the desk")
        assert sender.messages == []
        sender.idle_s = 3600.0
        await until(lambda: sender.messages, "the question")


async def test_an_answered_question_is_not_pushed(sender: Sender, area: Area) -> None:
    sender.idle_s = 0.0
    paired()
    async with reminding(sender):
        await asyncio.to_thread(new_chat, area, "one", "run: npm test")
        await until(lambda: sender.asked, "a look at the desk")
        await asyncio.to_thread(outlive, "approve", "one")
        sender.idle_s = None
        await asyncio.to_thread(new_chat, area, "two", "run: npm test")
        await until(lambda: sender.messages, "the other question")
    assert sender.titles() == ["two needs you"]


async def test_a_restart_of_the_server_pushes_no_open_question_again(sender: Sender, area: Area) -> None:
    paired()
    async with reminding(sender):
        for name in ("one", "two"):
            await asyncio.to_thread(new_chat, area, name, "run: npm test")
        await until(lambda: len(sender.messages) == 2, "both questions")
        await until(lambda: len(_told()) == 2, "that they were told")
    await asyncio.to_thread(outlive, "approve", "one")
    async with reminding(sender):
        await until(lambda: len(sender.messages) == 3, "what became of one meanwhile")
        await asyncio.to_thread(new_chat, area, "three", "run: npm test")
        await until(lambda: len(sender.messages) == 4, "the next question")
        await asyncio.to_thread(outlive, "deny", "two")
        await until(lambda: len(sender.messages) == 5, "what became of the other one")
    assert sorted(sender.titles()[:2]) == ["one needs you", "two needs you"]
    assert sender.titles()[2:] == [
        "one: answered by a command: Allow",
        "three needs you",
        "two: answered by a command: Decline",
    ]


def _told() -> list[object]:
    file = state_dir() / "web" / "told.json"
    return msgspec.json.decode(file.read_bytes(), type=list[object]) if file.exists() else []


async def test_a_muted_chat_says_nothing(sender: Sender, area: Area) -> None:
    paired()
    async with reminding(sender):
        muted = await asyncio.to_thread(new_chat, area, "muted")
        with Store.open(database()) as store:
            store.save_layout({"muted": [muted]})
        await asyncio.to_thread(outlive, "send", "muted", "run: npm test")
        await asyncio.to_thread(new_chat, area, "heard", "run: npm test")
        await until(lambda: sender.messages, "the question")
    assert sender.titles() == ["heard needs you"]


async def test_a_device_that_is_gone_is_forgotten(sender: Sender, area: Area) -> None:
    sender.status = 410
    paired()
    async with reminding(sender):
        await asyncio.to_thread(new_chat, area, "api", "run: npm test")
        await until(lambda: devices.load().devices[0].push is None, "the device to be forgotten")
    assert len(sender.messages) == 1


async def test_a_push_service_that_fails_is_asked_again(sender: Sender, area: Area) -> None:
    sender.status = 503
    paired()
    async with reminding(sender):
        await asyncio.to_thread(new_chat, area, "api", "run: npm test")
        await until(lambda: len(sender.messages) == 2, "another try")
        sender.status = 201
        await until(lambda: len(sender.messages) == 3, "the last try")
        await asyncio.to_thread(outlive, "approve", "api")
        await until(lambda: len(sender.messages) > 3, "the end")
    assert sender.titles() == ["api needs you"] * 3 + ["api: answered by a command: Allow"]


async def test_without_a_device_that_wants_it_nothing_is_followed(sender: Sender, area: Area) -> None:
    one = paired(None)
    async with reminding(sender) as found:
        await asyncio.to_thread(new_chat, area, "api", "run: npm test")
        assert not found.is_following
        devices.notify(one, TARGET)
        found.look()
        await until(lambda: sender.messages, "the question that was open before")
        devices.notify(one, None)
        found.look()
        await until(lambda: not found.is_following, "the end of following")


def test_a_device_subscribes_and_ends_it(server: PageServer, device: Device) -> None:
    phone = Subscriber("https://93.184.215.14/phone")
    me = device.read("me")
    assert (len(me["push_key"]), me["notified"]) == (87, False)
    subscription = {
        "endpoint": phone.target.endpoint,
        "expirationTime": None,
        "keys": {"p256dh": phone.target.p256dh, "auth": phone.target.auth},
    }

    device.do("push", **subscription)

    assert device.read("me") == me | {"notified": True}
    assert devices.load().devices[0].push == phone.target
    assert [each["notified"] for each in outlive("web", "devices", "--json").json()] == [True]
    bad = device.post("/api/push", subscription | {"endpoint": "https://192.168.1.1/x"})
    assert (bad.status_code, "public address" in bad.json()["words"]) == (400, True)
    device.do("push")
    assert device.read("me")["notified"] is False
    device.do("push", **subscription)
    assert outlive("web", "devices", "--revoke", "phone").code == 0
    wait_until(lambda: device.get("/api/me").status_code == 401, TIMEOUT_S, "the end of the device")
    assert devices.load().devices == ()
