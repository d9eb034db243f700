"""The keys after Ctrl+B: what the line of Ctrl+B ? lists, and what the guide says."""

from __future__ import annotations

import re

import pytest

from session_host.cli.attach.chat.view import ChatView
from session_host.cli.attach.terminal_view import TerminalView
from tests.support.commands import REPOSITORY

IN_CHAT_VIEWS, IN_TERMINALS = {"w", "r", "y"}, {"PageUp", "Ctrl+B"}
PAGE = (REPOSITORY / "resources" / "guide" / "attach.md").read_text(encoding="utf-8")


def listed(help_text: str) -> set[str]:
    """The keys of a line: each is the first word of its part."""
    return {part.split()[0] for part in help_text.removeprefix("Ctrl+B: ").split(" · ")}


@pytest.mark.parametrize(("view", "others"), [(ChatView, IN_TERMINALS), (TerminalView, IN_CHAT_VIEWS)])
def test_the_line_lists_all_keys_that_the_guide_has(view: type[ChatView | TerminalView], others: set[str]) -> None:
    in_guide = set(re.findall(r"^\| Ctrl\+B (\S+) \|", PAGE, re.MULTILINE))
    assert in_guide > IN_CHAT_VIEWS | IN_TERMINALS
    assert listed(view.help_text) == in_guide - others - {"?"}
