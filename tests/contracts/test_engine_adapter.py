"""The adapter that answers requests of conformance suites with the product's engines."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from typing import Any

import pytest

from session_host.terminal import available_engines, engine_build
from session_host.terminal.base import EngineName
from tests.support.engine_adapter import Adapter


def ask(engine: EngineName, *requests: dict[str, Any] | str) -> list[dict[str, Any]]:
    lines = "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in requests)
    answers = io.BytesIO()
    Adapter(engine).serve(io.BytesIO(lines.encode()), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def feed(output: str) -> dict[str, Any]:
    return {"op": "feed", "b64": base64.b64encode(output.encode()).decode()}


@pytest.mark.parametrize("engine", available_engines())
def test_requests_are_answered(engine: EngineName) -> None:
    info, new, fed, resized, dump, quit_ = ask(
        engine,
        {"op": "info"},
        {"op": "new", "cols": 20, "rows": 3, "scrollback": 50},
        feed("1\r\n2\r\n3\r\n\x1b[1;31;44m漢\x1b[0m\x1b]8;;http://a/\x07l\x1b]8;;\x07\x1b[6n\x1b[?1006h"),
        {"op": "resize", "cols": 22, "rows": 3},
        {"op": "dump", "cells": True, "scrollback": True},
        {"op": "quit"},
    )
    assert info["engine"] == engine
    assert info["version"] == engine_build(engine)
    assert new == resized == quit_ == {"ok": True}
    assert base64.b64decode(fed["replies_b64"]) == b"\x1b[3;4R"
    assert dump["rows"] == ["2", "3", "漢l"]
    assert dump["scrollback"] == ["1"]
    assert dump["cursor"] == [3, 2]
    assert dump["replies_b64"] == ""
    assert dump["modes"]["mouse_enc"] == "sgr"
    assert dump["modes"]["cursor_visible"] is True
    assert dump["cells"][2] == [
        {"x": 0, "t": "漢", "w": 2, "fg": 1, "bg": 4, "attrs": ["bold"]},
        {"x": 2, "t": "l", "link": "http://a/"},
    ]


def test_an_impossible_request_is_reported() -> None:
    engine = available_engines()[0]
    answers = ask(engine, "no json", {"op": "dance"}, {}, {"op": "new"}, "[]", {"op": "info"})
    assert [answer["ok"] for answer in answers] == [False, False, False, False, False, True]
    assert all(answer["error"] for answer in answers[:-1])


def test_the_command_runs_the_adapter() -> None:
    engine = available_engines()[0]
    command = [sys.executable, "-m", "tests.support.engine_adapter", "--engine", engine]
    run = subprocess.run(command, input=b'{"op":"info"}\n', capture_output=True, check=True)
    assert json.loads(run.stdout)["ok"] is True
    assert run.stderr == b""
