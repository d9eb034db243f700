"""Checks whether the page for the phone is served, and who may use it."""

from __future__ import annotations

from collections.abc import Iterator

from session_host.errors import OutliveError
from session_host.web import devices, places

from .check import Check, ok, warn


def page() -> Iterator[Check]:
    """The page, for those who use it: nothing if no device was ever paired and nothing serves it."""
    name = "page for the phone"
    try:
        paired = len(devices.load().devices)
    except OutliveError as error:
        yield warn(name, *str(error).rsplit("; ", 1))
        return
    is_served = places.is_served()
    if not (paired or is_served):
        return
    count = f"{paired} device{'' if paired == 1 else 's'} paired"
    if is_served:
        yield ok(name, f"served at {places.known_address()}; {count}")
    elif missing := places.missing_packages():
        yield warn(name, f"not served, since {missing[0]} is missing; {count}", "install Outlive as outlive[web]")
    else:
        yield warn(name, f"not served; {count}", "outlive web on")
