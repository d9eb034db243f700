"""The handlers of the actions on panes, and on tabs that move: in their row, to another pane, to another window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gui.settings.pane_tree import SIDES, Side
from gui.window.page.banners import BannerArea
from gui.window.panes.pane import PaneWidget, move_tab
from gui.window.panes.panes import Panes
from gui.wording import window_texts


def handlers(panes: Panes, banners: BannerArea) -> dict[str, Callable[[], object]]:
    """The handlers by action."""
    found: dict[str, Callable[[], object]] = {
        "mirror_right": partial(_mirror, panes, "right", banners),
        "mirror_down": partial(_mirror, panes, "down", banners),
        "maximise_pane": panes.maximise,
        "even_out": panes.even_out,
        "close_pane": panes.close_pane,
        "swap_panes": lambda: panes.swap(_next_pane(panes)),
        "move_to_pane": lambda: _move_to_next_pane(panes),
        "last_tab": lambda: _go_to_last_tab(panes),
        "move_tab_left": lambda: panes.active.bar.move_current(-1),
        "move_tab_right": lambda: panes.active.bar.move_current(1),
    }
    for side in SIDES:
        found[f"pane_{side}"] = partial(panes.focus, side)
        found[f"resize_{side}"] = partial(panes.resize, side)
    return found


def _mirror(panes: Panes, side: Side, banners: BannerArea) -> None:
    if has_room(panes, side, banners):
        panes.mirror(side)


def has_room(panes: Panes, side: Side, banners: BannerArea) -> bool:
    """Whether the active pane is large enough for a split; if not, a banner says so."""
    if panes.area.can_split(panes.active.number, side):
        return True
    banners.inform(window_texts.cannot_split(is_row=side in {"left", "right"}), key="split")
    return False


def applies(panes: Panes) -> dict[str, bool]:
    """Whether the values of ``Key.on`` that concern tabs and panes apply."""
    tabs = panes.active.tabs
    return {
        "tabs": bool(tabs.others()),
        "tabs_right": bool(tabs.others(at_right=True)),
        "panes": len(panes.panes()) > 1,
    }


def _next_pane(panes: Panes) -> PaneWidget:
    """The pane after the active one in reading order; after the last one, the first."""
    order = panes.panes()
    return order[(order.index(panes.active) + 1) % len(order)]


def _go_to_last_tab(panes: Panes) -> None:
    """Bring the last-used of the other tabs to the front: in the active pane if it has that chat, else in another."""
    others = {session_id for session_id in panes.ids() if session_id != panes.active_id}
    last = next((session_id for session_id in reversed(panes.recent.ids) if session_id in others), None)
    if last is not None:
        tabs = panes.active.tabs
        (tabs if last in tabs.ids() else panes).activate(last)


def _move_to_next_pane(panes: Panes) -> None:
    """Move the shown tab to the pane after the active one in reading order, and go with it."""
    source, target = panes.active, _next_pane(panes)
    if target is not source:
        move_tab(panes.active_id, source, target)
        panes.activate_pane(target.number)
