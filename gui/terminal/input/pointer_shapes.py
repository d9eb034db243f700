"""Qt's mouse cursors for the pointer shapes of programs (OSC 22)."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt

_Shape = Qt.CursorShape

CURSORS: Final = {
    "alias": _Shape.DragLinkCursor,
    "all-scroll": _Shape.SizeAllCursor,
    "cell": _Shape.CrossCursor,
    "col-resize": _Shape.SplitHCursor,
    "context-menu": _Shape.ArrowCursor,
    "copy": _Shape.DragCopyCursor,
    "crosshair": _Shape.CrossCursor,
    "default": _Shape.ArrowCursor,
    "e-resize": _Shape.SizeHorCursor,
    "ew-resize": _Shape.SizeHorCursor,
    "grab": _Shape.OpenHandCursor,
    "grabbing": _Shape.ClosedHandCursor,
    "help": _Shape.WhatsThisCursor,
    "move": _Shape.SizeAllCursor,
    "n-resize": _Shape.SizeVerCursor,
    "ne-resize": _Shape.SizeBDiagCursor,
    "nesw-resize": _Shape.SizeBDiagCursor,
    "no-drop": _Shape.ForbiddenCursor,
    "not-allowed": _Shape.ForbiddenCursor,
    "ns-resize": _Shape.SizeVerCursor,
    "nw-resize": _Shape.SizeFDiagCursor,
    "nwse-resize": _Shape.SizeFDiagCursor,
    "pointer": _Shape.PointingHandCursor,
    "progress": _Shape.BusyCursor,
    "row-resize": _Shape.SplitVCursor,
    "s-resize": _Shape.SizeVerCursor,
    "se-resize": _Shape.SizeFDiagCursor,
    "sw-resize": _Shape.SizeBDiagCursor,
    "text": _Shape.IBeamCursor,
    "vertical-text": _Shape.IBeamCursor,
    "w-resize": _Shape.SizeHorCursor,
    "wait": _Shape.WaitCursor,
    "zoom-in": _Shape.CrossCursor,
    "zoom-out": _Shape.CrossCursor,
}
"""By the names of CSS. Qt has no cursor for a menu or for zooming: an arrow and a cross take their place."""
