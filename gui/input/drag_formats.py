"""The formats of what is dragged within the window, beside Qt's own."""

from __future__ import annotations

CHATS_MIME = "application/x-outlive-chats"
"""Chats of the sidebar: their ids in UTF-8, one a line."""
