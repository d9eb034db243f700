"""Checks whether the page for the phone is served, how it is reached, and who may use it."""

from __future__ import annotations

from collections.abc import Iterator

from session_host.errors import OutliveError
from session_host.system.installation import install_command, missing_modules
from session_host.web import devices, places

from .check import Check, ok, warn


def page() -> Iterator[Check]:
    """The page; nobody needs it, so only a device without it is a warning."""
    name = "page for the phone"
    try:
        paired = len(devices.load().devices)
    except OutliveError as error:
        yield warn(name, *str(error).rsplit("; ", 1))
        return
    count = f"{paired} device{'' if paired == 1 else 's'} paired"
    if (served := places.served()) is not None:
        addresses = ", ".join(served.addresses)
        own = served.certificate
        kept = f"; its certificate is {own.fingerprint}, until {own.until[:10]}" if own is not None else ""
        yield ok(name, f"served at {addresses}, and on the socket {places.page_socket()}{kept}; {count}")
    elif missing := missing_modules("web"):
        command = install_command("web")
        if paired:
            yield warn(name, f"not served, since {missing[0]} is missing; {count}", command)
        else:
            yield ok(name, f"not installed, and no command needs it; to add it: {command}")
    elif not paired:
        yield ok(name, "not served; `outlive web on` serves it")
    else:
        yield warn(name, f"not served; {count}", "outlive web on")
