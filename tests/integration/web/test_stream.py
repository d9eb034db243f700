"""The stream: a page that follows the rule shows exactly what is open, whatever is cut or killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

from session_host.agents.catalog import load_agent
from session_host.client.chats.handing_over import hand_over, offer_hand_over
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.paths import config_dir
from tests.programs import program
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.near_bridges import NearBridges
from tests.support.page_server import PageServer, Phone, phone
from tests.support.structured_chats import new_chat, wait, wait_for_text
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0
CUTS, KILLS = int(os.environ.get("OUTLIVE_CUTS", "20")), int(os.environ.get("OUTLIVE_KILLS", "5"))
"""How often the stream is cut, and the server killed."""


def open_questions() -> dict[str, str]:
    """The chats that ask something, with what they ask."""
    listed = outlive("ls", "--json").json()
    return {each["id"]: each["activity_detail"] for each in listed if each["activity"] == "needs_input"}


def asking(name: str) -> str:
    """Start a chat that asks one question after another without an end."""
    return new("-n", name, "--", *program("questions", 1_000_000, "--pause", "0.15"))


def until_connected_again(shown: Phone, before: int) -> None:
    """Wait until a page that is cut has connected; it is cut again if there was nothing to cut."""
    wait_until(lambda: shown.connections > before or shown.cut(), TIMEOUT_S, "another connection", every_s=0.3)


def test_no_question_is_missed_and_none_is_shown_that_is_over(server: PageServer, area: Area) -> None:
    """``OUTLIVE_CUTS`` and ``OUTLIVE_KILLS`` say how often the stream is cut, and the server killed."""
    view = new_chat(area, "view")
    with server.pair() as device, phone(device) as shown:
        wait_until(lambda: shown.connections, TIMEOUT_S, "the list, and its stream")
        assert view in shown.rows
        chats = [asking(f"chat-{number}") for number in range(3)]
        each_s = CUTS // (KILLS + 1) + 1
        for number in range(CUTS):
            if number % 2:
                outlive("send", "view", "run: npm test")
            else:
                outlive("approve", "view")
            before = shown.connections
            shown.cut()
            if number % each_s == each_s - 1:
                server.kill()
                server.start()
            until_connected_again(shown, before)
        for chat in chats:
            outlive("kill", chat)
        outlive("approve", "view")
        wait("view", "idle")
        assert open_questions() == {}
        wait_until(lambda: shown.asking() == {}, TIMEOUT_S, lambda: f"no question: {shown.asking()}")
        outlive("send", "view", "run: npm test")
        wait("view", "needs_input")
        wait_until(lambda: list(shown.asking()) == [view], TIMEOUT_S, lambda: f"the question: {shown.asking()}")
        assert {key for key, row in shown.rows.items() if row["group"] not in {"ended", "interrupted"}} == {view}
        assert shown.connections > CUTS


def test_each_question_is_shown_while_it_is_open(server: PageServer, area: Area) -> None:
    view = new_chat(area, "view")
    with server.pair() as device, phone(device) as shown:
        wait_until(lambda: view in shown.rows, TIMEOUT_S, "the list")
        for number in range(10):
            outlive("send", "view", f"run: test {number}")
            if number % 2:
                shown.cut()
            wait_until(
                lambda number=number: f"test {number}" in shown.asking().get(view, ""),  # type: ignore[misc]
                TIMEOUT_S,
                lambda: f"the question: {shown.rows}",
            )
            outlive("approve", "view")
            wait_until(lambda: view not in shown.asking(), TIMEOUT_S, "the answer")


def test_a_page_reads_on_where_it_was_without_the_whole_list(server: PageServer) -> None:
    with server.pair() as device:
        cursor = device.read("chats")["cursor"]
        chat = new("-n", "one", "--", "cat")
        with device.stream(cursor) as happened:
            first = next(each for each in happened if each.kind == "row")
            assert (first.data["id"], first.data["name"]) == (chat, "one")
        outlive("rename", "one", "two")
        outlive("rename", "two", "three")
        with device.stream(first.id) as happened:
            kinds = []
            for each in happened:
                kinds.append(each.kind)
                if each.kind == "row" and each.data["name"] == "three":
                    break
            assert "reset" not in kinds
        for unknown in ("", "nonsense", "0-0", first.id + "0", "x" * 5000):
            with device.stream(unknown) as happened:
                assert [next(happened).kind, next(happened).kind] == ["hello", "reset"]


def test_two_rows_of_one_moment_are_both_told_to_who_got_only_the_first(server: PageServer) -> None:
    with server.pair() as device:
        for name in ("one", "two"):
            new("-n", name, "--", "cat")
        listed = device.read("chats")
        with device.stream(listed["cursor"]) as happened:
            next(happened)
            outlive("rename", "one", "one-b")
            outlive("rename", "two", "two-b")
            first = next(each for each in happened if each.kind == "row" and each.data["name"].endswith("-b"))
        other = {"one-b": "two-b", "two-b": "one-b"}[first.data["name"]]
        with device.stream(first.id) as happened:
            assert any(each.kind == "row" and each.data["name"] == other for each in happened)


def test_a_server_that_was_killed_has_the_pages_read_the_list_again(server: PageServer) -> None:
    with server.pair() as device:
        cursor = device.read("chats")["cursor"]
        server.kill()
        server.start()
        with device.copy() as again, again.stream(cursor) as happened:
            assert [next(happened).kind, next(happened).kind] == ["hello", "reset"]


class TestOtherMachines:
    """Bridges run here with this test's own chats, so that ``near`` and this machine have the same ones."""

    @pytest.fixture
    def near(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NearBridges:
        bridges = NearBridges(tmp_path / "near", monkeypatch)
        assert outlive("machines", "add", "near").code == 0
        return bridges

    def test_its_chats_questions_and_answers_are_as_here(
        self, near: NearBridges, server: PageServer, area: Area
    ) -> None:
        chat = new_chat(area, "view")
        there = f"near/{chat}"
        with server.pair() as device, phone(device) as shown:
            wait_until(lambda: {chat, there} <= set(shown.rows), TIMEOUT_S, lambda: f"both: {shown.rows}")
            outlive("send", "view", "run: npm test")
            wait_until(lambda: {chat, there} == set(shown.asking()), TIMEOUT_S, lambda: f"both: {shown.rows}")
            question = device.question(there)
            assert shown.rows[there]["machine"] == "near"
            assert device.answer(there, question, question["options"][0]["id"]).json()["words"] == "Allowed here"
            wait_until(lambda: not shown.asking(), TIMEOUT_S, "the answer")

    def test_its_idle_rows_have_the_first_words_of_their_answers(
        self, near: NearBridges, server: PageServer, area: Area
    ) -> None:
        chat = new_chat(area, "view", "answer: It is done.")
        wait("view", "idle")
        with server.pair() as device, phone(device) as shown:
            for row in (chat, f"near/{chat}"):
                wait_until(
                    lambda row=row: shown.rows.get(row, {}).get("words") == "It is done.",  # type: ignore[misc]
                    TIMEOUT_S,
                    lambda: f"the words: {shown.rows}",
                )

    def test_a_chat_is_started_there(self, near: NearBridges, server: PageServer, area: Area) -> None:
        new_chat(area, "view")
        with server.pair() as device, phone(device) as shown:
            wait_until(lambda: len(shown.rows) == 2, TIMEOUT_S, lambda: f"both: {shown.rows}")
            choices = device.read("start")
            places = {each["shown"]: each for each in choices["directories"]}
            assert set(places) == {"~", "~ · near"}
            assert {each["machine"] for each in choices["presets"] if each["agent"] == "fake"} == {"", "near"}
            there = {"agent": "fake", "machine": "near", "directory": places["~ · near"]["path"]}
            started = device.do("start", **there)["chat"]
            assert started.startswith("near/")
            wait_until(lambda: started in shown.rows, TIMEOUT_S, "its row")
            near.set_reachable(False)
            near.cut()
            wait_until(lambda: shown.machines.get("near", {}).get("since"), TIMEOUT_S, "the machine to be lost")
            assert {each["shown"] for each in device.read("start")["directories"]} == {"~"}

    def test_one_that_is_cut_is_named_with_its_time_and_its_chats_stay(
        self, near: NearBridges, server: PageServer
    ) -> None:
        chat = new("-n", "one", "--", *program("questions", 1))
        wait_for_text("one", "done")
        there = f"near/{chat}"
        with server.pair() as device, phone(device) as shown:
            wait_until(lambda: {chat, there} == set(shown.asking()), TIMEOUT_S, lambda: f"both: {shown.rows}")
            near.set_reachable(False)
            near.cut()
            wait_until(lambda: shown.machines.get("near", {}).get("since"), TIMEOUT_S, "the machine to be named")
            away = shown.machines["near"]
            assert (away["chats"], "near" in away["why"]) == (1, True)
            assert re.search(r"\b\d\d:\d\d$", away["since"]), "words, as in the rows"
            wait_until(lambda: shown.rows[there]["group"] == "unreachable", TIMEOUT_S, "its row")
            assert shown.rows[there]["name"] == "one"
            assert shown.rows[chat]["group"] == "needs you"
            listed = device.read("chats")
            assert [each["since"] for each in listed["machines"]] == [away["since"]]
            assert {each["id"] for each in listed["chats"]} == {chat, there}
            late = device.post("/api/stop", {"id": "12345678", "chat": there})
            assert (late.status_code, late.json()["code"]) == (502, "unreachable")

            near.set_reachable(True)
            wait_until(lambda: shown.machines["near"]["since"] == "", TIMEOUT_S, "it to be reached again")
            wait_until(lambda: {chat, there} == set(shown.asking()), TIMEOUT_S, lambda: f"both: {shown.rows}")
            assert device.post("/api/stop", {"id": "12345678", "chat": there}).status_code == 200, "it is tried again"

    def test_one_that_is_added_is_followed(
        self, server: PageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.end()
        NearBridges(tmp_path / "near", monkeypatch)
        server.start()
        chat = new("-n", "one", "--", "cat")
        with server.pair() as device, phone(device) as shown:
            wait_until(lambda: chat in shown.rows, TIMEOUT_S, "the list")
            assert outlive("machines", "add", "near").code == 0
            wait_until(lambda: f"near/{chat}" in shown.rows, TIMEOUT_S, "its chat, without a new list")
            outlive("rename", "one", "two")
            wait_until(
                lambda: [each["name"] for each in shown.rows.values()] == ["two", "two"], TIMEOUT_S, "both names"
            )
            assert outlive("machines", "remove", "near").code == 0
            wait_until(lambda: list(shown.rows) == [chat], TIMEOUT_S, "the chats of here alone")

    def test_a_broken_list_of_machines_does_not_hide_the_chats_here(self, server: PageServer, area: Area) -> None:
        area.config.mkdir(exist_ok=True)
        (area.config / "machines.toml").write_text("near = [")
        chat = new("-n", "one", "--", "cat")
        with server.pair() as device, phone(device) as shown:
            wait_until(lambda: chat in shown.rows, TIMEOUT_S, "the list")
            outlive("rename", "one", "two")
            wait_until(lambda: shown.rows[chat]["name"] == "two", TIMEOUT_S, "its name")
            assert device.screen(chat)["columns"] == 80


def test_names_and_questions_of_an_agent_are_text(server: PageServer, area: Area) -> None:
    evil = "<img src=x onerror=alert(1)>\u202e\u2066gpj.exe\u200f"
    command = f"echo '{evil}' \\\"&amp;\\\" # " + "x" * 300_000
    chat = new_chat(area, "one", f"run: {command}")
    outlive("rename", "one", "<b>bold</b>")
    with server.pair() as device:
        question = device.question(chat)
        whole = "".join(text for text, _style in question["lines"] if text)
        assert "<img src=x onerror=alert(1)>" in whole
        assert not {"\u202e", "\u2066"} & set(json.dumps(question, ensure_ascii=False))
        assert len(whole) > 300_000
        row = device.rows()["<b>bold</b>"]
        assert not {"\u202e", "\u2066"} & set(json.dumps(row, ensure_ascii=False))
        assert len(json.dumps(row)) < 5000
        response = device.get("/api/questions", chat=chat)
        assert response.headers["content-type"] == "application/json"
        assert response.headers["content-encoding"] == "gzip"
        assert device.answer(chat, question, question["options"][0]["id"]).status_code == 200


def test_a_chat_that_was_handed_over_names_who_goes_on(server: PageServer, area: Area) -> None:
    old = new_chat(area, "ledger", "hello")
    wait("ledger", "idle")
    with server.pair() as device:
        with device.stream(device.read("chats")["cursor"]) as happened:

            async def hand() -> str:
                wish = LaunchRequest(
                    agent=load_agent(config_dir(), "fake"),
                    prompt="go on",
                    directory="",
                    environment=dict(os.environ),
                    token=(await offer_hand_over(old)).token,
                )
                return (await hand_over(old, wish)).record.id

            asyncio.run(hand())
            rows = (each.data for each in happened if each.kind == "row")
            # Its row may be told before the other chat's, whose name it has then.
            told = next(row for row in rows if row["id"] == old and row["words"].startswith("Handed over to"))
            assert told["words"] == "Handed over to ledger (Fake)"
        assert device.rows()["ledger"]["words"] == "Handed over to ledger (Fake)"


def test_the_tightest_limit_is_in_the_list_and_told_when_it_changes(server: PageServer, area: Area) -> None:
    with server.pair() as device:
        listed = device.read("chats")
        assert listed["limit"] is None
        new_chat(area, "view", "limit: 62")
        with device.stream(listed["cursor"]) as happened:
            first = next(each for each in happened if each.kind == "limit").data["limit"]
            assert (first["name"], first["used"]) == ("Fake", 0.62)
            outlive("send", "view", "limit: 81")
            second = next(each for each in happened if each.kind == "limit").data["limit"]
            assert second["used"] == 0.81
        assert device.read("chats")["limit"] == second
