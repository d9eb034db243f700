"""Two machines for the tests of this package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from session_host.machines import link, listing, ssh
from tests.support.commands import outlive
from tests.support.ssh_machines import SshMachine, end_logins, ssh_machines

if TYPE_CHECKING:
    from tests.conftest import Sessions
    from tests.support.area import Area


@pytest.fixture
def machines(area: Area, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SshMachine]]:
    """Two machines, ``alpha`` and ``beta``, in reach of ``ssh``; not added yet."""
    with ssh_machines(area.root / "m", "alpha", "beta") as (started, environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        yield started
        end_logins(*(each.name for each in started))
        sessions.end_all()


@pytest.fixture
def no_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared login that answers slowly gets no rival from this process, for tests that count logins."""
    monkeypatch.setattr(link, "RIVAL_S", 60.0)
    monkeypatch.setattr(ssh, "LOGIN_ANSWER_S", 60.0)


@pytest.fixture
def patient_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of this process wait a minute for each machine: a busy one may need more than the seconds of users."""
    for name in ("LIST_TIMEOUT_S", "SILENT_LIST_TIMEOUT_S"):
        monkeypatch.setattr(listing, name, 60.0)


@pytest.fixture
def alpha(machines: list[SshMachine]) -> SshMachine:
    """The machine ``alpha``, added."""
    done = outlive("machines", "add", "alpha")
    assert done.code == 0, done.error
    return machines[0]
