"""All texts of the window are in ``gui/wording``, where they can be read in one place and translated by Qt."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import PySide6
import pytest

from gui.wording.translation import TRANSLATIONS

ROOT = Path(__file__).parents[2]
WORDING = ROOT / "gui" / "wording"
TOOLS = Path(PySide6.__file__).parent

SHOWN = {
    "setText": 1, "setToolTip": 1, "setPlaceholderText": 1, "setAccessibleName": 1, "setWindowTitle": 1, "addAction": 2,
    "set_whole": 1, "button": 1, "label": 1, "inform": 1, "Banner": 2, "Choice": 2, "QCheckBox": 1,
}  # fmt: skip
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
    assert found == {}, "move these texts into functions of gui/wording"


@pytest.mark.parametrize(
    "source",
    ['x.setText("Copy")', 'x.setText(f"{n} lines")', 'Banner(text, "Undo")', 'label("No" if a else b, "title")'],
)
def test_a_text_outside_of_the_wording_is_found(source: str) -> None:
    assert _written_in_place(source)


def _plurals(path: Path) -> set[tuple[str, str]]:
    return {
        (context.findtext("name", ""), source)
        for context in ET.parse(path).getroot().iter("context")
        for message in context.iter("message")
        if "(s)" in (source := message.findtext("source", "")) or "%n" in source
    }


def test_each_plural_has_its_english_forms_and_qt_finds_all_texts(tmp_path: Path) -> None:
    generated = tmp_path / "found.ts"
    files = sorted(map(str, (*WORDING.glob("*.py"), ROOT / "gui" / "window" / "actions" / "action_table.py")))
    noop = ("-tr-function-alias", "QT_TRANSLATE_NOOP+=N_")
    subprocess.run([TOOLS / "lupdate", "-silent", *noop, *files, "-ts", str(generated)], check=True)
    assert len(ET.parse(generated).getroot().findall(".//message")) > 300
    advice = (
        "resources/translations/outlive_en.ts has both forms of each text with %n or (s); then run PySide6's lrelease"
    )
    assert _plurals(generated) == _plurals(TRANSLATIONS / "outlive_en.ts"), advice


def test_the_compiled_translation_is_up_to_date(tmp_path: Path) -> None:
    compiled = tmp_path / "made.qm"
    source = TRANSLATIONS / "outlive_en.ts"
    subprocess.run([TOOLS / "lrelease", "-silent", str(source), "-qm", str(compiled)], check=True)
    advice = f"run {TOOLS / 'lrelease'} resources/translations/outlive_en.ts"
    assert compiled.read_bytes() == (TRANSLATIONS / "outlive_en.qm").read_bytes(), advice
