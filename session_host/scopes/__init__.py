"""Scopes: control groups for the keeper and for each session, and a descriptor store, from the user's systemd.

    addresses  where the session bus and the system bus listen
    places     in which control group a process is, and whether it had better stay there
    bus        a conversation with a D-Bus daemon, the whole of it within one time
    manager    the user's systemd on the bus: transient scopes and services, and moving processes into them
    scope      enter, enter_service: what decides, and what it comes to
    descriptor_store   descriptors that systemd holds for a service (sd_notify(3))

A window that was started from a desktop lives in a control group, and what ends that group (a force quit,
systemd-oomd) ends all in it. This room knows processes by PID alone: no sessions, no sockets of ours. D-Bus is
imported only when there is a bus to speak to.
"""

from .scope import ScopeResult, Service, enter, enter_service, held_by_services

__all__ = ["ScopeResult", "Service", "enter", "enter_service", "held_by_services"]
