"""A device asks and is let in at the desk: what it is told, what a stranger learns, and who has asked before."""

from __future__ import annotations

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from session_host.paths import ensure_private
from session_host.system.files import replace_file
from session_host.web import devices
from session_host.web.devices import ASKING_S, Rights
from session_host.web.places import page_socket
from tests.support.commands import outlive
from tests.support.page_server import Device, PageServer

TIMEOUT_S = 60.0
PIXEL = "Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0"


def test_a_code_only_asks_and_the_answer_comes_by_itself(server: PageServer) -> None:
    done = outlive("web", "pair", "--json").json()
    assert done["address"].endswith(f"/#pair={done['code']}")
    assert (page_socket().stat().st_mode & 0o777) == 0o600
    with Device() as phone:
        assert phone.get("/api/me").status_code == 401
        phone.client.headers["User-Agent"] = PIXEL
        asked = phone.post("/api/ask", {"code": done["code"].lower()})
        [asking] = devices.load().asking
        assert asked.json() == {
            "state": "asks",
            "words": list(asking.words),
            "name": "Firefox on Android",
            "left_s": pytest.approx(ASKING_S, abs=30),
            "is_lost": False,
            "certificate": "",
        }
        attributes = {each.strip() for each in asked.headers["set-cookie"].split(";")}
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= attributes
        assert phone.get("/api/me").status_code == 401
        with ThreadPoolExecutor(1) as waiting, phone.copy() as shown:
            answered = waiting.submit(shown.read, "asking")
            assert not answered.done()
            devices.let_in(asking.id, Rights.LOOK, "Ada’s  phone")
            assert answered.result(TIMEOUT_S)["state"] == "let_in"
        assert (phone.read("me")["device"], phone.read("me")["rights"]) == ("Ada’s phone", "look")
        assert phone.post("/api/ask", {"code": ""}).json()["state"] == "let_in"
        assert [each["name"] for each in outlive("web", "devices", "--json").json()] == ["Ada’s phone"]


def test_who_is_refused_or_withdraws_is_told_so(server: PageServer) -> None:
    code = devices.begin_pairing()
    for do in (devices.refuse, None):
        with Device() as phone:
            phone.post("/api/ask", {"code": code})
            [asking] = devices.load().asking
            if do is not None:
                do(asking.id)
            else:
                assert phone.post("/api/withdraw", {}).status_code == 200
            assert phone.read("asking")["state"] == "refused"
            assert phone.get("/api/me").status_code == 401
    assert devices.load().devices == ()


def test_a_stranger_learns_neither_the_computers_name_nor_whether_a_code_is_valid(server: PageServer) -> None:
    told = []
    name = re.compile(rf"(?<![\w-]){re.escape(socket.gethostname())}(?![\w-])")  # A random key may have its letters.
    for open_pairing in (False, True):
        if open_pairing:
            devices.begin_pairing()
        with Device() as stranger:
            for ask in (
                lambda: stranger.post("/api/ask", {"code": ""}),
                lambda: stranger.post("/api/ask", {"code": "22222222"}),
                lambda: stranger.get("/api/asking"),
                lambda: stranger.get("/api/me"),
                lambda: stranger.get("/"),
                lambda: stranger.get("/page.js"),
            ):
                answer = ask()
                told.append((answer.status_code, answer.text))
                assert not name.search(answer.text)
    assert told[: len(told) // 2] == told[len(told) // 2 :]


def test_a_browser_that_lost_its_key_is_asked_for_with_its_old_rights(server: PageServer, device: Device) -> None:
    with Device(cookies=device.client.cookies) as again:
        assert again.get("/api/me").status_code == 401, "a cookie opens nothing"
        assert again.post("/api/ask", {"code": ""}).json()["is_lost"] is True
        [asking] = devices.load().asking
        assert asking.lost == "phone"
        with device.stream() as happened:
            assert next(happened).kind == "hello"
            devices.let_in(asking.id, Rights.EVERYTHING, "phone")
            list(happened)  # The old key’s stream ends.
        assert again.read("me")["device"] == "phone"
        assert device.get("/api/me").status_code == 401
    assert len(devices.load().devices) == 1


def test_a_device_of_010_is_asked_for_once_and_its_cookie_opens_nothing(server: PageServer) -> None:
    credential = "the-credential-of-a-device-of-0.1.0"
    old = devices.Device("tablet", Rights.ANSWER, devices.hash_of(credential), "2026-05-03T08:00:00.000Z")
    saved = json.loads(msgspec.json.encode(devices.Devices((old,))))
    for name in ("key", "was_refused"):
        del saved["devices"][0][name]
    ensure_private(devices.devices_file().parent)
    replace_file(devices.devices_file(), json.dumps({"devices": saved["devices"], "pairing": None}).encode())
    with Device(cookies={"outlive": credential}) as tablet:
        assert tablet.get("/api/me").status_code == 401
        assert tablet.post("/api/ask", {"code": ""}).json()["is_lost"] is True
        [asking] = devices.load().asking
        devices.let_in(asking.id, Rights.ANSWER, "tablet")
        assert tablet.read("me")["device"] == "tablet"
