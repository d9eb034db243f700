"""The page with real chats: pair, look, send, press keys, upload, stop, resume, start; what each device may do."""

from __future__ import annotations

import os
import sys
import uuid
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.client.chats.saved_prompts import prompts_directory
from session_host.paths import config_dir
from tests.conftest import Sessions
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.conversing import install, see
from tests.support.conversing import new as new_agent
from tests.support.page_server import Device, PageServer, phone
from tests.support.structured_chats import add_acp_agent, new_chat, wait, wait_for_text
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and agents on PATH that keep conversations as Claude Code and Codex do."""
    install(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def without_beats(area: Area, sessions: Sessions) -> Iterator[PageServer]:
    """A server whose streams end by what happens, or not at all."""
    with PageServer(area, changed={"streams.BEAT_S": 3600.0}) as server:
        yield server


def shell(name: str = "sh") -> str:
    """Start a chat that shows what is typed."""
    chat = new("-n", name, "--", "sh", "-c", "echo ready; exec cat")
    wait_for_text(name, "ready")
    return chat


def text_of(screen: dict[str, object]) -> list[str]:
    """The lines of a screen."""
    rows = screen["rows"]
    assert isinstance(rows, list)
    return ["".join(run[0] for run in row) for row in rows]


def test_the_list_a_chat_and_its_screen(device: Device, area: Area) -> None:
    colored = "printf '\\033[1;31mred\\033[0m plain\\n'; exec cat"
    chat = new("-n", "build", "-C", str(area.home), "--", "sh", "-c", colored)
    wait_for_text("build", "plain")
    row = device.rows()["build"]
    assert (row["id"], row["machine"], row["directory"], row["group"]) == (chat, "", "~", "running")
    page = device.read("chat", chat=chat)
    assert page["can"] == {"send": True, "interrupt": False, "stop": True, "resume": False, "screen": True}
    screen = device.screen(chat)
    assert screen["rows"][0] == [["red", "#f0777f", "", "b"], [" plain", "", "", ""]]


def test_a_text_is_sent_once_though_the_request_is_repeated(device: Device) -> None:
    chat = shell()
    sent = {"id": uuid.uuid4().hex, "chat": chat, "text": "only once"}
    first, second = (device.post("/api/send", sent) for _ in range(2))
    assert (first.status_code, first.json()) == (200, second.json())
    wait_for_text("sh", "only once\nonly once")
    assert outlive("peek", "sh").output.count("only once") == 2, "its echo and cat's output"


def test_at_an_amount_a_prompt_is_refused_with_its_words_and_a_repeated_one_is_as_before(
    device: Device, area: Area
) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("ask_at_chat = 5\n", encoding="utf-8")
    add_acp_agent()
    chat = new("fake-acp", "--runtime", "structured", "-n", "view", "-C", str(area.home))
    wait("view", "idle")
    first = {"id": uuid.uuid4().hex, "chat": chat, "text": "spend 6"}
    taken = device.post("/api/send", first)
    wait_until(lambda: outlive("usage", "--json").json()["today"]["total"]["turns"] == 1, TIMEOUT_S, "the turn")
    refused = device.post("/api/send", {"id": uuid.uuid4().hex, "chat": chat, "text": "say no"})
    assert (taken.status_code, refused.status_code) == (200, 409)
    assert "6.00 USD of 5.00 in this chat" in refused.text
    assert device.post("/api/send", first).json() == taken.json()
    assert [turn["prompt"] for turn in device.read("chat", chat=chat)["turns"]] == ["spend 6"]


def test_keys_are_pressed_by_who_saw_the_screen_and_by_nobody_else(device: Device) -> None:
    chat = shell()
    seen = device.screen(chat)
    device.do("keys", chat=chat, hash=seen["hash"], text="one", enter=True)
    wait_for_text("sh", "one\none")

    late = device.post(
        "/api/keys", {"id": uuid.uuid4().hex, "chat": chat, "hash": seen["hash"], "text": "two", "enter": True}
    )

    assert (late.status_code, late.json()["code"]) == (409, "screen_changed")
    now = late.json()["screen"]
    assert text_of(now)[:3] == ["ready", "one", "one"]
    device.do("keys", chat=chat, hash=now["hash"], keys=["x", "Enter"])
    wait_for_text("sh", "x\nx")
    assert "two" not in outlive("peek", "sh").output
    unknown = device.post("/api/keys", {"id": uuid.uuid4().hex, "chat": chat, "hash": now["hash"], "keys": ["F12"]})
    assert unknown.status_code == 400


def test_keys_that_are_repeated_after_a_kill_of_the_server_are_typed_once(server: PageServer) -> None:
    with server.pair() as device:
        chat = shell()
        keys = {"id": uuid.uuid4().hex, "chat": chat, "hash": device.screen(chat)["hash"], "text": "one", "enter": True}
        first = device.post("/api/keys", keys)
        wait_for_text("sh", "one\none")
        server.kill()
        server.start()

        with device.copy() as again:
            second = again.post("/api/keys", keys)

    assert (first.status_code, second.status_code) == (200, 200), second.text
    assert outlive("peek", "sh").output.count("one") == 2, "its echo and cat's output"


ASKS = f"printf '\\033]7501;state=blocked:msg={b64encode(b'Run make?').decode()}\\033\\\\'; echo '> 1. Yes'; exec cat"
"""A program that asks in its terminal, as Codex does."""


def test_a_device_that_may_answer_presses_the_keys_of_a_dialog_and_no_others(server: PageServer) -> None:
    chat, quiet = new("-n", "asks", "--", "sh", "-c", ASKS), shell()
    wait("asks", "needs_input")
    with server.pair("answer", "tablet") as device:
        [row] = [row for row in device.read("chats")["chats"] if row["id"] == chat]
        assert (row["group"], device.read("questions", chat=chat)["elsewhere"]) == ("needs you", "Run make?")

        def press(chat: str, **what: Any) -> tuple[int, str]:
            done = device.post("/api/keys", {"id": uuid.uuid4().hex, "chat": chat, "hash": seen, **what})
            return done.status_code, done.json().get("code", "")

        seen = device.screen(chat)["hash"]
        assert press(chat, text="rm -rf /", enter=True) == (403, "not_allowed")
        assert press(chat, keys=["Ctrl+C"]) == (403, "not_allowed")
        assert press(chat, keys=["1", "x"]) == (403, "not_allowed")
        assert press(chat, keys=["1"]) == (200, "")
        wait_until(lambda: "1. Yes\n1" in outlive("peek", "asks").output, TIMEOUT_S, "the key")
        assert press(chat, keys=["2"]) == (409, "screen_changed"), "it was for what was seen"
        seen = device.screen(quiet)["hash"]
        assert press(quiet, keys=["1"]) == (409, "asks_nothing")
    with server.pair("look", "watch") as device:
        done = device.post("/api/keys", {"id": uuid.uuid4().hex, "chat": chat, "hash": seen, "keys": ["1"]})
        assert done.status_code == 403


ASKS_AND_DRAWS = r"""
import select, sys, time, tty
tty.setcbreak(0)
print("\033]7501;state=blocked\033\\", end="")
drawn, asked = 0, "Run make?"
while asked:
    drawn += 1
    mark, sign = "● "[drawn % 2], "⠋⠙⠹⠸"[drawn % 4]
    rows = ["", f"\033[90m{mark}\033[m Running make", f" $ Shell{f'{drawn}s':>70}", "─" * 80, f" {sign} {asked}"]
    print("\033[H" + "\r\n".join([*rows, " > 1. Yes", "   2. No"]), end="", flush=True)
    if select.select([0], [], [], 0.05)[0]:
        key = sys.stdin.read(1)
        asked = {"n": "Run make clean?", "1": ""}.get(key, asked)
