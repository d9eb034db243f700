"""All texts of the window are in ``gui/wording``, where they can be read in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

ROOT = Path(__file__).parents[2]
WORDING = ROOT / "gui" / "wording"
TABLES = ROOT / "gui" / "settings" / "table.py", ROOT / "gui" / "window" / "actions" / "action_table.py"
"""Their rows have texts, too."""

SHOWN = {
    "setText": 1,
    "setToolTip": 1,
    "setPlaceholderText": 1,
    "setAccessibleName": 1,
    "setWindowTitle": 1,
    "addAction": 2,
    "set_whole": 1,
    "button": 1,
    "label": 1,
    "inform": 1,
    "Banner": 2,
    "Choice": 2,
    "QCheckBox": 1,
}
"""For each function, how many of its first arguments are shown to the user."""

SHOWN_ALL = {"Question"}
NAMES = {"Outlive: ", "Outlive", "http://127.0.0.1:8080/v1", "chat"}
"""Names and addresses that are the same in every language."""


def _literals(shown: ast.expr) -> list[str]:
    """The literal texts with letters that may be part of an expression's value."""
    match shown:
        case ast.Constant(value=str(text)):
            return [text] if re.search("[A-Za-z]", text) else []
        case ast.JoinedStr(values=parts):
            return [text for part in parts if isinstance(part, ast.Constant) for text in _literals(part)]
        case ast.IfExp(body=body, orelse=other):
            return _literals(body) + _literals(other)
        case ast.BoolOp(values=values):
            return [text for value in values for text in _literals(value)]
        case ast.BinOp(left=left, right=right):
            return _literals(left) + _literals(right)
        case _:
            return []


def _shown(call: ast.Call) -> list[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return call.args if name in SHOWN_ALL else call.args[: SHOWN.get(name, 0)]


def _written_in_place(source: str) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [text for call in calls for shown in _shown(call) for text in _literals(shown) if text not in NAMES]


def test_no_widget_has_a_text_outside_of_the_wording() -> None:
    found = {
        str(path.relative_to(ROOT)): texts
        for path in (ROOT / "gui").rglob("*.py")
        if WORDING not in path.parents and (texts := _written_in_place(path.read_text(encoding="utf-8")))
    }
    assert found == {}, "move these texts into gui/wording"


def test_each_text_with_a_number_has_a_form_for_one_and_a_form_for_several() -> None:
    wrong = [
        (path.name, *texts)
        for path in (*WORDING.glob("*.py"), *TABLES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (texts := _forms(node)) and (len(texts) == 2) != ("n" in _fields(texts[0]))
    ]
    assert wrong == []


# ------------------------------------------------------------ fields


def _texts_named() -> dict[tuple[str, str], str]:
    """The texts that have a name, by their module and name."""
    found = {}
    for path in WORDING.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value) if text := _source(value):
                    found[path.stem, name] = text
    return found


def _forms(node: ast.AST) -> list[str]:
    """The forms of a call of ``Text``; none for another node."""
    match node:
        case ast.Call(func=ast.Name(id="Text"), args=[ast.Constant(value=str()), *_] as forms):
            return [str(form.value) for form in forms if isinstance(form, ast.Constant)]
        case _:
            return []


def _source(call: ast.Call) -> str:
    """The text of a call of ``Text``, for a number above one; "" for another call."""
    return (_forms(call) or [""])[-1]


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _possible_texts(
    called: ast.expr, named: Mapping[tuple[str, str], str], names: Mapping[str, list[str]]
) -> list[str]:
    """The texts that an expression may be.

    Args:
        called: the expression.
        named: all texts with a name.
        names: the texts that each name without a module may be.
    """
    match called:
        case ast.Call():
            return [text] if (text := _source(called)) else []
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return [named[module, name]] if (module, name) in named else []
        case ast.Name(id=name):
            return names.get(name, [])
        case ast.IfExp(body=body, orelse=other):
            return [*_possible_texts(body, named, names), *_possible_texts(other, named, names)]
        case ast.Subscript(value=ast.Dict(values=values)):
            return [text for value in values for text in _possible_texts(value, named, names)]
        case _:
            return []


def _wrong_calls(source: str, named: Mapping[tuple[str, str], str], module: str = "") -> list[str]:
    """The calls of texts that give other fields than the text has; ``module`` is the file's, in the wording."""
    tree = ast.parse(source)
    names = {name: [text] for (of, name), text in named.items() if of == module}
    wrong = {}
    for part in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))):
        within = list(ast.walk(part))
        local = dict(names)
        for node in within if part is not tree else ():
            if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
                local[target.id] = [*local.get(target.id, []), *_possible_texts(node.value, named, names)]
        for call in [node for node in within if isinstance(node, ast.Call)]:
            given = {keyword.arg for keyword in call.keywords}
            for text in _possible_texts(call.func, named, local):
                if call.args or given != _fields(text):
                    wrong[call.lineno] = f"line {call.lineno}: {ast.unparse(call)}: {text}"
    return list(wrong.values())


def test_each_call_of_a_text_gives_its_fields() -> None:
    named = _texts_named()
    found = {
        str(path.relative_to(ROOT)): wrong
        for directory in ("gui", "tests")
        for path in (ROOT / directory).rglob("*.py")
        if "wording" in (source := path.read_text(encoding="utf-8"))
        and (wrong := _wrong_calls(source, named, path.stem if WORDING in path.parents else ""))
    }
    assert found == {}
