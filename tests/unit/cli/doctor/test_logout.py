from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.cli.doctor import logout
from session_host.cli.doctor.check import Check
from session_host.cli.doctor.logout import LoginSettings, login_settings
from session_host.system.systemd import ScopeResult, scope
from session_host.system.systemd.scope import NO_BUS, NO_SYSTEMD, NOT_WANTED
from tests.fakes.systemd import Logind, Systemd, bus_service
from tests.support.area import Area
from tests.support.buses import BusDaemon, bus_daemon

ME = pwd.getpwuid(os.getuid()).pw_name
ENABLE = "loginctl enable-linger"


class Machine:
    """Directories of a system with systemd; ``desktop``: this process is in a unit of the user's systemd."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.desktop = True
        self.linger = root / "var/lib/systemd/linger"
        self._patch = patch
        for directory in (root / "run/systemd/system", self.linger):
            directory.mkdir(parents=True)
        patch.setattr(scope, "LINGER", self.linger)
        patch.setattr(scope, "is_in", lambda pid, unit: unit.startswith("user@") and self.desktop)
        patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/none")

    def settings(self, settings: LoginSettings | None) -> None:
        """What logind says; None if it cannot be asked."""
        self._patch.setattr(logout, "login_settings", lambda: settings)

    def checks(self) -> dict[str, Check]:
        """Return the doctor's checks by name."""
        return {check.name: check for check in logout.logout(self.root)}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path / "system", monkeypatch)


@pytest.fixture
def systemd(session_bus: BusDaemon) -> Iterator[Systemd]:
    with bus_service(Systemd, session_bus.address) as service:
        yield service


# ------------------------------------------------------------------------------------------- logging out


@pytest.mark.parametrize("desktop", [True, False], ids=["desktop", "login"])
@pytest.mark.parametrize("scoped", [True, False], ids=["scopes", "no scopes"])
@pytest.mark.parametrize("kills", ["yes", "no", "?"])
@pytest.mark.parametrize("lingers", [True, False], ids=["linger", "no linger"])
def test_the_check_says_whether_chats_survive_a_logout(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, lingers: bool, kills: str, scoped: bool, desktop: bool
) -> None:
    machine.settings(LoginSettings({"yes": True, "no": False}.get(kills), excluded=()))
    machine.desktop = desktop
    if lingers:
        (machine.linger / ME).touch()
    result = ScopeResult("x.scope") if scoped else ScopeResult(reason=NO_BUS)
    monkeypatch.setattr(logout, "enter", lambda *_: result)

    check = machine.checks()["logging out"]

    if lingers:
        assert check.status == ("warn" if kills == "yes" and not scoped else "ok")
        assert ("keep running" in check.message) is (check.status == "ok")
        assert check.remedy != ENABLE
    else:
        assert (check.status, check.remedy) == ("warn", ENABLE)
        expected = {
            "yes": "ends all chats (KillUserProcesses is on, lingering is off)",
            "no": "ends all chats: your systemd instance ends"
            if desktop
            else "chats started in a login like this one keep running",
            "?": "may end chats (logind's settings are unknown",
        }
        assert check.message.startswith(expected[kills])


def test_an_excluded_user_gets_no_message_about_kill_user_processes(machine: Machine) -> None:
    machine.settings(LoginSettings(True, excluded=(ME,)))

    assert "KillUserProcesses" not in machine.checks()["logging out"].message


def test_without_systemd_all_checks_are_ok(machine: Machine) -> None:
    (machine.root / "run/systemd/system").rmdir()

    assert {check.status for check in machine.checks().values()} == {"ok"}
    assert machine.checks()["logging out"].message == "no systemd: chats keep running"


@pytest.mark.parametrize(
    ("settings", "user", "ends"),
    [
        (LoginSettings(True), "ann", True),
        (LoginSettings(False), "ann", False),
        (LoginSettings(None), "ann", None),
        (LoginSettings(True), "root", False),
        (LoginSettings(True, excluded=()), "root", True),
        (LoginSettings(True, excluded=("ann",)), "ann", False),
        (LoginSettings(True, excluded=("ann",)), "bob", True),
        (LoginSettings(True, only=("bob",)), "ann", False),
        (LoginSettings(True, only=("ann",)), "ann", True),
        (LoginSettings(False, only=("ann",)), "ann", True),
        (LoginSettings(True, only=("ann",), excluded=("ann",)), "ann", False),
        (LoginSettings(None, only=("bob",)), "ann", False),
    ],
)
def test_kill_only_and_exclude_lists_decide_which_users_processes_end(
    settings: LoginSettings, user: str, ends: bool | None
) -> None:
    assert settings.ends(user) is ends


@pytest.fixture
def logind(area: Area, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logind]:
    with bus_daemon(area.xdg_runtime) as daemon, bus_service(Logind, daemon.address) as service:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", daemon.address)
        yield service


def test_logind_is_asked(logind: Logind) -> None:
    logind.kills = True
    logind.only = ["ann"]

    assert login_settings() == LoginSettings(True, ("ann",), ("root",))


def test_an_empty_exclude_list_is_none(logind: Logind) -> None:
    logind.excluded = []

    assert login_settings() == LoginSettings(False, (), None)


def test_no_logind_on_the_bus(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    with bus_daemon(area.xdg_runtime) as daemon:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", daemon.address)
        assert login_settings() is None


# ------------------------------------------------------------------------------------------------ scopes


def test_a_scope_is_made_and_nothing_remains(machine: Machine, systemd: Systemd) -> None:
    check = machine.checks()["scopes"]

    assert check.status == "ok"
    assert "its own systemd scope" in check.message
    ((unit, pids),) = systemd.units.items()
    assert unit == f"outlive-doctor-{pids[0]}.scope"


@pytest.mark.parametrize(
    ("result", "desktop", "status", "words"),
    [
        (ScopeResult(reason=NOT_WANTED), False, "ok", "without linger"),
        (ScopeResult(reason=NO_BUS), False, "ok", "do not need one"),
        (ScopeResult(reason=NO_BUS), True, "warn", "no session bus"),
        (ScopeResult(reason=NO_SYSTEMD), True, "warn", "no systemd on the bus"),
        (ScopeResult(reason="timed out"), True, "warn", "timed out"),
    ],
)
def test_the_check_says_why_there_are_no_scopes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, result: ScopeResult, desktop: bool, status: str, words: str
) -> None:
    machine.desktop = desktop
    monkeypatch.setattr(logout, "enter", lambda *_: result)

    check = machine.checks()["scopes"]

    assert check.status == status
    assert words in check.message
    assert bool(check.remedy) is (status == "warn")
