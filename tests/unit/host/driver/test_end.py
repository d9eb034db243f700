"""When a program ended, as its hosts record it."""

from __future__ import annotations

from tests.support.session_harness import session_harness


async def test_a_host_that_replaces_another_records_the_moment_at_which_the_program_ended() -> None:
    """`ended_at` was the moment at which the last host of several saw the end."""
    with session_harness() as harness:
        harness.host()
        harness.attach_pty()
        harness.input_log.header.exit_status = 0
        harness.driver.program_ended(0, None)
        ended_at = harness.driver.outcome.ended_at
        assert ended_at == harness.input_log.header.exited_at != ""
        harness.kill()
        harness.host()
        harness.driver._now = lambda: "later"
        harness.driver.program_ended(0, None)
        assert harness.driver.outcome.ended_at == ended_at


async def test_an_end_that_an_older_keeper_saw_is_dated_by_its_host() -> None:
    with session_harness() as harness:
        harness.host()
        harness.attach_pty()
        harness.driver._now = lambda: "now"
        harness.driver.program_ended(0, None)
        assert harness.driver.outcome.ended_at == "now"
