"""What a release is made of: packages with the same files, notes, a repository that apt trusts by its key alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import REPOSITORY

SOURCES = "source installers/setup.sh; source installers/packages/formats.sh"
VERSION = "1.2.3"
OF_DEBIAN = {"/usr/share/doc/outlive/changelog.gz", "/usr/share/lintian/overrides/outlive"}


def shell(script: str, **variables: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        check=False,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=90,
        env=environment,
    )


def printed(script: str, **variables: str | Path) -> list[str]:
    done = shell(script, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with each package of one small tree."""
    work = tmp_path_factory.mktemp("release")
    payload = work / "tree/usr/lib/outlive" / VERSION
    for path in ("lib/module.py", "lib/a name with spaces.txt", "share/doc/outlive/copyright"):
        file = (payload if path.startswith("lib") else work / "tree/usr") / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    (payload / "bin").mkdir()
    (payload / "bin/python").symlink_to("/usr/bin/python3.11")
    library = next(Path("/usr/lib").glob("*/libz.so.1*")).resolve()
    shutil.copy(library, payload / "lib/library.so")
    (work / "tree/usr/bin").mkdir()
    (work / "tree/usr/bin/outlive").symlink_to("/opt/outlive/current/bin/outlive")
    (work / "sources.tar.gz").write_bytes(b"sources")
    places = f'WORK={work} DIST={work}/dist LOG={work}/log; : >"$LOG"'
    for build in (f"build_deb {work}/tree", f"build_rpm {work}/tree", f"build_arch {work}/sources.tar.gz"):
        printed(f"{SOURCES}; {places}; {build} {VERSION}")
    return work / "dist"


def test_the_packages_for_debian_and_for_rpm_have_the_same_files(packages: Path) -> None:
    deb, rpm = next(packages.glob("*.deb")), next(packages.glob("*.rpm"))
    listing = printed(f"dpkg-deb --fsys-tarfile '{deb}' | tar -t")
    of_deb = {each.removeprefix(".") for each in listing if not each.endswith("/")}
    modes = printed(f"rpm -qp --qf '[%{{FILEMODES:perms}} %{{FILENAMES}}\\n]' '{rpm}'")
    of_rpm = {each.partition(" ")[2] for each in modes if not each.startswith("d")}
    assert of_deb - OF_DEBIAN == of_rpm
    assert len(of_rpm) == 6


def test_each_package_has_the_same_version_and_runs_the_same_program_for_it(packages: Path) -> None:
    deb, rpm = next(packages.glob("*.deb")), next(packages.glob("*.rpm"))
    recipe = (packages / "PKGBUILD").read_text()
    assert printed(f"dpkg-deb -f '{deb}' Version")[0].partition("+")[0] == VERSION
    assert printed(f"rpm -qp --qf '%{{VERSION}}\\n' '{rpm}'") == [VERSION]
    assert f"pkgver={VERSION}\n" in recipe
    linked = f"/usr/lib/outlive/versions.py install {VERSION}"
    assert linked in "\n".join(printed(f"dpkg-deb --ctrl-tarfile '{deb}' | tar -xO ./postinst"))
    assert linked in "\n".join(printed(f"rpm -qp --scripts '{rpm}'"))
    for text in (recipe, *map(str, printed(f"rpm -qp --scripts '{rpm}'"))):
        assert not re.search(r"@[A-Z0-9]+@", text)


def test_a_package_for_rpm_needs_its_python_and_the_libraries_that_it_does_not_have(packages: Path) -> None:
    needed = printed(f"rpm -qp --requires '{next(packages.glob('*.rpm'))}'")
    assert "/usr/bin/python3.11" in needed
    assert any(each.startswith("libc.so.6(") for each in needed)
    assert not [each for each in needed if each.startswith("libz.so")]


def test_the_recipe_for_arch_is_one_that_its_shell_reads(packages: Path) -> None:
    said = printed(
        f"source {packages}/PKGBUILD; type package >&2; "
        'printf "%s\\n" "$pkgver" "${source[@]}" "${sha256sums[@]}" "$install"'
    )
    digest = printed("printf sources | sha256sum")[0].split()[0]
    assert said[:4] == [VERSION, f"outlive-{VERSION}.tar.gz", digest, "outlive.install"]
    assert printed(f"source {packages}/outlive.install; type post_install post_upgrade pre_remove")


