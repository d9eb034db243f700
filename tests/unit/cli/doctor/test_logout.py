from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.cli.doctor import logout
from session_host.cli.doctor.check import Check
from session_host.system.systemd import ScopeResult, scope
from session_host.system.systemd.scope import NO_BUS, NO_SYSTEMD, NOT_WANTED
from tests.fakes.systemd import Denied, Logind, Systemd, bus_service
from tests.support.buses import BusDaemon

ME = pwd.getpwuid(os.getuid()).pw_name
ENABLE = "loginctl enable-linger"


class Machine:
    """Directories of a system with systemd; ``desktop``: this process is in a unit of the user's systemd."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.desktop = True
        self.linger = root / "var/lib/systemd/linger"
        self._configuration = root / "etc/systemd/logind.conf"
        for directory in (root / "run/systemd/system", self.linger, self._configuration.parent):
            directory.mkdir(parents=True)
        patch.setattr(scope, "LINGER", self.linger)
        patch.setattr(scope, "is_in", lambda pid, unit: unit.startswith("user@") and self.desktop)
        patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/none")

    def kills(self, value: str) -> None:
        """Set KillUserProcesses, and exclude nobody, not even root."""
        self._configuration.write_text(f"[Login]\nKillUserProcesses={value}\nKillExcludeUsers=\n")

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
    machine.kills(kills)
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


def test_logind_itself_is_believed_rather_than_its_files(
    machine: Machine, session_bus: BusDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.kills("no")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", session_bus.address)
    with bus_service(Logind, session_bus.address) as logind:
        logind.kills, logind.excluded = True, ["somebody"]

        assert "KillUserProcesses is on" in machine.checks()["logging out"].message


def test_an_excluded_user_gets_no_message_about_kill_user_processes(machine: Machine) -> None:
    (machine.root / "etc/systemd/logind.conf").write_text(f"[Login]\nKillUserProcesses=yes\nKillExcludeUsers={ME}\n")

    assert "KillUserProcesses" not in machine.checks()["logging out"].message


def test_without_systemd_all_checks_are_ok(machine: Machine) -> None:
    (machine.root / "run/systemd/system").rmdir()

    assert {check.status for check in machine.checks().values()} == {"ok"}
    assert machine.checks()["logging out"].message == "no systemd: chats keep running"


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


def test_a_refusal_of_systemd_is_reported(machine: Machine, systemd: Systemd) -> None:
    systemd.denies = Denied("org.freedesktop.DBus.Error.AccessDenied", "Access denied")

    check = machine.checks()["scopes"]

    assert check.status == "warn"
    assert "refused: Access denied" in check.message
