"""The agents' chats that a process belongs to, with real processes, and which chats it may control."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from session_host.system.processes import identity, proc
from session_host.system.processes.permission import AGENT_CHATS, UNKNOWN, agent_chats, refusal


def chats_of_inner(inner: str, *, outer: dict[str, str]) -> tuple[str, ...]:
    """Return the chats of a process that is started, by the shell words ``inner``, in the environment ``outer``."""
    program = f"{inner} sh -c 'echo $$; read wait'; true"
    with subprocess.Popen(
        ["sh", "-c", program], env={**os.environ, **outer}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            return agent_chats(int(process.stdout.readline()))
        finally:
            process.stdin.close()


@pytest.mark.parametrize(
    ("inner", "outer", "chats"),
    [
        ("env", {AGENT_CHATS: "one:two"}, ("one", "two")),
        ("env -i", {AGENT_CHATS: "one"}, ("one",)),
        (f"env {AGENT_CHATS}=three:one", {AGENT_CHATS: "one"}, ("one",)),
        (f"env {AGENT_CHATS}={UNKNOWN} env {AGENT_CHATS}=three:one", {AGENT_CHATS: "one"}, ("one",)),
        ("env", {AGENT_CHATS: "three:one"}, ("three", "one")),
        (f"env {AGENT_CHATS}=", {AGENT_CHATS: "one"}, ("one",)),
        (f"env {AGENT_CHATS}=two", {AGENT_CHATS: "one"}, ("one",)),
        (f"env {AGENT_CHATS}={UNKNOWN} env {AGENT_CHATS}=", {AGENT_CHATS: "one"}, ("one",)),
        ("env", {AGENT_CHATS: ""}, ()),
        ("env", {}, ()),
        ("env -i", {AGENT_CHATS: UNKNOWN}, (UNKNOWN,)),
        (f"env -u {AGENT_CHATS} OUTLIVE_SESSION=some", {AGENT_CHATS: UNKNOWN}, (UNKNOWN,)),
        (f"env {AGENT_CHATS}=", {AGENT_CHATS: UNKNOWN}, ()),
        (f"prlimit --msgqueue=4096 env {AGENT_CHATS}=", {AGENT_CHATS: UNKNOWN}, (UNKNOWN,)),
    ],
    ids=[
        "inherited",
        "cleared",
        "another agent's before its own",
        "another agent's, like a keeper's",
        "a chat in a chat",
        "emptied",
        "another agent's",
        "like a keeper's",
        "a chat of the user's",
        "no chat",
        "an orphan",
        "an orphan that keeps the other variables",
        "an orphan of a chat of the user's",
        "an agent's orphan that claims to be the user's",
    ],
)
def test_a_process_belongs_to_the_chats_of_its_ancestors_whatever_it_says(
    inner: str, outer: dict[str, str], chats: tuple[str, ...]
) -> None:
    assert chats_of_inner(inner, outer=outer) == chats


def test_a_process_that_has_ended_controls_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(["true"])
    process.wait()

    assert agent_chats(process.pid) == (UNKNOWN,)
    assert refusal(agent_chats(process.pid), ("one",), "a chat", tmp_path / "chats.toml")


def test_an_agent_that_hides_behind_many_processes_controls_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "MAX_ANCESTORS", 8)
    inner = f"env -u {AGENT_CHATS} " + "sh -c 'exec 3<&0; \"$@\"; true' - " * 8
    assert chats_of_inner(inner, outer={AGENT_CHATS: "one"}) == (UNKNOWN,)


def test_an_agent_whose_parent_ends_while_it_is_looked_at_controls_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = proc.stat_fields

    def ended(pid: int) -> list[str]:
        if pid != os.getpid():
            raise ProcessLookupError
        return fields(pid)

    monkeypatch.setattr(proc, "stat_fields", ended)
    monkeypatch.setattr(identity, "_is_of_another_user", lambda pid: False)
    assert agent_chats(os.getpid()) == (UNKNOWN,)


def test_an_unknown_process_does_not_control_what_another_unknown_one_started(tmp_path: Path) -> None:
    assert refusal((UNKNOWN,), ("one", UNKNOWN), "a chat", tmp_path / "chats.toml")


@pytest.mark.parametrize(
    ("settings", "may"),
    [
        ('agents_may_control = "all"\n', True),
        ('agents_may_control = "own"\n', False),
        ("agents_may_control = true\n", False),
        ("record = false\n", False),
        ("agents_may_control = \xff", False),
    ],
)
def test_settings_allow_or_forbid_control(tmp_path: Path, settings: str, may: bool) -> None:
    file = tmp_path / "chats.toml"
    file.write_bytes(settings.encode("latin-1"))
    process = subprocess.Popen(["true"])
    process.wait()

    assert (refusal(agent_chats(process.pid), (), "a chat", file) == "") is may


def test_a_pipe_in_place_of_the_settings_counts_as_none_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "chats.toml")
    assert refusal(("one",), ("two",), "a chat", tmp_path / "chats.toml")
