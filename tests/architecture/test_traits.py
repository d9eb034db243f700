"""Which runtime a chat has is asked in the files of this list only, where its parts are made."""

from __future__ import annotations

import ast
import re
from collections import Counter

from tests.architecture.source_tree import python_files, tree

STILL_ASKED: Counter[str] = Counter(
    {
        "gui/app.py": 1,
        "gui/tray/notifier.py": 3,
        "gui/window/actions/chats/chat_actions.py": 1,
        "gui/window/actions/chats/continuing.py": 2,
        "gui/window/actions/chats/forking.py": 2,
        "gui/window/actions/lists.py": 1,
        "gui/window/actions/separate_windows.py": 1,
        "gui/window/announcing.py": 1,
        "gui/window/changes/review.py": 1,
        "gui/window/new_chat/sheet.py": 1,
        "gui/window/panes/tabs.py": 1,
        "gui/window/sheets/export.py": 1,
        "session_host/agents/agent.py": 1,
        "session_host/cli/answers.py": 1,
        "session_host/cli/attach/command.py": 4,
        "session_host/cli/peek.py": 1,
        "session_host/cli/recording/export.py": 3,
        "session_host/cli/recording/recording.py": 1,
        "session_host/cli/recording/there.py": 2,
        "session_host/cli/send.py": 1,
        "session_host/cli/starting.py": 3,
        "session_host/cli/turns/answer.py": 1,
        "session_host/cli/turns/coming.py": 1,
        "session_host/cli/turns/prompts.py": 1,
        "session_host/cli/turns/reading.py": 2,
        "session_host/cli/turns/report_back.py": 3,
        "session_host/cli/turns/sending.py": 2,
        "session_host/cli/turns/waiting.py": 1,
        "session_host/cli/wait.py": 1,
        "session_host/client/chats/launch_spec.py": 4,
        "session_host/client/chats/resume.py": 1,
        "session_host/client/viewer/viewer.py": 1,
        "session_host/web/actions.py": 2,
        "session_host/web/app.py": 1,
        "session_host/web/conversations.py": 3,
        "session_host/web/rows.py": 1,
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
        asked = list(filter(asks_for_the_runtime, ast.walk(tree(path))))
        found.update({path.as_posix(): len(asked)} if asked else {})
    assert found <= STILL_ASKED, "ask what the chat can do"
