"""Texts about the user's command for notifications."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def cannot_run(program: str, reason: str) -> str:
    return translate("notice", "Can’t run the command for notifications, {program}: {reason}").format(
        program=program, reason=reason
    )


def failed(program: str, code: int, said: str) -> str:
    """The command for notifications failed; ``said`` is its last line on standard error, "" for none."""
    line = translate("notice", "The command for notifications, {program}, failed with exit code {code}")
    return ": ".join(filter(None, (line.format(program=program, code=code), said)))


def killed(program: str) -> str:
    return translate("notice", "The command for notifications, {program}, was killed or took too long").format(
        program=program
    )
