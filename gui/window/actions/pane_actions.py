"""The handlers of the key table's actions on panes, and on tabs that move to another window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gui.settings.pane_tree import SIDES
from gui.window.others import OtherWindows
from gui.window.panes.panes import Panes

TAB_MENU = ("split_right", "split_down", "move_to_new_window", "move_to_window")
CLOSING = ("close_tab", "close_other_tabs", "close_tabs_right")


def handlers(panes: Panes, others: Callable[[], OtherWindows]) -> dict[str, Callable[[], object]]:
    """The handlers by action."""
    found: dict[str, Callable[[], object]] = {
        "split_right": lambda: panes.split("right"),
        "split_down": lambda: panes.split("down"),
        "zoom_pane": panes.zoom,
        "even_out": panes.even_out,
        "close_pane": panes.close_pane,
        "move_to_new_window": lambda: others().move(panes.active_id),
        "move_to_window": lambda: others().move(panes.active_id, 0),
    }
    for side in SIDES:
        found[f"pane_{side}"] = partial(panes.focus, side)
        found[f"resize_{side}"] = partial(panes.resize, side)
    return found


def applies(panes: Panes) -> dict[str, bool]:
    """Whether the values of ``Key.on`` that concern tabs and panes apply."""
    tabs = panes.active.tabs
    return {
        "tabs": bool(tabs.others()),
        "tabs_right": bool(tabs.others(at_right=True)),
        "panes": len(panes.panes()) > 1,
    }
