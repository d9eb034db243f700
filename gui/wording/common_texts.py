"""Texts that several parts of the window share: buttons and field names."""

from __future__ import annotations

from collections.abc import Iterable

from gui.wording.text import Text

NO_BREAK_SPACE = "\u00a0"
"""Keeps two words on one line."""
COPY = Text("Copy")
PASTE = Text("Paste")
SELECT_ALL = Text("Select all")
OPEN = Text("Open")
NO_RUNNING_CHATS = Text("No running chats")
RUNNING_CANNOT_BE_REMOVED = Text("Running chats can’t be removed. Stop them first.")
DISMISS = Text("Dismiss")
EXPORT = Text("Export…")
RESUME = Text("Resume")
NEW_CHAT_LIKE_THIS = Text("New chat like this")
CONTINUE = Text("Continue…")
STOP = Text("Stop")
KILL = Text("Kill")
STARTING = Text("Starting…")
LOADING = Text("Loading…")
COPIED = Text("Copied")
CHOOSE = Text("Choose")
CHOICES = Text("Choices")
NO_MATCHES = Text("No matches")
CANCEL = Text("Cancel")
NEW_CHAT = Text("New chat")
ERROR_OUTPUT = Text("Error output")
CLOSE = Text("Close")
NAME = Text("Name")
NO_DASH_FIRST = Text("A name does not begin with a dash: commands would take it for an option")
OK = Text("OK")
DID_NOT_ANSWER = Text("{machines} did not answer")
PIN = Text("Pin")
UNPIN = Text("Unpin")


def keys(titles: Iterable[tuple[str, str]]) -> str:
    """Keys and what each does: "Enter go there · Ctrl+C copy"."""
    return " · ".join(f"{key} {title}".replace(" ", NO_BREAK_SPACE) for key, title in titles)