print("\r\ngot", key, flush=True)
time.sleep(1000)
"""
"""It asks as agents do in terminals, and draws a mark, a time and a sign each 50 ms; n lets it ask something else."""


def test_a_key_of_a_dialog_is_refused_if_that_has_changed_and_not_since_something_beside_it_is_drawn(
    server: PageServer, tmp_path: Path
) -> None:
    program = tmp_path / "asks.py"
    program.write_text(ASKS_AND_DRAWS, encoding="utf-8")
    chat = new("-n", "asks", "--size", "80x24", "--", sys.executable, str(program))
    wait("asks", "needs_input")
    wait_for_text("asks", "2. No")
    with server.pair("answer", "phone") as device:

        def press(seen: dict[str, Any]) -> int:
            keys = {"id": uuid.uuid4().hex, "chat": chat, "hash": seen["hash"], "keys": ["1"]}
            return device.post("/api/keys", keys).status_code

        seen = device.screen(chat)
        with device.stream(screen=chat) as happened:
            screens = [next(each.data for each in happened if each.kind == "screen") for _ in range(5)]
        assert len({str(text_of(each)) for each in [seen, *screens]}) > 3, "it is drawn again and again"
        assert outlive("send", "asks", "n").code == 0
        wait_for_text("asks", "Run make clean?")
        assert press(seen) == 409
        assert "got" not in outlive("peek", "asks").output
        seen = device.screen(chat)
        wait_until(lambda: text_of(device.screen(chat)) != text_of(seen), TIMEOUT_S, "it to draw")
        assert press(seen) == 200
        wait_for_text("asks", "got 1")


def test_a_text_wakes_a_chat_once_from_a_device_that_may_send(project: Path, server: PageServer) -> None:
    chat = new_agent("claude", project)
    assert outlive("send", "chat", "first", "--enter").code == 0
    see(chat, "you said: first")
    wait("chat", "idle")
    assert outlive("sleep", "chat").code == 0
    sent = {"id": uuid.uuid4().hex, "chat": chat, "text": "second"}
    with server.pair("answer", "tablet") as device:
        row = device.rows()["chat"]
        assert (row["group"], row["mark"]) == ("idle", "asleep")
        assert row["words"].startswith("Asleep · gave back ")
        assert device.post("/api/send", sent).status_code == 403
        assert outlive("ls", "--json").json()[0]["is_asleep"]
    with server.pair() as device:
        page = device.read("chat", chat=chat)
        assert page["can"] == {"send": True, "interrupt": False, "stop": True, "resume": False, "screen": True}
        with device.stream(screen=chat) as happened:
            assert any("you said: first" in text_of(each.data) for each in happened if each.kind == "screen")
            assert next(each for each in happened if each.kind == "screen_ended").data == {"words": page["ends"]}
        assert ([turn["prompt"] for turn in page["turns"]], page["ends"]) == (["first"], "Asleep: a text wakes it")

        first = device.post("/api/send", sent)
        server.kill()
        server.start()
        with device.copy() as again:
            second = again.post("/api/send", sent)
            assert first.status_code == 200, first.text
            woken = first.json()["chat"]
            assert (first.status_code, second.status_code, second.json()["chat"]) == (200, 200, woken), second.text
            see(woken, "you said: second")
            assert again.rows()["chat"]["id"] == woken
    assert outlive("peek", woken).output.count("you said: second") == 1


def test_a_list_and_a_screen_come_in_one_stream(device: Device) -> None:
    chat = shell()
    with device.stream(device.read("chats")["cursor"], screen=chat) as happened:
        assert next(happened).kind == "hello"
        assert any(each.kind == "screen" for each in happened)
        outlive("rename", "sh", "other")
        assert any(each.kind == "row" and each.data["name"] == "other" for each in happened)


def test_a_screen_is_followed_also_when_its_host_is_replaced(device: Device, server: PageServer) -> None:
    chat = shell()
    with device.stream(screen=chat) as happened:
        assert "ready" in text_of(next(each.data for each in happened if each.kind == "screen"))
        assert outlive("send", "sh", "seen", "--enter").code == 0
        assert any("seen" in text_of(each.data) for each in happened if each.kind == "screen")
        outlive("upgrade")
        assert outlive("send", "sh", "again", "--enter").code == 0
        assert any(each.kind == "screen" and "again" in text_of(each.data) for each in happened)
        outlive("kill", "sh")
        assert next(each for each in happened if each.kind == "screen_ended").data == {"words": "Killed by you"}
    with device.stream(screen=chat) as happened:
        last = next(each.data for each in happened if each.kind == "screen")
        assert "again" in text_of(last)
        assert not any("c" in run[3] for row in last["rows"] for run in row), "no cursor"
        assert any(each.kind == "screen_ended" for each in happened)


NAMES = ["../../../etc/passwd", "..", "a/b\x00c.jpg", "/abs", "\u202egpj.exe", "x" * 3000, "~"]


def test_an_uploaded_file_is_in_the_chats_own_directory_whatever_its_name(device: Device, area: Area) -> None:
    chat = shell()
    data = bytes(range(256)) * 1000
    headers = {"Content-Type": "application/octet-stream"}
    for name in NAMES:
        done = device.client.post("/api/upload", params={"chat": chat, "name": name}, content=data, headers=headers)
        assert done.status_code == 200, (name, done.text)
        path = Path(done.json()["path"])
        assert path.read_bytes() == data
        assert path.resolve().is_relative_to(area.state / "sessions" / chat), name
        assert path.name.isprintable()
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_chat_is_stopped_and_resumed(project: Path, device: Device) -> None:
    chat = new_agent("claude", project, name="docs")
    outlive("send", chat, "hello", "--enter")
    wait_for_text("docs", "you said: hello")
    device.do("stop", chat=chat)
    assert outlive("ls", "--json").json() == []
    page = device.read("chat", chat=chat)
    assert (page["can"]["resume"], page["can"]["send"], page["ends"] != "") == (True, False, True)

    resumed = device.do("resume", chat=chat)["chat"]

    assert resumed in {each["id"] for each in outlive("ls", "--json").json()}
    see(resumed, "ready")


def test_a_chat_is_started_once_in_a_known_directory(project: Path, server: PageServer, device: Device) -> None:
    outlive("kill", new_agent("claude", project, name="docs"))
    choices = device.read("start")
    assert str(project) in {each["path"] for each in choices["directories"]}
    assert "codex" in {each["agent"] for each in choices["presets"]}
    start = {"id": uuid.uuid4().hex, "agent": "codex", "directory": str(project)}
    first, second = (device.post("/api/start", start) for _ in range(2))
    assert first.status_code == 200, first.text
    server.kill()
    server.start()
    with device.copy() as again:
        third = again.post("/api/start", start)
        blank = again.post("/api/start", start | {"id": uuid.uuid4().hex, "prompt": "\n"})
        elsewhere = again.post("/api/start", start | {"id": uuid.uuid4().hex, "directory": "/"})
    assert first.json()["chat"] == second.json()["chat"] == third.json()["chat"]
    assert (blank.status_code, "is blank" in blank.json()["words"]) == (400, True)
    assert (elsewhere.status_code, "in which one ran before" in elsewhere.json()["words"]) == (400, True)
    [chat] = outlive("ls", "--json").json()
    assert (chat["id"], chat["agent"], chat["cwd"]) == (first.json()["chat"], "codex", str(project))


def test_a_prompt_to_a_chat_view_waits_for_the_turn_or_interrupts_it(device: Device, area: Area) -> None:
    chat = new_chat(area, "one", "deltas: 4\nhold: 2")
    wait("one", "working")
    assert device.do("send", chat=chat, text="later")["words"].startswith("Queued")
    page = device.read("chat", chat=chat)
    assert [each["text"] for each in page["queue"]] == ["later"]
    assert page["can"]["interrupt"]
    assert device.do("send", chat=chat, text="now at once", now=True)["words"] == "Sent"
    wait_for_text("one", "echo: now at once")
    turns = device.read("chat", chat=chat)["turns"]
    assert [each["prompt"] for each in turns][:2] == ["deltas: 4\nhold: 2", "now at once"]
    assert turns[0]["outcome"] == "interrupted"
    whole = device.read("turn", chat=chat, turn=turns[1]["turn"])
    assert "echo: now at once" in whole["answer_html"]


def test_a_turn_that_a_limit_stopped_says_so(device: Device, area: Area) -> None:
    chat = new_chat(area, "one", "limit: 100")
    wait_for_text("one", "echo: limit: 100")
    wait("one", "idle")
    outlive("send", "one", "refuse: You have hit your usage limit")
    wait_until(lambda: device.read("chat", chat=chat)["turns"][-1]["outcome"] == "limit", TIMEOUT_S, "its end")
    assert "usage limit" in device.read("chat", chat=chat)["turns"][-1]["error"]


def done_as(device: Device, chat: str, shown: dict[str, Any], name: str) -> None:
    """Press a button of what the page shows."""
    [(path, what)] = [(path, what) for each, path, what in shown["ways"] if each == name]
    device.do(path, chat=chat, **what)


def test_a_prompt_for_later_is_shown_and_taken_back_or_sent_now(device: Device, area: Area) -> None:
    chat = new_chat(area, "one")
    wait("one", "idle")
    assert device.read("chat", chat=chat)["queue"] == []
    assert outlive("send", "one", "go on", "--at", "2100-01-01T15:00:00+00:00").code == 0
    page = device.read("chat", chat=chat)
    [waiting] = page["queue"]
    assert (waiting["text"], waiting["held"]) == (page["chat"]["words"], False)
    assert waiting["text"].endswith(": go on")
    blank = device.post("/api/later", {"id": uuid.uuid4().hex, "chat": chat, "text": " "})
    assert (blank.status_code, "blank" in blank.json()["words"]) == (400, True)
    done_as(device, chat, waiting, "Take back")
    assert device.read("chat", chat=chat)["queue"] == []
    device.do("later", chat=chat, text="answer: now")
    wait_for_text("one", "now")


def test_a_limit_says_until_when_and_is_continued_then(device: Device, area: Area) -> None:
    chat = new_chat(area, "one", "limit: 100")
    wait_for_text("one", "echo: limit: 100")
    wait("one", "idle")
    outlive("send", "one", "refuse: You have hit your usage limit")
    wait_until(lambda: device.read("chat", chat=chat)["turns"][-1]["outcome"] == "limit", TIMEOUT_S, "its end")
    limited = device.read("chat", chat=chat)["turns"][-1]
    assert limited["limit"].startswith("5-hour limit, until ")
    assert [name for name, _, _ in limited["ways"]][1:] == ["Try now"]
    done_as(device, chat, limited, limited["ways"][0][0])
    page = device.read("chat", chat=chat)
    limited, [waiting] = page["turns"][-1], page["queue"]
    assert limited["limit"].endswith(" · continues then")
    assert [name for name, _, _ in limited["ways"]] == ["Try now"]
    assert waiting["text"].endswith(": Go on.")
    done_as(device, chat, limited, "Try now")
    wait_until(lambda: device.read("chat", chat=chat)["queue"][0]["held"], TIMEOUT_S, "it to be needless")
    [missed] = device.read("chat", chat=chat)["queue"]
    assert missed["text"].endswith("not sent: a newer turn began")
    done_as(device, chat, missed, "Send now")
    wait_for_text("one", "echo: Go on.")


@pytest.mark.usefixtures("sessions")
def test_it_is_said_that_earlier_turns_are_left_out(area: Area, project: Path) -> None:
    with PageServer(area, changed={"conversations.MAX_TURNS": 2}) as server, server.pair() as device:
        view, terminal = new_chat(area, "view"), new_agent("claude", project, name="docs")
        for number, (prompts, is_earlier) in enumerate([(["1"], False), (["1", "2"], False), (["2", "3"], True)], 1):
            for chat in (view, terminal):
                outlive("send", chat, str(number), "--enter")

                def is_shown(chat: str = chat, wanted: list[str] = prompts) -> bool:
                    turns = device.read("chat", chat=chat)["turns"]
                    return [each["prompt"] for each in turns] == wanted and turns[-1]["outcome"] == ""

                wait_until(is_shown, TIMEOUT_S, f"{prompts} of {chat}")
                assert device.read("chat", chat=chat)["earlier"] is is_earlier


@pytest.mark.parametrize(
    ("rights", "allowed"),
    [
        ("look", set()),
        ("answer", {"answer", "keys"}),
        ("everything", {"answer", "send", "keys", "stop", "resume", "start"}),
    ],
)
def test_a_device_does_what_its_rights_allow(server: PageServer, rights: str, allowed: set[str]) -> None:
    with server.pair(rights) as device:
        assert device.get("/api/chats").status_code == 200
        with device.stream(screen="nothing") as happened:
            assert next(each.data["words"] for each in happened if each.kind == "screen_lost")
        for name in ("answer", "send", "keys", "stop", "resume", "start", "interrupt"):
            done = device.post(f"/api/{name}", {})
            expected = {400} if name in allowed or rights == "everything" else {403}
            assert {done.status_code} == expected, (name, done.text)
        assert (device.get("/api/start").status_code == 200) is (rights == "everything")


def test_a_revoked_device_loses_its_open_streams_at_once(without_beats: PageServer) -> None:
    with without_beats.pair(name="lost") as lost, without_beats.pair(name="kept") as kept:
        with lost.stream() as of_lost, kept.stream() as of_kept:
            assert next(of_lost).kind == next(of_kept).kind == "hello"
            assert outlive("web", "devices", "--revoke", "lost").code == 0
            assert [each.kind for each in of_lost if each.kind not in {"reset", "row", "machine"}] == []
            assert lost.get("/api/chats").status_code == 401
            new("-n", "later", "--", "cat")
            assert any(each.kind == "row" and each.data["name"] == "later" for each in of_kept)
        assert kept.post("/api/leave", {}).status_code == 200
        assert kept.get("/api/chats").status_code == 401
    assert outlive("web", "devices").output == "no devices; `outlive web pair` pairs one\n"
    assert outlive("web", "devices", "--revoke", "lost").code == 3


def test_a_page_opened_again_and_again_ends_its_oldest_stream(without_beats: PageServer) -> None:
    device = without_beats.pair()
    open_devices = [device, *(device.copy() for _ in range(7))]
    streams = [each.stream() for each in open_devices]
    opened = [stream.__enter__() for stream in streams]
    try:
        assert {next(each).kind for each in opened} == {"hello"}
        for each in opened[:2]:
            list(each)  # It ends.
        new("-n", "later", "--", "cat")
        for each in opened[2:]:
            assert any(happened.kind == "row" for happened in each)
    finally:
        for stream in streams:
            stream.__exit__(None, None, None)
        for opener in open_devices:
            opener.close()


@pytest.mark.usefixtures("sessions")
def test_nothing_runs_while_nobody_looks(area: Area) -> None:
    with PageServer(area, changed={"following.LEAVE_AFTER_S": 0.5}) as server, server.pair() as device:
        chat = shell()
        with phone(device) as shown:
            wait_until(lambda: chat in shown.rows, TIMEOUT_S, "the list")
            wait_until(lambda: (server.watches(), server.children()) == (2, []), TIMEOUT_S, "the events to be followed")
        wait_until(lambda: not server.watches(), TIMEOUT_S, "the events not to be followed any more")
        with device.copy() as again:
            assert set(again.rows()) == {"sh"}
        wait_until(lambda: not server.watches(), TIMEOUT_S, "the end")
        looks: list[dict[str, int] | None] = [None]

        def is_at_rest() -> bool:
            looks.append(processes.sleeps(server.pid))
            return looks[-1] is not None and looks[-1] == looks[-2]

        # What ends with a device, as its idle connection, may end much later: one such pause is enough.
        wait_until(is_at_rest, TIMEOUT_S, "the server to sleep for five seconds", every_s=5)


def test_a_saved_prompt_of_several_agents_is_offered_to_each_of_them(device: Device, area: Area) -> None:
    directory = prompts_directory(config_dir())
    directory.mkdir(parents=True)
    (directory / "review.md").write_text("---\nagents: claude, fake\n---\nReview it.\n")
    (directory / "other.md").write_text("---\nagents: claude\n---\nNot for this one.\n")
    chat = new_chat(area, "api")
    assert device.read("chat", chat=chat)["prompts"] == [{"name": "review", "text": "Review it."}]
