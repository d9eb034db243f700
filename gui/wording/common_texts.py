"""Texts that several parts of the window share: buttons and field names."""

from __future__ import annotations

from collections.abc import Iterable

from gui.wording.text import Text

NO_BREAK_SPACE = "\u00a0"
"""Keeps two words on one line."""
COPY = Text("common", "Copy")
PASTE = Text("common", "Paste")
SELECT_ALL = Text("common", "Select all")
OPEN = Text("common", "Open")
NO_RUNNING_CHATS = Text("common", "No running chats")
RUNNING_CANNOT_BE_REMOVED = Text("common", "Running chats can’t be removed. Stop them first.")
DISMISS = Text("common", "Dismiss")
EXPORT = Text("common", "Export…")
RESUME = Text("common", "Resume")
NEW_CHAT_LIKE_THIS = Text("common", "New chat like this")
CONTINUE = Text("common", "Continue…")
STOP = Text("common", "Stop")
KILL = Text("common", "Kill")
STARTING = Text("common", "Starting…")
LOADING = Text("common", "Loading…")
COPIED = Text("common", "Copied")
CHOOSE = Text("common", "Choose")
CHOICES = Text("common", "Choices")
NO_MATCHES = Text("common", "No matches")
CANCEL = Text("common", "Cancel")
NEW_CHAT = Text("common", "New chat")
ERROR_OUTPUT = Text("common", "Error output")
CLOSE = Text("common", "Close")
NAME = Text("common", "Name")
OK = Text("common", "OK")
DID_NOT_ANSWER = Text("common", "{machines} did not answer")
PIN = Text("common", "Pin")
UNPIN = Text("common", "Unpin")


def keys(titles: Iterable[tuple[str, str]]) -> str:
    """Keys and what each does: "Enter go there · Ctrl+C copy"."""
    return " · ".join(f"{key} {title}".replace(" ", NO_BREAK_SPACE) for key, title in titles)
