"""The project's documents agree on dependencies, versions, licences, commands and tests."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from session_host.agents.catalog import load_catalog
from session_host.commands import SUBCOMMANDS
from session_host.version import VERSION
from tests.architecture.source_tree import REPOSITORY, docstring, imports, project_files, python_files, text
from tests.support.commands import outlive
from tests.support.real_agents import ALL_AGENTS, CLAUDE_OF_NODE_20, RealAgent

SETTINGS: dict[str, Any] = tomllib.loads(text(Path("pyproject.toml")))
PROJECT: dict[str, Any] = SETTINGS["project"]
PINS = dict(
    line.split("==")
    for line in text(Path("installers/constraints.txt")).splitlines()
    if line and not line.startswith("#")
)


ROOT = {
    *(".ci", ".github", ".gitignore", ".pre-commit-config.yaml", "pyproject.toml", "LICENSE"),
    *("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "DECISIONS.md", "NOTICES.md", "README.md", "SECURITY.md"),
    *("gui", "installers", "resources", "session_host", "tests"),
}


def test_the_root_has_nothing_that_a_run_leaves() -> None:
    listing = ["git", "-c", f"safe.directory={REPOSITORY}", "ls-files", "-z"]
    tracked = subprocess.run(listing, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split("\0")
    assert {each.partition("/")[0] for each in tracked if each} == ROOT


def canonical(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[\s<>=!;\[]", requirement, maxsplit=1)[0]) for requirement in requirements}


PINNED = {canonical(name) for name in PINS}


def test_constraints_hold_names_and_versions_only() -> None:
    lines = [line for line in text(Path("installers/constraints.txt")).splitlines() if not line.startswith("#")]
    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)]


@pytest.mark.registrations
def test_every_dependency_is_pinned() -> None:
    extras = [name for listed in PROJECT["optional-dependencies"].values() for name in listed]
    wanted = names(PROJECT["dependencies"]) | names(extras) | {"setuptools"}
    assert not wanted - PINNED, "add their versions to installers/constraints.txt"


@pytest.mark.registrations
def test_everything_pinned_is_in_the_notices() -> None:
    notices = {canonical(word) for word in re.findall(r"[A-Za-z][\w.-]*", text(Path("NOTICES.md")))}
    assert not {name for name in PINNED if name not in notices}, "add their licences to NOTICES.md"


@pytest.mark.parametrize("top_package", ["session_host", "gui", "tests"])
def test_a_package_lists_no_files(top_package: str) -> None:
    """Each file's own docstring says what it is; a list in its package would say it again."""
    lists = []
    for path in python_files(top_package):
        if path.name == "__init__.py":
            first = [
                line.split()[0].rstrip("/,") for line in docstring(path).splitlines() if re.match(r" *\w+/?  +\w", line)
            ]
            inside = {each.stem for each in (REPOSITORY / path).parent.glob("*.py")}
            inside |= {each.parent.name for each in (REPOSITORY / path).parent.glob("*/__init__.py")}
            lists += [f"{path}: {name}" for name in first if name in inside]
    assert not lists, "say there only why the package exists"


@pytest.mark.registrations
def test_all_resources_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also files with a leading dot, such as zsh's."""
    from setuptools import Distribution  # here, since only this test needs it

    monkeypatch.chdir(REPOSITORY)
    patterns = SETTINGS["tool"]["setuptools"]["package-data"]
    build = Distribution({"packages": ["resources"], "package_data": patterns}).get_command_obj("build_py")
    build.ensure_finalized()
    [(_, _, _, files)] = build.get_data_files_without_manifest()
    installed = {Path("resources", name) for name in files}
    assert not {path for path in project_files() if path.is_relative_to("resources")} - installed


def test_the_changelog_dates_the_version() -> None:
    assert re.search(rf"(?m)^## {re.escape(VERSION)}, \d{{4}}-\d\d-\d\d$", text(Path("CHANGELOG.md")))


def test_the_changelog_of_the_first_release_is_a_list_of_capabilities_by_area() -> None:
    entries = text(Path("CHANGELOG.md")).partition("## 0.1.0, ")[2]
    assert not re.findall(r"(?m)^### (?:Added|Changed|Fixed)$", entries), "no user had an earlier version"


GUIDE = sorted(str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "resources/guide").glob("*.md"))
PAGES = ["README.md", "ARCHITECTURE.md", "DECISIONS.md", "CONTRIBUTING.md", "CHANGELOG.md", "NOTICES.md", "SECURITY.md"]


