"""The last turn of a fork that is made before a prompt."""

from __future__ import annotations

import pytest

from session_host.agents.conversations.earlier_items import turn_before
from session_host.errors import NotResumable
from session_host.structured.items import Item


def prompt(name: str, turn: str = "", status: str = "done") -> Item:
    return Item(name, "user", 1, name, status, turn)  # type: ignore[arg-type]


ITEMS = [prompt("first", "t1"), Item("a1", "agent", 2, "answer", turn="t1"), Item("n", "notice", 3, "a line")]


def test_a_fork_ends_with_the_turn_before_the_prompt():
    assert turn_before(ITEMS, prompt("second", "t2")) == "t1"
    assert turn_before([], prompt("first", "t1")) == "", "nothing was said before"
    assert turn_before([ITEMS[2]], prompt("first", "t1")) == ""


@pytest.mark.parametrize(
    "item", [prompt("steered", "t1"), prompt("queued", "", "queued"), Item("a2", "agent", 4, "answer", turn="t2")]
)
def test_a_prompt_that_began_no_turn_is_refused(item: Item):
    with pytest.raises(NotResumable, match="choose the prompt before it"):
        turn_before(ITEMS, item)
