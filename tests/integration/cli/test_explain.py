"""``outlive explain``: the evidence for state and activity of running and ended chats."""

from __future__ import annotations

import pytest

from tests.support.area import Area
from tests.support.commands import new, outlive

pytestmark = pytest.mark.usefixtures("sessions")

SAYS = r"printf '\033]7501;state=working\007\033]9;4;3\007\033]7501;state=blocked:kind=permission\007'; exec cat"


@pytest.fixture
def chat() -> str:
    session_id = new("-n", "x", "--", "sh", "-c", SAYS)
    assert outlive("wait", "x", "--status", "needs_input", "--timeout", "60").code == 0
    return session_id


def test_a_running_chat_is_explained(chat: str) -> None:
    explained = outlive("explain", "x", "--json").json()
    assert (explained["id"], explained["name"], explained["state"], explained["activity"]) == (
        chat,
        "x",
        "running",
        "needs_input",
    )
    assert (explained["activity_source"], explained["activity_detail"]) == ("osc 7501", "permission")
    assert explained["child_started"] > 0
    assert explained["child_started_at"]
    assert [(each["source"], each["said"], each["counts"]) for each in explained["evidence"]] == [
        ("osc 7501", "state=blocked permission", True), ("osc 9;4", "indeterminate", False),
    ]  # fmt: skip
    assert [each["activity"] for each in explained["transitions"]] == ["working", "needs_input"]
    assert explained["stale_after_s"] == 60

    text = outlive("explain", "x").output.splitlines()
    assert text[0].split() == ["x", "command", chat]
    assert text[1].startswith("state         running since ")
    assert f"process {explained['child_pid']}, started " in text[2]
    assert any(line.startswith("status        needs you since ") for line in text)
    assert any("osc 9;4" in line and "overridden" in line for line in text)
    assert any("60 s" in line for line in text)
    assert "needs you" in text[-1]
    table = outlive("ls").output
    assert "▲ needs you" in table
    assert "permission" in table
    listed = outlive("ls", "--json").json()[0]
    assert (listed["activity_detail"], listed["activity_since"]) == ("permission", explained["activity_since"])


def test_an_ended_chat_keeps_its_activity_log(chat: str) -> None:
    assert outlive("kill", "x").code == 0
    explained = outlive("explain", chat, "--json").json()
    assert (explained["state"], explained["exit_signal"], explained["activity"], explained["evidence"]) == (
        "exited",
        9,
        None,
        [],
    )
    assert [(each["activity"], each["source"]) for each in explained["transitions"]] == [
        ("working", "osc 7501"), ("needs_input", "osc 7501"), ("no_signal", ""),
    ]  # fmt: skip
    text = outlive("explain", chat).output
    assert "was killed by you, " in text
    assert text.splitlines()[-1].split()[-1] == "ended"
    assert "no signal" not in text


def test_a_chat_started_without_its_plugin_is_explained(area: Area) -> None:
    (area.config / "agents").mkdir()
    catalog = """title = "Mine"\nexecutable = "cat"\nstart = ["cat"]\nmonogram = "M"\nenv = {SAYS = "{files}"}\n"""
    condition = 'env_if = {SAYS = "opencode has its plugin library"}\n'
    (area.config / "agents" / "mine.toml").write_text(catalog + condition)
    begun = outlive("new", "mine", "-d", "-n", "x")
    assert begun.code == 0

    assert "runs without Outlive's plugin" in begun.error
    assert "runs without Outlive's plugin" in outlive("explain", "x", "--json").json()["remark"]
    assert "runs without Outlive's plugin" in " ".join(outlive("explain", "x").output.split())


def test_an_unknown_chat_is_refused() -> None:
    assert outlive("explain", "x").code == 3
