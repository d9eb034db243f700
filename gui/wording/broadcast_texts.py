"""Texts of broadcast: typing into several panes at once."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def is_on(count: int) -> str:
    """``count`` is at least 2."""
    return translate("broadcast", "What you type goes to {count} panes").format(count=count)


def is_off() -> str:
    return translate("broadcast", "What you type goes to one pane again")


def needs_two_terminals() -> str:
    return translate("broadcast", "Show two or more running terminals side by side first")


def typing_goes_to(count: int) -> str:
    """Mark of the pane in which the user types; ``count`` may be 1."""
    if count < 2:
        return translate("broadcast", "Typed only here now")
    return translate("broadcast", "Typed into {count} panes").format(count=count)


def only_here() -> str:
    """Mark of a pane in which the user answers an agent."""
    return translate("broadcast", "Your answer is typed only here")


def typed_here_too() -> str:
    return translate("broadcast", "Typed here, too")


def needs_your_answer() -> str:
    return translate("broadcast", "Not typed here: needs your answer")


def not_typed_here() -> str:
    return translate("broadcast", "Not typed here now")


def leave() -> str:
    """Button of a pane's mark."""
    return translate("broadcast", "Don’t type into this pane")


def how_to_end() -> str:
    """Tool tip of a pane's mark."""
    return translate("broadcast", "Broadcast: to end it, choose it again in the command palette or the menu Panes")


def pasted_into(count: int) -> str:
    """Part of the question before a paste; ``count`` is at least 2."""
    return translate("broadcast", "It is pasted into {count} panes.").format(count=count)
