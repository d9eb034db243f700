"""Lets Qt reach fcitx, for which the Qt of PySide6 has no plugin.

A desktop with fcitx sets ``QT_IM_MODULE=fcitx``. Without that plugin, Qt would use no input method at all, and nobody
could type Chinese or Japanese. fcitx also serves IBus's portal on the session bus, and Qt's plugin for IBus uses it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_MODULE, _MODULES, _PORTAL = "QT_IM_MODULE", "QT_IM_MODULES", "IBUS_USE_PORTAL"
_FCITX = frozenset({"fcitx", "fcitx5"})


def variables_for_fcitx(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables with which Qt finds fcitx, if the environment asks for it; a plugin of its own comes first."""
    wanted = environment.get(_MODULES, "") or environment.get(_MODULE, "")
    names = [name for name in wanted.split(";") if name]
    if not _FCITX & set(names):
        return {}
    return {_MODULES: ";".join(dict.fromkeys((*names, "ibus"))), _PORTAL: environment.get(_PORTAL, "1")}


@contextmanager
def finding_fcitx() -> Iterator[None]:
    """Set these variables while Qt starts. Chats get the environment without them."""
    added = variables_for_fcitx(os.environ)
    previous = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in previous.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
