from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.cli.doctor.logind import LoginSettings, from_bus, from_files
from tests.fakes.systemd import Logind, bus_service
from tests.support.area import Area
from tests.support.buses import bus_daemon

SHIPPED = """\
#  This file is part of systemd.
[Login]
#NAutoVTs=6
#KillUserProcesses=no
#KillOnlyUsers=
#KillExcludeUsers=root
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a system's directories."""
    return tmp_path / "system"


def write(root: Path, name: str, *lines: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["[Login]", *lines, ""]))


# --------------------------------------------------------------------------- users with processes that are ended


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


# ------------------------------------------------------------------------------------------- its files


def test_the_default_is_that_of_the_shipped_file(root: Path) -> None:
    assert from_files(root) == LoginSettings(None)
    write(root, "etc/systemd/logind.conf")
    assert from_files(root) == LoginSettings(None)
    (root / "etc/systemd/logind.conf").write_text(SHIPPED)
    assert from_files(root) == LoginSettings(False)
    (root / "etc/systemd/logind.conf").write_text(SHIPPED.replace("Processes=no", "Processes=yes"))
    assert from_files(root) == LoginSettings(True)


@pytest.mark.parametrize(
    ("value", "kills"),
    [("yes", True), ("YES", True), ("1", True), ("on", True), ("true", True), ("no", False), ("off", False),
     ("0", False), ("perhaps", None), ("", None)],
)  # fmt: skip
def test_systemds_boolean_values_are_read(root: Path, value: str, kills: bool | None) -> None:
    write(root, "etc/systemd/logind.conf", f"KillUserProcesses = {value}")

    assert from_files(root).kills is kills


def test_drop_ins_override_the_main_file_and_the_last_name_wins(root: Path) -> None:
    write(root, "etc/systemd/logind.conf", "KillUserProcesses=yes")
    assert from_files(root).kills is True
    write(root, "usr/lib/systemd/logind.conf.d/50-a.conf", "KillUserProcesses=no")
    assert from_files(root).kills is False
    write(root, "run/systemd/logind.conf.d/60-b.conf", "KillUserProcesses=yes")
    assert from_files(root).kills is True
    write(root, "etc/systemd/logind.conf.d/10-c.conf", "KillUserProcesses=no")
    assert from_files(root).kills is True  # 60 comes after 10 in any directory
    write(root, "etc/systemd/logind.conf.d/readme", "KillUserProcesses=no")
    assert from_files(root).kills is True  # its name does not end in .conf


@pytest.mark.parametrize(
    ("first", "second"), [("etc", "run"), ("run", "usr/local/lib"), ("usr/local/lib", "usr/lib"), ("etc", "usr/lib")]
)
def test_of_two_files_with_one_name_the_first_directory_wins(root: Path, first: str, second: str) -> None:
    for name in ("logind.conf", "logind.conf.d/50-a.conf"):
        write(root, f"{second}/systemd/{name}", "KillUserProcesses=yes", "KillOnlyUsers=ann")
        write(root, f"{first}/systemd/{name}", "KillUserProcesses=no")

    assert from_files(root) == LoginSettings(False)


def test_a_drop_in_is_switched_off_by_a_link_to_nothing(root: Path) -> None:
    write(root, "usr/lib/systemd/logind.conf.d/50-a.conf", "KillUserProcesses=yes")
    mask = root / "etc/systemd/logind.conf.d/50-a.conf"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")

    assert from_files(root) == LoginSettings(None)


def test_lists_are_joined_and_an_empty_one_clears_them(root: Path) -> None:
    write(root, "etc/systemd/logind.conf", "KillOnlyUsers=ann bob", "KillExcludeUsers=")
    write(root, "etc/systemd/logind.conf.d/1.conf", "KillOnlyUsers=", "KillOnlyUsers = cy \\", '   "dan"', "")
    write(root, "etc/systemd/logind.conf.d/2.conf", "KillOnlyUsers=eve", "KillExcludeUsers=fay")

    assert from_files(root) == LoginSettings(None, ("cy", "dan", "eve"), ("fay",))


def test_comments_and_other_sections_are_ignored(root: Path) -> None:
    write(
        root, "etc/systemd/logind.conf", "#KillOnlyUsers=ann", ";KillOnlyUsers=ann", "[Other]", "KillOnlyUsers=ann", "x"
    )

    assert from_files(root) == LoginSettings(None)


# ------------------------------------------------------------------------------------ logind on the system bus


@pytest.fixture
def logind(area: Area, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logind]:
    with bus_daemon(area.xdg_runtime) as daemon, bus_service(Logind, daemon.address) as service:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", daemon.address)
        yield service


def test_logind_is_asked(logind: Logind) -> None:
    logind.kills = True
    logind.only = ["ann"]

    assert from_bus() == LoginSettings(True, ("ann",), ("root",))


def test_an_empty_exclude_list_is_none(logind: Logind) -> None:
    logind.excluded = []

    assert from_bus() == LoginSettings(False, (), None)


def test_no_logind_on_the_bus(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    with bus_daemon(area.xdg_runtime) as daemon:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", daemon.address)
        assert from_bus() is None


def test_no_system_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/none")

    assert from_bus() is None
