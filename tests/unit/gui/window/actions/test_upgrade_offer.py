"""Running chats with another version than the window's: reported once, and updated on request."""

from __future__ import annotations

import pytest

from gui.window.actions import upgrade_offer
from gui.window.page.banners import Banner
from session_host.client.sessions.hosts import UpgradeResult
from session_host.errors import OutliveError
from session_host.version import VERSION
from tests.unit.gui.conftest import WindowHarness

OFFER = f"Some running chats use Outlive 0.0.1. Version {VERSION} is installed."


async def one_of(harness: WindowHarness, version: str, name: str = "one") -> str:
    """A chat with a host that has reported its version."""
    session_id = await harness.add(name)
    harness.window.open_chat(harness.chat(session_id))
    viewer = harness.viewers[session_id]
    viewer.line.host_version = version
    viewer.go_live()
    harness.settle()
    return session_id


def banner(harness: WindowHarness) -> Banner:
    current = harness.window.banners.current
    assert current is not None
    return current


async def test_chats_of_this_version_are_not_reported(harness: WindowHarness):
    harness.open_window()
    await one_of(harness, VERSION)
    await one_of(harness, "")
    assert harness.window.banners.current is None


async def test_older_chats_are_offered_an_update_once(harness: WindowHarness):
    harness.open_window()
    await one_of(harness, "0.0.1")
    assert (banner(harness).text, banner(harness).action, banner(harness).lasting) == (
        OFFER,
        "Update running chats",
        True,
    )
    harness.window.banners.dismiss()
    await one_of(harness, "0.0.1", "two")
    assert harness.window.banners.current is None


async def test_the_offer_disappears_when_the_chats_are_updated_elsewhere(harness: WindowHarness):
    harness.open_window()
    viewer = harness.viewers[await one_of(harness, "0.0.1")]
    viewer.line.host_version = VERSION
    viewer.go_live()
    harness.settle()
    assert harness.window.banners.current is None


async def test_a_window_that_is_older_than_its_chats_is_reported(harness: WindowHarness):
    harness.open_window()
    await one_of(harness, "99.0")
    assert "use Outlive 99.0; this window" in banner(harness).text
    assert banner(harness).action == "Restart the window"
    restarts: list[bool] = []
    harness.windows.restart_requested.connect(lambda: restarts.append(True))
    harness.window.banners.run_action()
    assert restarts == [True]


async def test_the_result_is_shown_and_a_failure_changes_nothing(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    harness.open_window()
    session_id = await one_of(harness, "0.0.1")

    def refused() -> list[UpgradeResult]:
        return [UpgradeResult(session_id, "one", False, "not updated: it cannot be restored")]

    monkeypatch.setattr(upgrade_offer, "upgrade_all", refused)
    harness.window.banners.run_action()
    assert banner(harness).text == "Updating running chats…"
    await harness.until(lambda: banner(harness).kind == "failed", "the result")
    assert banner(harness).text == "No running chats were updated. one was not updated: it cannot be restored."
    assert not harness.chat(session_id).has_ended


async def test_a_broken_installed_version_is_reported(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch):
    harness.open_window()
    await one_of(harness, "0.0.1")

    def broken() -> list[UpgradeResult]:
        raise OutliveError("cannot start the installed version (SyntaxError); nothing was changed")

    monkeypatch.setattr(upgrade_offer, "upgrade_all", broken)
    harness.window.banners.run_action()
    await harness.until(lambda: banner(harness).kind == "failed", "the result")
    assert banner(harness).text == (
        "Can’t update the running chats: cannot start the installed version (SyntaxError); nothing was changed. "
        "They keep running."
    )


@pytest.mark.parametrize(
    ("results", "left", "text", "well"),
    [
        ([], [], "No running chats", True),
        ([("a", True, "")], [], f"Updated a to {VERSION}. Nothing was interrupted.", True),
        (
            [("a", True, ""), ("b", True, "")],
            [],
            f"Updated 2 running chats to {VERSION}. Nothing was interrupted.",
            True,
        ),
        (
            [("a", True, ""), ("b", False, "no answer"), ("c", False, "x")],
            [],
            "Updated 1 of 3 running chats. b and c were not updated: no answer.",
            False,
        ),
        (
            [("a", True, "")],
            ["old"],
            "Updated 1 of 2 running chats. old was not updated: started by a version of Outlive that can’t be updated.",
            False,
        ),
    ],
)
def test_the_report_names_updated_and_refused_chats(
    results: list[tuple[str, bool, str]], left: list[str], text: str, well: bool
):
    upgrade_results = [UpgradeResult(name, name, ok, message) for name, ok, message in results]
    assert upgrade_offer.report(upgrade_results, left) == (text, well)
