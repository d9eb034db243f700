"""The desktop's permission for a window to come to the front, on Wayland.

A program in which the user clicked gets a token from the compositor, and passes it to the program that shall come to
the front (protocol xdg-activation-v1). Without one, the compositor leaves the window where it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE = "XDG_ACTIVATION_TOKEN"
"""Qt reads and removes it when a window is activated."""


@contextmanager
def activation_token(token: str) -> Iterator[None]:
    """Let the window that is activated meanwhile come to the front; an empty token changes nothing.

    A token that no window used is discarded: another activation would present it in vain, later and from elsewhere.
    """
    if not token or "\0" in token:
        yield
        return
    os.putenv(_VARIABLE, token)  # In ``os.environ`` it would be passed on to programs.
    try:
        yield
    finally:
        os.unsetenv(_VARIABLE)
