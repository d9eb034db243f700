"""The recorder between a host and a real agent changes no traffic, and records all of it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.programs import query_sender
from tests.support.area import Area
from tests.support.commands import REPOSITORY, outlive
from tests.support.pty_traffic import Traffic, put_recorder_before, read_traffic
from tests.support.waiting import wait_until


@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
def test_each_query_has_one_reply_and_no_other_bytes(area: Area, tmp_path: Path, engine: str) -> None:
    log, answers = tmp_path / "log", tmp_path / "answers"
    put_recorder_before(Path(sys.executable), "recorded", tmp_path / "bin", log)
    program = str(REPOSITORY / "tests" / "programs" / "query_sender.py")
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"

    chat = outlive(
        "new", "--json", "--engine", engine, "--", "recorded", program, str(answers), env={"PATH": path}
    ).json()["id"]
    assert outlive("wait", chat, "--exited", "--timeout", "60").code == 0

    traffic = read_traffic(log)
    assert json.loads(answers.read_text())["received"].encode("latin-1") == traffic.given
    assert not traffic.replies()
    assert traffic.typed() == b""
    assert traffic.written.count(b"\x1b[c") == 1, query_sender.QUERIES["DA1"]


@pytest.mark.usefixtures("sessions")
def test_input_and_exit_status_pass_through_the_recorder(area: Area, tmp_path: Path) -> None:
    log = tmp_path / "log"
    put_recorder_before(Path("/bin/bash"), "recorded", tmp_path / "bin", log)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    script = 'stty size; read -r line; echo "got $line"; kill -TERM $$'
    words = ["new", "--json", "--size", "77x11", "--", "recorded", "-c", script]
    chat = outlive(*words, env={"PATH": path}).json()["id"]
    assert outlive("wait", chat, "--text", "11 77", "--timeout", "60").code == 0

    assert outlive("send", chat, "hello", "--enter").code == 0

    assert outlive("wait", chat, "--exited", "--timeout", "60").code == 0
    [info] = outlive("ls", "--all", "--json").json()
    assert info["exit_signal"] == 15
    wait_until(lambda: read_traffic(log).typed() == b"hello\r", 10, "it to be written down")


def test_input_that_was_not_typed_is_detected() -> None:
    assert Traffic(b"\x1b[?62;22c\x1b[?62;22c", b"\x1b[c").replies() == {"DA1": 1}
    assert Traffic(b"\x1b[?2026;2$y", b"\x1b[?2004$p").replies() == {"DECRQM ?2026": 1}
    assert Traffic(b"hi\x1b[?62;22c\x1b[I!", b"").typed() == b"hi!"
    queries = b"\x1b]4;0;?;1;?\x1b\\\x1b]11;?\x07"
    answers = b"\x1b]4;0;rgb:00/00/00\x1b\\\x1b]4;1;rgb:aa/00/00\x1b\\\x1b]11;rgb:0/0/0\x07"
    assert not Traffic(answers, queries).replies()
    assert Traffic(answers, queries).typed() == b""
