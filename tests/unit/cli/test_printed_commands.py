"""A command of Outlive that a message, a help or a page prints is one that it takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.cli.arguments import Parser, split_at_dashes
from session_host.cli.subcommands import Subcommand
from session_host.commands import ALL_SUBCOMMANDS
from session_host.errors import UsageError
from tests.architecture.source_tree import python_files, text, tree

pytestmark = pytest.mark.registrations

COMMAND = re.compile(r"`(outlive [^`…|]+)`")
PLACEHOLDER = "X"


def strings(path: Path) -> Iterator[str]:
    """The texts of a module, with a placeholder for each value; without docstrings."""
    nodes = list(ast.walk(tree(path)))
    hidden = {id(each.value) for each in nodes if isinstance(each, ast.Expr)}  # docstrings
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            hidden |= {id(each) for each in node.values}
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else PLACEHOLDER for each in node.values)
    yield from (
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden
    )


def printed() -> Iterator[tuple[str, str]]:
    for path in python_files("session_host", "gui"):
        if "outlive " in text(path):
            for each in strings(path):
                yield from ((command, str(path)) for command in COMMAND.findall(each))
    for page in (Path("resources/guide"), Path("resources/skill")):
        for path in sorted((Path(__file__).parents[3] / page).glob("*.md")):
            yield from ((command, path.name) for command in COMMAND.findall(path.read_text(encoding="utf-8")))


def test_each_printed_command_can_be_typed() -> None:
    found = dict(printed())
    assert len(found) > 100
    wrong = {f"{where}: {command}: {why}" for command, where in found.items() if (why := refusal(command))}
    assert wrong == set()


def refusal(command: str) -> str:
    """Why the command line is wrong; "" if it is not. A placeholder may stand for a number or a choice."""
    own, _after = split_at_dashes(shlex.split(command.partition(" <")[0])[1:])
    name, *words = own
    if name.startswith("-") or name.isupper() or "--help" in words or name == PLACEHOLDER:
        return ""
    if name not in ALL_SUBCOMMANDS:
        return "no such command"
    parser = Parser(name, name)
    Subcommand.load(name).configure(parser)
    try:
        parser.read([word for word in words if word not in {"[CHAT]", "[NAME]"}])
    except UsageError as error:
        is_open = re.search(r"required|invalid choice: '[A-Z]+'|not a (whole )?number: '[A-Z]+'", str(error))
        return "" if is_open else str(error)
    return ""
