"""Qt's messages about a display that cannot be reached, for the window and for ``outlive doctor``."""

from __future__ import annotations

_VARIABLES = {"could not connect to display": "DISPLAY", "Failed to create wl_display": "WAYLAND_DISPLAY"}


def variable_to_check(message: str) -> str:
    """The variable that names the display that Qt could not reach; "" if the message is about something else."""
    return next((variable for text, variable in _VARIABLES.items() if text in message), "")
