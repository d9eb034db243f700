"""The files that "@" offers in the page of a structured chat."""

from __future__ import annotations

from gui.window.page.structured_page import StructuredPage
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import Played


async def offered(played: Played, directory: str) -> list[str]:
    """All files and folders that are offered in a chat in this directory."""
    session_id = await played.add("one", runtime="structured", cwd=directory)
    played.open_window().open_chat(played.chat(session_id))
    page = played.window.tabs.active_page
    assert isinstance(page, StructuredPage)
    files = page.view.prompt.completion.files
    await played.until(lambda: files.matching(""), "the files")
    return sorted(match.path for match in files.matching(""))


async def test_ignored_and_deleted_files_of_a_repository_are_not_offered(played: Played, area: Area):
    repository = Checkout.new(area.home / "api")
    repository.commit("gone")
    (repository.path / "gone").unlink()
    repository.write(".gitignore", "*.log\n/out/\n")
    for name in ("build.log", "out/a", "src/new", "dist/kept"):
        repository.write(name)
    expected = [".gitignore", "dist/", "dist/kept", "file", "src/", "src/deep/", "src/deep/file", "src/new"]
    assert await offered(played, str(repository.path)) == expected


async def test_elsewhere_all_files_but_those_of_well_known_folders_are_offered(played: Played, area: Area):
    for name in ("notes/build.log", "node_modules/a"):
        (area.home / "plain" / name).parent.mkdir(parents=True)
        (area.home / "plain" / name).touch()
    assert await offered(played, str(area.home / "plain")) == ["notes/", "notes/build.log"]
