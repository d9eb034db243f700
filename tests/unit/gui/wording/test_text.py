"""A text is translated when it is used, and has a form for one and a form for several."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from gui.settings.table import SETTINGS
from gui.wording import page_texts


@pytest.mark.parametrize(
    ("count", "shown"),
    [(1, "Paste 1 line?"), (2, "Paste 2 lines?"), (0, "Paste 0 lines?"), (12345, "Paste 12,345 lines?")],
)
def test_a_count_is_shown_with_the_right_form(qapp: QApplication, count: int, shown: str) -> None:
    assert page_texts.PASTE_LINES(n=count) == shown


def test_braces_in_the_value_of_a_field_and_in_a_text_without_fields_stay(qapp: QApplication) -> None:
    assert page_texts.SELECTED(text="{name} %n") == "Selected: {name} %n"
    [editor] = [setting for setting in SETTINGS if setting.key == "editor"]
    assert editor.help is not None
    assert "{file}" in editor.help()
