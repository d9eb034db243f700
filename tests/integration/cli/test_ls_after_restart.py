"""``outlive ls`` after a restart of the computer names what that has interrupted."""

from __future__ import annotations

from tests.conftest import Sessions
from tests.support.commands import new, outlive
from tests.support.reboots import restart_computer


def test_ls_names_the_chats_that_a_restart_has_interrupted(sessions: Sessions) -> None:
    for number in range(10):
        new("-n", f"c{number}", "--", "cat")
    assert "interrupted" not in outlive("ls").output
    restart_computer(sessions)
    lines = outlive("ls").output.splitlines()
    assert lines[0].startswith("no running chats")
    names = ", ".join(f"c{number}" for number in range(8))
    assert lines[1] == f"interrupted by a restart: {names} and 2 more; `outlive resume NAME` continues one"
    assert outlive("ls", "--json").json() == []
    assert outlive("rm", "c3").code == 0
    assert "c3," not in outlive("ls").output
