"""Asks where a chat is to be exported to, and as what."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.sessions.exporting import FORMS


def ask_for_file(window: QWidget, name: str, on_chosen: Callable[[Path], object]) -> QFileDialog:
    """Show a dialog for saving a file; the window's other parts go on meanwhile.

    Args:
        window: over which it is shown.
        name: the chat's, which the file is called by unless the user says otherwise.
        on_chosen: called with the file, once there is one.
    """
    dialog = QFileDialog(window, "Export chat", str(Path.home()))
    # The desktop's own dialog differs from one to the next, and hangs where its portal does.
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    filters = {f"{what} (*{suffix})": suffix for suffix, what in FORMS.items()}
    dialog.setNameFilters(list(filters))
    dialog.setDefaultSuffix(next(iter(FORMS)))
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(filters.get(chosen, "")))
    dialog.selectFile(file_name(name))
    dialog.fileSelected.connect(lambda file: on_chosen(Path(file)))
    dialog.open()
    return dialog


def file_name(name: str) -> str:
    """A chat's name as that of a file, without its form: what a file cannot be called by becomes a line."""
    return re.sub(r"[/\\]", "-", name).strip(" .") or "chat"
