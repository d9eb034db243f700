"""The user's systemd: scopes, services and its descriptor store.

    control_groups    the control group of a process, and whether the process should stay there
    manager           systemd's manager object: transient scopes and services
    scope             enter, enter_service: the decision, and its result
    descriptor_store  descriptors that systemd holds for a service (sd_notify(3))

A window that was started from a desktop lives in a control group, and what ends that group (a force quit,
systemd-oomd) ends every process in it. This room knows processes by PID alone: no sessions, no sockets of ours. D-Bus
is imported only when there is a bus to speak to.
"""

from .scope import ScopeResult, Service, enter, enter_service, held_by_services

__all__ = ["ScopeResult", "Service", "enter", "enter_service", "held_by_services"]
