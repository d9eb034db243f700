"""A machine answers what differs between this one and the others: nobody asks who it is."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from tests.architecture.source_tree import python_files, tree

AT_HOME = ("session_host/client/machine.py", "session_host/machines/")
"""Where the answers are."""

STILL_ASKED = {
    "gui/window/remote_control/server.py": 2,  # An id of a request may name no known machine, and is refused, too.
}
"""The conditions that are left, by file; the list only gets shorter."""


def conditions(module: ast.Module) -> Iterator[ast.expr]:
    """The expressions of which only the truth counts."""
    for node in ast.walk(module):
        match node:
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
                yield test
            case ast.BoolOp(values=values) | ast.comprehension(ifs=values):
                yield from values
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield operand
            case ast.Call(func=ast.Name("bool"), args=[argument]):
                yield argument
            case ast.match_case(guard=ast.expr() as guard):
                yield guard


def asks_who_it_is(condition: ast.expr) -> bool:
    """Whether a condition is the name of a machine."""
    match condition.value if isinstance(condition, ast.NamedExpr) else condition:
        case ast.Attribute(ast.Name("machine") | ast.Attribute(attr="machine"), "name"):
            return True
        case ast.Call(ast.Name("machine_of")):
            return True
    return False


def test_nobody_asks_a_machine_who_it_is() -> None:
    found: Counter[str] = Counter()
    for path in python_files("gui", "session_host"):
        if not path.as_posix().startswith(AT_HOME):
            asked = set(filter(asks_who_it_is, conditions(tree(path))))
            found.update({path.as_posix(): len(asked)} if asked else {})
    assert found == STILL_ASKED, "a machine answers (Machine, MachineFiles); what is gone leaves the list"
