"""A transient service of the user's systemd, as a value."""

from __future__ import annotations

from typing import NamedTuple


class Service(NamedTuple):
    """A transient service (systemd.service(5)).

    Attributes:
        unit: a name that ends in ``.service``.
        description: what ``systemctl --user status`` shows.
        argv: the main process's command, started again whenever it fails.
        environment: the main process's variables, without those that systemd sets.
    """

    unit: str
    description: str
    argv: list[str]
    environment: dict[str, str]