@pytest.mark.parametrize("page", PAGES + GUIDE)
@pytest.mark.registrations
def test_links_to_files_have_targets(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text(Path(page)))
    assert not [target for target in targets if not (REPOSITORY / page).parent.joinpath(target).exists()]


@pytest.mark.registrations
def test_notices_name_the_author_and_the_licence_of_each_theme() -> None:
    notices = " ".join(text(Path("NOTICES.md")).partition("## Themes")[2].split())
    themes = [tomllib.loads(text(path.relative_to(REPOSITORY))) for path in (REPOSITORY / "resources/themes").iterdir()]
    owners = {f"({theme['licence']}, © {theme['author']})" for theme in themes if theme["source"] != "this project"}
    assert {owner for owner in owners if owner not in notices} == set()


@pytest.mark.registrations
def test_the_guide_lists_its_pages() -> None:
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", text(Path("resources/guide/README.md"))))
    pages = {f"resources/guide/{name}" for name in listed} | {"resources/guide/README.md"}
    assert pages == set(GUIDE), "the guide's README.md lists each page"


@pytest.mark.registrations
def test_lines_that_the_guide_explains_are_those_of_the_product() -> None:
    table = text(Path("resources/guide/troubleshoot.md")).partition("## What a line says")[2].partition("\n## ")[0]
    explained = [line for row in re.findall(r"(?m)^\| (\".*?) \|", table) for line in re.findall(r'"([^"]+)"', row)]
    product = "".join(re.sub(r'"\s+f?"', "", text(path)) for path in python_files("session_host", "gui"))
    assert len(explained) > 15
    assert not [line for line in explained if line not in product]


def test_decisions_are_numbered_questions_with_short_answers() -> None:
    parts = re.split(r"(?m)^### ", text(Path("DECISIONS.md")))[1:]
    entries = [re.split(r"(?m)^## ", part)[0].strip().splitlines() for part in parts]
    numbers = [int(entry[0].split(".")[0]) for entry in entries]
    assert numbers == list(range(1, len(entries) + 1)), "number the entries consecutively"
    assert not [entry[0] for entry in entries if not entry[0].endswith("?")], "a heading is a question"
    assert not [entry[0] for entry in entries if not entry[1].startswith("**")], "an entry begins with its answer"
    assert not [entry[0] for entry in entries if len(entry) > 6], "five lines below the heading at most"
    assert len(text(Path("DECISIONS.md")).split()) <= 4500, "move what one module needs to know into its docstring"


@pytest.mark.parametrize(
    ("page", "columns"), [("ARCHITECTURE.md", 160), ("CONTRIBUTING.md", 160), ("DECISIONS.md", 120)]
)
def test_lines_of_pages_for_developers_fit_in_an_editor(page: str, columns: int) -> None:
    assert not [line for line in text(Path(page)).splitlines() if len(line) > columns]


def packages_in_the_table() -> dict[str, int]:
    """The packages and modules of ARCHITECTURE.md's table, and their rows."""
    table = text(Path("ARCHITECTURE.md")).partition("## Packages")[2].partition("\n## ")[0]
    rows = [re.findall(r"`([\w/.]+)`", row.split("|")[1]) for row in re.findall(r"(?m)^\| `.*$", table)]
    return {
        (name if "/" in name else f"{row[0].split('/')[0]}/{name}").removesuffix(".py").replace("/", "."): number
        for number, row in enumerate(rows)
        for name in row
    }


@pytest.mark.registrations
def test_the_table_has_each_package() -> None:
    parts = {".".join(path.with_suffix("").parts[:2]) for path in python_files("session_host", "gui")}
    small = {"__init__", "__main__", "ending_signals", "toml_writing", "version"}
    assert {part for part in parts if part.split(".")[1] not in small} == set(packages_in_the_table())


def test_the_table_of_packages_is_in_the_order_of_their_imports() -> None:
    places = packages_in_the_table()
    for path in python_files("session_host", "gui"):
        place = places.get(".".join(path.with_suffix("").parts[:2]), 0)
        above = [name for name in imports(path) if places.get(".".join(name.split(".")[:2]), place) < place]
        assert not above, f"{path} imports what stands above it"


def commands_in(page: str) -> list[str]:
    """The lines of a page's code blocks that are commands of this project."""
    blocks = re.findall(r"```\w*\n(.*?)```", page, re.DOTALL)
    lines = [line.split("#")[0].strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(("bash ", "outlive", "python -m"))]


