"""The files that "@" offers in the page of a structured chat."""

from __future__ import annotations

from gui.window.page.structured_page import StructuredPage
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness


async def offered(harness: WindowHarness, directory: str) -> list[str]:
    """All files and folders that are offered in a chat in this directory."""
    session_id = await harness.add("one", runtime="structured", cwd=directory)
    harness.open_window().open_chat(harness.chat(session_id))
    page = harness.window.tabs.active_page
    assert isinstance(page, StructuredPage)
    files = page.view.prompt.completion.files
    await harness.until(lambda: files.matching(""), "the files")
    return sorted(match.path for match in files.matching(""))


async def test_ignored_and_deleted_files_of_a_repository_are_not_offered(harness: WindowHarness, area: Area):
    repository = Checkout.new(area.home / "api")
    repository.commit("gone")
    (repository.path / "gone").unlink()
    repository.write(".gitignore", "*.log\n/out/\n")
    for name in ("build.log", "out/a", "src/new", "dist/kept"):
        repository.write(name)
    expected = [".gitignore", "dist/", "dist/kept", "file", "src/", "src/deep/", "src/deep/file", "src/new"]
    assert await offered(harness, str(repository.path)) == expected


async def test_elsewhere_all_files_but_those_of_well_known_folders_are_offered(harness: WindowHarness, area: Area):
    for name in ("notes/build.log", "node_modules/a"):
        (area.home / "plain" / name).parent.mkdir(parents=True)
        (area.home / "plain" / name).touch()
    assert await offered(harness, str(area.home / "plain")) == ["notes/", "notes/build.log"]
