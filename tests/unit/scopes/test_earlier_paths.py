"""A keeper of an earlier version that still runs imports these modules late, at their earlier paths."""

import importlib

import pytest


@pytest.mark.parametrize(
    ("earlier", "today"),
    [
        ("session_host.scopes.bus", "session_host.system.dbus.bus"),
        ("session_host.scopes.manager", "session_host.system.systemd.manager"),
    ],
)
def test_an_earlier_path_still_has_the_module(earlier: str, today: str) -> None:
    there, here = importlib.import_module(earlier), importlib.import_module(today)
    public = {name: value for name, value in vars(here).items() if not name.startswith("_")}
    assert {name: vars(there)[name] for name in public} == public
