"""The actions on chats, for keys, menus and pages."""

from __future__ import annotations

from dataclasses import dataclass

from gui.window.actions.chat_actions import ChatActions
from gui.window.actions.continuing import ConversationActions
from gui.window.actions.directory_actions import DirectoryActions
from gui.window.actions.notifications import Notifications
from gui.window.actions.prompt_changes import PromptChanges
from gui.window.actions.resuming import EndedChatActions
from gui.window.actions.starting import StartActions


@dataclass(frozen=True)
class ActionGroups:
    """A window's actions on chats, one attribute for each class that has some."""

    starting: StartActions
    chat_actions: ChatActions
    resuming: EndedChatActions
    continuing: ConversationActions
    directories: DirectoryActions
    prompt_changes: PromptChanges
    notifications: Notifications
