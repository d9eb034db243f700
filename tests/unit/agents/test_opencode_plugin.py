"""The plugin by which opencode reports its state: node runs it here, with opencode's own events."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.agents.catalog import BUILT_IN_DIRECTORY
from session_host.protocol.codec import Decoder
from session_host.protocol.messages import PROTOCOL_VERSION, FromClient, Hello, Report

PLUGIN = BUILT_IN_DIRECTORY / "opencode" / "status.js"

RUN = """
const { OutliveStatus } = await import(process.argv[2])
const first = await OutliveStatus()
const second = await OutliveStatus()
for (const event of JSON.parse(process.argv[3])) {
  await first.event?.({ event })
  await second.event?.({ event })
}
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to run opencode's plugin with")


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "s.sock"))
        listening.listen(8)
        listening.settimeout(60)
        yield listening


def reports_of(listener: socket.socket, tmp_path: Path, events: list[dict[str, Any]]) -> list[object]:
    """Run the plugin with these events, each sent twice; returns what it reports to the host."""
    script = tmp_path / "run.mjs"
    # The plugin keeps no process alive, so the script waits until everything is sent.
    script.write_text(RUN + "await new Promise((done) => setTimeout(done, 200))\n", encoding="utf-8")
    plugin = tmp_path / "status.mjs"
    shutil.copy(PLUGIN, plugin)
    process = subprocess.Popen(
        ["node", str(script), plugin.as_uri(), json.dumps(events)],
        env={"OUTLIVE_SOCKET": listener.getsockname(), "OUTLIVE_REPORT_ID": "1f", "PATH": "/usr/bin:/bin"},
    )
    connection, _ = listener.accept()
    data = b""
    with connection:
        while part := connection.recv(65536):
            data += part
    assert process.wait(60) == 0
    return list(Decoder(FromClient).feed(data))


def test_a_turn_with_a_question_is_reported(listener: socket.socket, tmp_path: Path) -> None:
    root, child = "ses_root", "ses_child"
    reports = reports_of(
        listener,
        tmp_path,
        [
            {"type": "session.created", "properties": {"info": {"id": root, "title": "New session"}}},
            {"type": "session.status", "properties": {"sessionID": root, "status": {"type": "busy"}}},
            {"type": "session.created", "properties": {"info": {"id": child, "parentID": root, "title": "t"}}},
            {"type": "session.status", "properties": {"sessionID": child, "status": {"type": "busy"}}},
            {
                "type": "permission.asked",
                "properties": {
                    "id": "per_1",
                    "sessionID": child,
                    "permission": "bash",
                    "metadata": {"command": "rm\n x"},
                },
            },
            {"type": "permission.replied", "properties": {"sessionID": child, "requestID": "per_1"}},
            {"type": "session.idle", "properties": {"sessionID": child}},
            {"type": "session.idle", "properties": {"sessionID": root}},
            {"type": "unheard.of"},
            {"type": "session.status"},
        ],
    )
    assert reports == [
        Hello(PROTOCOL_VERSION, "control"),
        Report("plugin", "start", report_id="1f"),
        Report("plugin", "conversation", root, "New session", report_id="1f"),
        Report("plugin", "working", root, report_id="1f"),
        Report("plugin", "needs_input", root, "bash: rm x", report_id="1f"),
        Report("plugin", "working", root, report_id="1f"),
        Report("plugin", "idle", root, report_id="1f"),
    ]


def test_of_several_questions_the_one_on_the_screen_is_reported(listener: socket.socket, tmp_path: Path) -> None:
    """opencode shows permissions first; and the sub-agent that began last first, since its id is the smallest."""
    root, later, earlier = "ses_root", "ses_a", "ses_b"

    def permission(session: str, number: int) -> dict[str, Any]:
        about = {"permission": "bash", "metadata": {"command": f"touch {number}"}}
        return {"type": "permission.asked", "properties": {"id": f"per_{number}", "sessionID": session, **about}}

    def replied(kind: str, session: str, request: str) -> dict[str, Any]:
        return {"type": f"{kind}.replied", "properties": {"sessionID": session, "requestID": request}}

    reports = reports_of(
        listener,
        tmp_path,
        [
            *(
                {"type": "session.created", "properties": {"info": {"id": child, "parentID": root}}}
                for child in (earlier, later)
            ),
            {
                "type": "question.asked",
                "properties": {"id": "que_1", "sessionID": later, "questions": [{"question": "Which?"}]},
            },
            permission(later, 2),
            permission(earlier, 1),
            permission(later, 3),
            replied("permission", later, "per_2"),
            replied("permission", later, "per_3"),
            replied("permission", earlier, "per_1"),
            replied("question", later, "que_1"),
        ],
    )
    told = [(each.event, each.detail) for each in reports[2:] if isinstance(each, Report)]
    assert told == [
        ("needs_input", "Which?"),
        *(("needs_input", f"bash: touch {number}") for number in (2, 3, 1)),
        ("needs_input", "Which?"),
        ("working", ""),
    ]


def test_an_interrupted_question_is_over(listener: socket.socket, tmp_path: Path) -> None:
    root = "ses_root"
    reports = reports_of(
        listener,
        tmp_path,
        [
            {"type": "session.status", "properties": {"sessionID": root, "status": {"type": "busy"}}},
            {
                "type": "question.asked",
                "properties": {"id": "que_1", "sessionID": root, "questions": [{"question": "Which? " + "ü" * 500}]},
            },
            {"type": "session.error", "properties": {"sessionID": root, "error": {"name": "MessageAbortedError"}}},
            {"type": "session.idle", "properties": {"sessionID": root}},
        ],
    )
    assert [report.event for report in reports[2:] if isinstance(report, Report)] == [
        "working",
        "needs_input",
        "interrupted",
    ]
    assert isinstance(reports[3], Report)
    assert len(reports[3].detail) == 400


def test_without_a_host_opencode_keeps_running(tmp_path: Path) -> None:
    script = tmp_path / "run.mjs"
    script.write_text(RUN, encoding="utf-8")
    plugin = tmp_path / "status.mjs"
    shutil.copy(PLUGIN, plugin)
    events = json.dumps([{"type": "session.idle", "properties": {"sessionID": "ses_x"}}])
    for path in ("", str(tmp_path / "nobody.sock")):
        done = subprocess.run(
            ["node", str(script), plugin.as_uri(), events],
            env={"OUTLIVE_SOCKET": path, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
