"""Which runtime a chat has is asked where its parts are made; all others ask for a trait, such as its screen."""

from __future__ import annotations

import ast
import re
from collections import Counter

from tests.architecture.source_tree import python_files, text, tree

STILL_ASKED: Counter[str] = Counter(
    {
        "gui/window/actions/chats/continuing.py": 2,
        "gui/window/new_chat/sheet.py": 1,
        "gui/window/panes/tabs.py": 1,
        "session_host/agents/agent.py": 1,
        "session_host/cli/starting.py": 1,
        "session_host/client/chats/launch_spec.py": 2,
        "session_host/client/viewer/viewer.py": 1,
        "session_host/protocol/facts.py": 1,
    }
)
"""The comparisons that are left, by file; the list only gets shorter."""

RUNTIME = re.compile(r"runtime\b")


def asks_for_the_runtime(node: ast.AST) -> bool:
    """Whether an expression compares a runtime with another one."""
    match node:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            return any(RUNTIME.search(ast.unparse(each)) for each in (left, right))
    return False


def test_few_files_ask_which_runtime_a_chat_has() -> None:
    found: Counter[str] = Counter()
    for path in python_files("gui", "session_host"):
        asked = list(filter(asks_for_the_runtime, ast.walk(tree(path)))) if "runtime" in text(path) else []
        found.update({path.as_posix(): len(asked)} if asked else {})
    assert found == STILL_ASKED, "ask for a trait of the chat; what is gone leaves the list"


CONTENT_ASKED: Counter[str] = Counter(
    {
        "gui/window/actions/chats/forking.py": 2,
        "gui/window/actions/chats/saved_prompts.py": 1,
        "gui/window/actions/lists.py": 3,
        "gui/window/actions/tabs_and_panes.py": 1,
        "gui/window/actions/window_commands.py": 2,
        "gui/window/page/chat_page.py": 2,
        "gui/window/page/status_line.py": 1,
        "gui/window/search.py": 1,
    }
)
"""The functions of the window that ask which content a page has, by file; the list only gets shorter."""


def test_few_files_ask_which_content_a_page_has() -> None:
    """Both contents take the same calls, or ``structured_made`` and ``terminal_made`` bring the right one."""
    found: Counter[str] = Counter()
    for path in python_files("gui/window"):
        for function in (each for each in ast.walk(tree(path)) if isinstance(each, ast.FunctionDef)):
            content = {
                each.attr
                for each in ast.walk(function)
                if isinstance(each, ast.Attribute) and ast.unparse(each.value) in {"page", "self.page", "self"}
            }
            found[path.as_posix()] += len(content & {"terminal", "structured"})
    assert +found == CONTENT_ASKED
