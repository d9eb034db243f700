"""A fact of a chat is described once: no two structs share three names of facts."""

from __future__ import annotations

import ast
from itertools import combinations

from session_host.protocol.facts import AgentStatus, Entry, Foreground, Origin, Outcome, OwnWorktree, Program
from tests.architecture.source_tree import python_files, tree

PARTS = (Origin, OwnWorktree, Entry, Outcome, Program, AgentStatus, Foreground)
FACTS = {name for part in PARTS for name in part.__struct_fields__}
STRUCTS = {"Struct", "Message", "KeeperMessage", "NamedTuple"}

NO_DESCRIPTIONS = {
    **dict.fromkeys(
        ("LaunchRequest", "NewChatRequest", "Start", "_AgentStart", "AccountPlace"), "a wish, of which a chat is made"
    ),
    **dict.fromkeys(("StatusReport", "SourceReport", "ActivityState", "Transition"), "a report, or a change"),
    **dict.fromkeys(("Started", "StatusChanged", "Ended"), "an event, with what was so at its time"),
    **dict.fromkeys(("Explanation", "Explained", "Evidence"), "evidence, and what the host looked at for it"),
    "UsedTokens": "what a command prints of the sums of a group of chats",
    "Row": "what the page's list shows, as JSON: words that are made from the facts",
}
"""Structs that have such names and describe no chat, and what they are."""


def _facts_named() -> dict[str, set[str]]:
    """The names of facts among the fields of each struct."""
    found: dict[str, set[str]] = {}
    for path in python_files("session_host", "gui"):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            if not {ast.unparse(base).rpartition(".")[2] for base in node.bases} & STRUCTS:
                continue
            fields = {ast.unparse(each.target) for each in node.body if isinstance(each, ast.AnnAssign)}
            found[node.name] = found.get(node.name, set()) | (fields & FACTS)
    return found


def test_no_two_structs_share_three_names_of_facts() -> None:
    pairs = combinations(_facts_named().items(), 2)
    shared = [{one, other} for (one, first), (other, second) in pairs if len(first & second) > 2]
    assert [pair for pair in shared if not pair & NO_DESCRIPTIONS.keys()] == []
    assert set().union(*shared) >= NO_DESCRIPTIONS.keys()
