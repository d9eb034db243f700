"""``outlive explain`` prints a chat's changes."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from session_host.cli.explain import Explained, lines
from session_host.client.sessions.session_info import SessionInfo

BEGAN = {"time": "2026-01-02T03:04:05.000Z", "activity": "no_signal", "source": "", "detail": ""}
INFO = SessionInfo(
    id="1", name="x", agent="shell", argv=[], cwd="/", state="running", exit_code=None, exit_signal=None, title="",
    host_pid=1, child_pid=2, created_at=BEGAN["time"], ended_at=None, cols=80, rows=24, engine="pyte",
    provider_session_id=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("state", "since", "word"),
    [
        ("running", BEGAN["time"], "started"),
        ("exited", "2026-01-02T03:04:06.500Z", "ended"),
        ("exited", "2026-01-02T03:14:05.000Z", "started"),
    ],
)
def test_only_a_change_at_the_end_is_reported_as_the_end(state: str, since: str, word: str) -> None:
    explained = Explained(
        id="1", name="x", agent="shell", state=state, exit_code=0 if state == "exited" else None, exit_signal=None,
        reason=None, child_pid=2, since=since, activity=None, activity_source=None, activity_since=None,
        activity_detail=None, conversation=None, transitions=[BEGAN],  # type: ignore[list-item]
    )  # fmt: skip

    shown = lines(explained, INFO, datetime(2026, 1, 2, 4, tzinfo=UTC), None)

    assert shown[-1].split()[-1] == word


def test_a_shell_at_its_prompt_shows_how_its_last_command_ended() -> None:
    info = msgspec.structs.replace(INFO, foreground="", last_exit_code=2, last_ended="2026-01-02T03:59:55.000Z")
    explained = Explained(
        id="1", name="x", agent="shell", state="running", exit_code=None, exit_signal=None, reason=None, child_pid=2,
        since=BEGAN["time"], activity="no_signal", activity_source=None, activity_since=None, activity_detail=None,
        conversation=None,
    )  # fmt: skip

    shown = "\n".join(lines(explained, info, datetime(2026, 1, 2, 4, tzinfo=UTC), None))

    assert "shell at the prompt; last command ended with 2, 2026-01-02" in shown
    assert "(5 s ago)" in shown


@pytest.mark.parametrize(("agent", "expects_reports"), [("shell", False), ("command", False), ("claude", True)])
def test_only_an_agent_is_expected_to_report(agent: str, expects_reports: bool) -> None:
    explained = Explained(
        id="1", name="x", agent=agent, state="running", exit_code=None, exit_signal=None, reason=None, child_pid=2,
        since=BEGAN["time"], activity="no_signal" if expects_reports else "idle",
        activity_source=None if expects_reports else "foreground", activity_since=None, activity_detail=None,
        conversation=None, stale_after_s=60.0, transitions=[BEGAN],  # type: ignore[list-item]
    )  # fmt: skip
    info = INFO if expects_reports else msgspec.structs.replace(INFO, foreground="")

    shown = lines(explained, info, datetime(2026, 1, 2, 4, tzinfo=UTC), None)

    headings = {line.split()[0] for line in shown}
    assert ({"sources", "silence", "conversation"} <= headings) == expects_reports
    assert ("no signal" in "\n".join(shown)) == expects_reports
    assert shown[-1].split()[-2:] == (["signal", "started"] if expects_reports else ["running", "started"])
