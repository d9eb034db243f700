"""The window's messages on standard error."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
from PySide6.QtCore import QLoggingCategory
from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication
from gui.start import LOG_RULES
QLoggingCategory.setFilterRules(LOG_RULES)
application = QApplication([])
QFontMetricsF(QFont("DejaVu Sans Mono")).horizontalAdvance("हिन्दी ਪੰਜਾਬੀ ગુજરાતી தமிழ் ພາສາລາວ བོད་ཡིག ᠮᠣᠩᠭᠣᠯ")
"""


def test_text_in_scripts_without_a_font_prints_no_messages() -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
