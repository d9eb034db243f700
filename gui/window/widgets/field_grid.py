"""Fields with their labels, beside them or, in a narrow window, above them."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.widgets.parts import label

LABEL_PX = 80
BESIDE_FROM_PX = 400
"""In a narrower window, the labels are above the fields."""
_FIRST_LINE_PX = 7
"""The distance of the first line of a field of several lines from its top."""


class FieldGrid(QGridLayout):
    """Labels and fields.

    Attributes:
        labels: the label of each field.
    """

    def __init__(self, rows: list[tuple[str, QWidget]], high: Collection[QWidget]) -> None:
        """Place the rows; the fields in ``high`` may have several lines, and their labels are beside the first."""
        super().__init__()
        self._high = high
        self._above = False
        self.setHorizontalSpacing(GAP_M_PX)
        self.setVerticalSpacing(GAP_S_PX)
        self.setColumnStretch(1, 1)
        self.labels: dict[QWidget, QLabel] = {}
        for name, field in rows:
            self.labels[field] = label(name, "secondary")
            if not field.accessibleName():
                field.setAccessibleName(name)
        self._place()

    def rename(self, field: QWidget, name: str) -> None:
        """Give a field another name."""
        self.labels[field].setText(name)
        field.setAccessibleName(name)

    def set_shown(self, field: QWidget, *, is_shown: bool) -> None:
        """Show or hide a field and its label."""
        self.labels[field].setVisible(is_shown)
        field.setVisible(is_shown)

    def fit(self, window_px: int) -> None:
        """Place the labels as the window's width allows."""
        above = window_px < BESIDE_FROM_PX
        if above != self._above:
            self._above = above
            self._place()

    def _place(self) -> None:
        above = self._above
        self.setColumnMinimumWidth(0, 0 if above else LABEL_PX)
        for number, (field, name) in enumerate(self.labels.items()):
            self.removeWidget(name)
            self.removeWidget(field)
            is_high = field in self._high and not above
            name.setContentsMargins(0, _FIRST_LINE_PX if is_high else 0, 0, 0)
            flag = Qt.AlignmentFlag.AlignTop if is_high else Qt.AlignmentFlag(0)
            if above:
                self.addWidget(name, 2 * number, 0, 1, 2, flag)
                self.addWidget(field, 2 * number + 1, 0, 1, 2)
            else:
                self.addWidget(name, 2 * number, 0, flag)
                self.addWidget(field, 2 * number, 1)
