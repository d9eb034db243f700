"""Texts of desktop notifications that pass on notifications of programs in shells; those are untrusted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from session_host.protocol.untrusted_text import one_line

translate = QCoreApplication.translate

MAX_TITLE, MAX_TEXT = 80, 400
"""The most characters of a program's notification that are passed on."""


def passed_on(name: str, messages: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Title and text of a desktop notification that passes on those of a chat's programs: titles and texts.

    The title begins with the chat's name, so that no program's words can be mistaken for another's.
    """
    if len(messages) == 1 and all(messages[0]):
        ((title, text),) = messages
        title = translate("notice", "{name}: {title}").format(name=name, title=_cut(one_line(title), MAX_TITLE))
        return title, _cut(text, MAX_TEXT)
    lines = (": ".join(filter(None, map(one_line, message))) for message in messages)
    return name, _cut("\n".join(lines) if len(messages) > 1 else "".join(messages[0]), MAX_TEXT)


def _cut(text: str, most: int) -> str:
    text = text.strip()
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
