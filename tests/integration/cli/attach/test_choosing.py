"""``outlive attach`` without a name."""

from __future__ import annotations

import pytest

from tests.support.commands import OnTerminal, new, outlive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

DETACH = b"\x02d"


def test_attach_without_a_name_shows_the_only_chat_or_asks_which() -> None:
    new("-n", "first", "--", "sh", "-c", "echo this is first; exec cat")
    with OnTerminal("attach") as terminal:
        terminal.see("this is first")
        terminal.type(DETACH)
        assert terminal.end() == 0
    new("-n", "asks", "--", "sh", "-c", r"printf '\033]7501;state=blocked\007'; echo this asks; exec cat")
    wait_until(lambda: "needs you" in outlive("ls").output, 60, "the question to be known")
    for typed, shown in (("\r", "this asks"), ("2\r", "this is first"), ("asks\r", "this asks")):
        with OnTerminal("attach") as terminal:
            terminal.see("Attach to")
            assert terminal.text().index("1  asks") < terminal.text().index("2  first")
            terminal.type(typed)
            terminal.see(shown)
            terminal.type(DETACH)
            assert terminal.end() == 0
    with OnTerminal("attach") as terminal:
        terminal.see("Attach to")
        terminal.type("3\r")
        assert terminal.end() == 3
    assert outlive("attach").code == 2, "without a terminal"
