"""The last screen of a session that ended."""

from __future__ import annotations

from session_host.paths import session_dir
from session_host.store.screen import SavedScreen
from session_host.store.screen import load_screen as load_from


def load_screen(session_id: str) -> SavedScreen | None:
    """The last screen of a session, None if none was kept."""
    return load_from(session_dir(session_id) / "screen.bin")
