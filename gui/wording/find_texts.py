"""Texts of the find bar."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def find() -> str:
    return translate("find", "Find in this chat")


def matches(position: int, count: int) -> str:
    return translate("find", "{position} of {count}").format(position=f"{position:,}", count=f"{count:,}")


def more_matches(position: int, count: int) -> str:
    return translate("find", "{position} of {count}+").format(position=f"{position:,}", count=f"{count:,}")


def matches_elsewhere(count: int) -> str:
    """The count while none of the matches is the current one."""
    return translate("find", "{count} found").format(count=f"{count:,}")


def match_above(by_enter: bool) -> str:
    """A button's name; Enter does the same, or Shift+Enter."""
    return translate("find", "Match above (Enter)") if by_enter else translate("find", "Match above (Shift+Enter)")


def match_below(by_enter: bool) -> str:
    return translate("find", "Match below (Enter)") if by_enter else translate("find", "Match below (Shift+Enter)")


def close_find() -> str:
    return translate("find", "Close (Esc)")


def expression() -> str:
    return translate("find", "Regular expression (Alt+R)")


def match_case() -> str:
    return translate("find", "Match case (Alt+C)")


def whole_words() -> str:
    return translate("find", "Whole words (Alt+W)")


def invalid_expression(error: str) -> str:
    return translate("find", "Regular expression: {error}").format(error=error)


def too_slow() -> str:
    return translate("find", "This expression is too slow for some lines. They may have more matches.")