def test_the_notes_of_a_release_are_its_section_of_the_changelog(tmp_path: Path) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(
        "# Changelog\n\n## 1.2.3, 2030-01-02\n\n- New: `a`.\n- New: b.\n\n## 1.2, 2029-01-02\n\n- Old.\n"
    )
    assert printed(f"source installers/release.sh; notes_of '{changelog}' 1.2.3") == ["- New: `a`.", "- New: b.", ""]
    assert printed(f"source installers/release.sh; notes_of '{changelog}' 1.2") == ["- Old."]
    assert printed("source installers/release.sh; notes_of CHANGELOG.md 0.1.0")


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "version.py",
            "1.2.3",
            "1.2.4",
            "the tag is v1.2.3, but session_host/version.py says 1.2.4: a release of it has the tag v1.2.4",
        ),
        (
            "CHANGELOG.md",
            "## 1.2.3, 2030-01-02",
            "## Unreleased",
            "the newest section of CHANGELOG.md is '## Unreleased', not '## 1.2.3, YEAR-MONTH-DAY'",
        ),
        ("CHANGELOG.md", "- New.", "", "CHANGELOG.md says nothing about 1.2.3"),
        ("pyproject.toml", "outlive.test", "outlive.example", "pyproject.toml needs the project's address: Homepage"),
        ("pyproject.toml", "", "", ""),
    ],
)
def test_a_tag_that_is_not_ready_to_be_released_is_refused(
    tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    (tmp_path / "session_host").mkdir()
    texts = {
        "version.py": 'VERSION = "1.2.3"\n',
        "CHANGELOG.md": "# Changelog\n\n## 1.2.3, 2030-01-02\n\n- New.\n\n## 1.2.2, 2029-01-02\n\n- Old.\n",
        "pyproject.toml": '[project.urls]\nHomepage = "https://outlive.test"\n',
    }
    for name, text in texts.items():
        place = tmp_path / ("session_host" if name == "version.py" else "") / name
        place.write_text(text.replace(old, new) if name == file and old else text)
    done = shell(f"source installers/release.sh; check_tree '{tmp_path}' v1.2.3")
    assert (done.returncode, done.stderr) == (bool(says), says and f"outlive: {says}\n")


KEY = "Trial <trial@localhost.localdomain>"


@pytest.fixture
def repository(packages: Path, tmp_path: Path) -> Iterator[Path]:
    """A repository of apt that a throwaway key has signed."""
    deb = next(packages.glob("*.deb"))
    script = (
        f'{SOURCES}; WORK={tmp_path} LOG={tmp_path}/log; : >"$LOG"; '
        f"gpg --batch --quiet --passphrase '' --quick-generate-key '{KEY}' ed25519 sign never 2>&1; "
        f"build_repository {tmp_path}/apt {deb} '{KEY}'"
    )
    with tempfile.TemporaryDirectory(prefix="o-") as home:  # its agent's socket needs a short path
        try:
            printed(script, GNUPGHOME=home)
            yield tmp_path / "apt"
        finally:
            printed("gpgconf --kill all", GNUPGHOME=home)


def test_apt_takes_the_package_from_the_repository_and_none_that_was_changed(repository: Path, tmp_path: Path) -> None:
    for name in (
        "etc/apt/apt.conf.d",
        "etc/apt/preferences.d",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
    ):
        (tmp_path / name).mkdir(parents=True)
    address = f"s|^URIs: .*|URIs: file:{repository}|; s|^Signed-By: .*|Signed-By: {repository}/outlive.gpg|"
    sources = next(repository.glob("*.sources"))
    apt = (
        f"-o Dir={tmp_path} -o Dir::State::status=/dev/null -o Dir::Etc::sourcelist={tmp_path}/outlive.sources "
        "-o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User= -o Dir::Bin::Methods=/usr/lib/apt/methods"
    )
    printed(f"sed '{address}' {sources} >{tmp_path}/outlive.sources; apt-get -q {apt} update 2>&1")
    assert f" {VERSION}+" in printed(f"apt-cache {apt} policy outlive")[2]
    signed = next(repository.glob("dists/*/InRelease"))
    signed.write_text(signed.read_text().replace("Origin: Outlive", "Origin: outlive"))
    done = shell(f"apt-get -q {apt} -o APT::Update::Error-Mode=any update")
    assert done.returncode == 100
    assert "BADSIG" in done.stderr
