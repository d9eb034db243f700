"""The page stays small: it comes over a slow line, without a build step that could make it smaller."""

from __future__ import annotations

from tests.support.commands import REPOSITORY

MAX_BYTES = 64 * 1024


def test_the_page_is_under_64_kb() -> None:
    names = ("index.html", "page.css", "page.js", "worker.js")
    sizes = {name: (REPOSITORY / "resources" / "web" / name).stat().st_size for name in names}
    assert sum(sizes.values()) < MAX_BYTES, sizes


def test_what_few_pages_load_is_under_6_kb() -> None:
    assert (REPOSITORY / "resources" / "web" / "seldom.js").stat().st_size < 6 * 1024


def test_what_only_a_device_loads_that_is_not_let_in_is_under_6_kb() -> None:
    assert (REPOSITORY / "resources" / "web" / "pair.js").stat().st_size < 6 * 1024
