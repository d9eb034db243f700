"""Accessible roles of the window's own widgets, for screen readers.

Qt derives a role from a widget's class, and gives unknown classes the role of a plain area.
"""

from __future__ import annotations

import functools

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

ROLES = {
    "MainWindow": QAccessible.Role.Window,
    "QStackedWidget": QAccessible.Role.LayeredPane,  # Qt's own interface hides widgets over the pages: banners.
    "Sidebar": QAccessible.Role.Pane,
    "ChatPage": QAccessible.Role.PropertyPage,
    "TabPage": QAccessible.Role.PropertyPage,
    "ChatView": QAccessible.Role.Pane,
    "TranscriptPage": QAccessible.Role.List,
    "RequestCard": QAccessible.Role.AlertMessage,
    "QuestionCard": QAccessible.Role.Dialog,
    "PromptBox": QAccessible.Role.Grouping,
    "AskingCard": QAccessible.Role.AlertMessage,
    "CodePicture": QAccessible.Role.Graphic,
    "CommentCard": QAccessible.Role.Grouping,
    "FindBar": QAccessible.Role.Grouping,
    "StatusLine": QAccessible.Role.StatusBar,
    "BannerArea": QAccessible.Role.AlertMessage,
    "ProblemLine": QAccessible.Role.AlertMessage,
    "ConnectionBar": QAccessible.Role.Notification,
    "Notice": QAccessible.Role.Notification,
    "EndBar": QAccessible.Role.Grouping,
    "SheetBody": QAccessible.Role.Dialog,
    "AgentTiles": QAccessible.Role.Grouping,
    "PresetButtons": QAccessible.Role.Grouping,
    "WorktreeField": QAccessible.Role.Grouping,
    "DirectoryRow": QAccessible.Role.Grouping,
    "MarkLabel": QAccessible.Role.Graphic,
    "GlyphLabel": QAccessible.Role.Graphic,
    "MonogramTile": QAccessible.Role.Graphic,
    "Hairline": QAccessible.Role.Separator,
}
"""The role of each class of widgets, and of its subclasses, by the class's name.

A widget with a text, actions or parts of its own has a method ``accessible_interface`` instead, which makes its
interface.
"""


@functools.cache
def install_roles() -> None:
    """Register the roles with Qt; later calls do nothing."""
    QAccessible.installFactory(_interface)


def _interface(class_name: str, owner: QObject | None) -> QAccessibleInterface | None:
    """The accessible interface of a widget; None leaves it to Qt, which asks again with the base class."""
    own = getattr(owner, "accessible_interface", None)
    if own is not None and class_name == type(owner).__name__:
        made: QAccessibleInterface = own()  # Qt asks while the widget is being made, too.
        return made
    role = ROLES.get(class_name)
    return QAccessibleWidget(owner, role) if role is not None and isinstance(owner, QWidget) else None