def test_the_readme_names_the_two_commands() -> None:
    commands = commands_in(text(Path("README.md")))
    assert "bash installers/run.sh" in commands
    assert "bash installers/test.sh" in commands


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_scripts_in_the_pages_exist(page: str) -> None:
    scripts = [command.split()[1] for command in commands_in(text(Path(page))) if command.startswith("bash ")]
    assert not [script for script in scripts if not (REPOSITORY / script).is_file()]


@pytest.mark.registrations
def test_subcommands_in_the_readme_and_the_guide_exist() -> None:
    commands = [command for page in ["README.md", *GUIDE] for command in commands_in(text(Path(page)))]
    subcommands = {command.split()[1] for command in commands if re.match(r"outlive [a-z]", command)}
    assert subcommands
    for subcommand in sorted(subcommands):
        done = outlive(subcommand, "--help")
        assert done.code == 0, f"outlive {subcommand} --help: {done.error}"


@pytest.mark.registrations
def test_the_guide_lists_each_subcommand_with_options_that_it_has() -> None:
    rows = re.findall(r"(?m)^\| ([a-z][a-z, -]+) \|(.*)\|$", text(Path("resources/guide/command-line.md")))
    listed = {name: row for names, row in rows[1:] for name in names.split(", ")}
    assert set(listed) == set(SUBCOMMANDS), "give it a row in resources/guide/command-line.md"
    for name, row in listed.items():
        options = re.findall(r"`(--?[a-z-]+)", row)
        helped = outlive(name, "--help").output
        assert not [each for each in options if each not in helped], name


@pytest.mark.parametrize(
    "page", ["README.md", "resources/desktop/outlive.metainfo.xml", "installers/packages/formats.sh"]
)
@pytest.mark.registrations
def test_each_agent_is_named_where_users_choose_the_product(page: str) -> None:
    titles = [agent.title for agent in load_catalog(Path("/nonexistent")).values() if agent.executable]
    names = [title.removeprefix("GitHub ").removesuffix(" CLI") for title in titles]
    assert not [name for name in names if name not in " ".join(text(Path(page)).split())]


PACKAGES = sorted({path.parent for path in python_files("session_host", "gui") if len(path.parts) > 2})


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_every_package_is_imported_by_a_test_or_what_tests_use(package: Path) -> None:
    dotted = ".".join(package.parts)
    assert dotted in imported_by(tuple(python_files("tests"))), f"add a test that imports {dotted}"


@cache
def imported_by(paths: tuple[Path, ...]) -> set[str]:
    """The dotted names that the files import, and the packages around each."""
    names = [name.split(".") for path in paths for name in imports(path)]
    return {".".join(parts[:length]) for parts in names for length in range(1, len(parts) + 1)}


@pytest.mark.registrations
def test_every_package_is_installed() -> None:
    """Setuptools finds every package: it would silently leave out a folder without __init__.py."""
    from setuptools import find_namespace_packages

    settings = tomllib.loads(text(Path("pyproject.toml")))["tool"]["setuptools"]["packages"]["find"]
    found = set(find_namespace_packages(str(REPOSITORY), include=settings["include"], exclude=settings["exclude"]))
    assert {".".join(path.parent.parts) for path in python_files("session_host", "gui")} <= found
    assert "resources" in found


def test_the_desktop_entry_is_valid() -> None:
    entry = configparser.ConfigParser(interpolation=None, strict=True)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read_string(text(Path("resources/desktop/outlive.desktop")))
    values = entry["Desktop Entry"]
    assert values["Exec"] in PROJECT["scripts"]
    assert (REPOSITORY / f"resources/icons/{values['Icon']}.svg").is_file()
    assert values["Categories"].endswith(";")


def test_continuous_integration_runs_the_same_script() -> None:
    assert "installers/test.sh" in text(Path(".ci/run"))


def test_the_tests_with_an_option_of_their_own_find_their_fixtures() -> None:
    """These tests run seldom, so this test finds a missing fixture earlier."""
    options = ["--setup-plan", "-q", "--real-agents", "--compositors", "-p", "no:cacheprovider"]
    options += ["-m", "real_agents or compositors"]
    planned = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/e2e/real_agents", "tests/e2e/wayland"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert planned.returncode == 0, planned.stdout[-2000:]


@pytest.mark.parametrize("agent", [*ALL_AGENTS, CLAUDE_OF_NODE_20], ids=lambda agent: agent.label)
def test_the_catalog_names_the_versions_that_the_tests_run(agent: RealAgent) -> None:
    assert agent.version in load_catalog(Path("/nonexistent"))[agent.name].tested
