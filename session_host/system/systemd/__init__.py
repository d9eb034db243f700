"""The user's systemd: scopes, services and its descriptor store.

    control_groups    the control group of a process, and whether the process should stay in it
    manager           systemd's manager object: transient scopes and services
    service           a transient service, as a value
    scope             moves processes into their own scope or service, if that helps them
    descriptor_store  descriptors that systemd holds for a service (sd_notify(3))

A window that was started from a desktop runs in a control group, and killing that group (a force quit, systemd-oomd)
kills every process in it. This package knows processes by PID alone: no sessions, no sockets of Outlive. It imports
D-Bus only if there is a bus.
"""

from .scope import ScopeResult, enter, enter_service, held_by_services
from .service import Service

__all__ = ["ScopeResult", "Service", "enter", "enter_service", "held_by_services"]
