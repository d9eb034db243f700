from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from session_host.system.dbus import addresses
from session_host.system.processes import proc
from session_host.system.systemd import scope

ME = os.getuid()
DESKTOP = f"/user.slice/user-{ME}.slice/user@{ME}.service/app.slice/app-outlive-7.scope"
LOGIN = f"/user.slice/user-{ME}.slice/session-3.scope"
SERVICE = "/system.slice/cron.service"


@contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        yield


@pytest.fixture
def run_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that logind makes for this user."""
    monkeypatch.setattr(addresses, "RUN_USER", tmp_path)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    directory = tmp_path / str(ME)
    directory.mkdir()
    return directory


# ----------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("unix:path={0}/bus", "{0}/bus"),
        ("unix:path={0}/bus,guid=0123", "{0}/bus"),
        ("tcp:host=localhost,port=1;unix:path={0}/none;unix:path={0}/bus", "{0}/bus"),
        ("unix:path={0}/b%75s", "{0}/bus"),
        ("unix:abstract=/tmp/x%2c,guid=1", "\0/tmp/x,"),
    ],
)
def test_the_first_usable_address_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, found: str
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address.format(tmp_path))
    with listening(tmp_path / "bus"):
        assert addresses.session_bus() == found.format(tmp_path).encode()


@pytest.mark.parametrize(
    "address",
    ["unix:path={0}/none", "unix:path={0}", "disabled:", "unix:", "x", ";;", "unix:path=%", "unix:path={0}/%00"],
)
def test_an_unusable_address_is_not_replaced(run_user: Path, address: str) -> None:
    """If the variable names a bus, no other bus is used."""
    with pytest.MonkeyPatch.context() as patch, listening(run_user / "bus"):
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", address.format(run_user))
        assert addresses.session_bus() is None


def test_without_an_address_the_runtime_directorys_bus_is_used(
    run_user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert addresses.session_bus() is None
    with listening(run_user / "bus"):
        assert addresses.session_bus() == str(run_user / "bus").encode()
        with listening(tmp_path / "bus"):
            assert addresses.session_bus() == str(tmp_path / "bus").encode()


def test_a_bus_of_another_user_is_not_used(run_user: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving a socket away needs root")
    with listening(run_user / "bus"):
        os.chown(run_user / "bus", 12345, -1)
        assert addresses.session_bus() is None


def test_the_system_bus_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    monkeypatch.setattr(addresses, "SYSTEM_BUS", tmp_path / "system")
    assert addresses.system_bus() is None
    with listening(tmp_path / "system"):
        assert addresses.system_bus() == str(tmp_path / "system").encode()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
        assert addresses.system_bus() is None


# ------------------------------------------------------------------------------------ control groups


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the control groups of process 7."""
    monkeypatch.setattr(proc, "ROOT", str(tmp_path))
    monkeypatch.setattr(scope, "LINGER", tmp_path / "linger")
    (tmp_path / "7").mkdir()
    return tmp_path / "7" / "cgroup"


@pytest.mark.parametrize(
    "text",
    [
        f"0::{DESKTOP}\n",
        f"12:pids:/x\n1:name=systemd:{DESKTOP}\n0::{DESKTOP}\n",
        f"12:pids:/x\n1:name=systemd:{DESKTOP}",
    ],
    ids=["version 2", "both", "version 1"],
)
def test_the_control_groups_of_a_process_are_read(place: Path, text: str) -> None:
    place.write_text(text)

    assert set(scope.control_groups(7)) == {DESKTOP}
    assert scope.is_in(7, "app-outlive-7.scope")
    assert not scope.is_in(7, "app-outlive")


def test_a_process_that_has_ended_is_in_no_control_group(place: Path) -> None:
    assert scope.control_groups(8) == []
    assert not scope.is_in(8, "x")


@pytest.mark.parametrize(
    ("path", "lingers", "elsewhere"),
    [
        (DESKTOP, False, False),
        (DESKTOP, True, False),
        (LOGIN, False, True),
        (LOGIN, True, False),
        (SERVICE, False, True),
        (SERVICE, True, False),
        ("/", False, True),
    ],
)
def test_a_scope_is_avoided_if_it_would_end_earlier_than_the_current_group(
    place: Path, path: str, lingers: bool, elsewhere: bool
) -> None:
    place.write_text(f"0::{path}\n")
    scope.LINGER.mkdir()
    (scope.LINGER / "somebody-else").touch()
    if lingers:
        (scope.LINGER / pwd.getpwuid(ME).pw_name).touch()

    assert scope.belongs_elsewhere(7) is elsewhere


def test_without_a_linger_file_the_user_does_not_linger(place: Path) -> None:
    assert not scope.lingers()
    scope.LINGER.mkdir()
    assert not scope.lingers()
