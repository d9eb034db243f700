"""Messages of the installers: what is missing, not fetched, or too large; the user is not root; a disk is full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.disks import small_disk

REPOSITORY = Path(__file__).resolve().parents[3]

AS_A_USER_OF_DEBIAN = """
source installers/setup.sh
id() { echo 1000; }
dpkg-query() {
    printf '%s:installed\\n' "${WINDOW_PACKAGES[@]%%|*}" "${TEST_PACKAGES[@]}" | grep -v -E '^(libegl1|tmux|xvfb):'
}
apt-get() { :; }
apt-cache() { :; }
"""


CERTIFICATE = (
    "the package index has a certificate that pip does not know, as behind a company's proxy; name the file with "
    "yours: PIP_CERT=/path/to/ca.pem"
)


def said(tmp_path: Path, packages: str, root_by: str) -> list[str]:
    """The lines that ``setup_system`` says where no other program of the machine is on the path."""
    for name in ("dirname", "grep", "sed", "tr"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    if root_by:
        (tmp_path / root_by).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / root_by).chmod(0o755)
    done = subprocess.run(
        [shutil.which("bash") or "", "-c", f"{AS_A_USER_OF_DEBIAN} setup_system {packages}"],
        check=False,
        cwd=REPOSITORY,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.splitlines()


@pytest.mark.parametrize(
    ("root_by", "form"), [("sudo", "sudo sh -c '{}'"), ("su", "su - -c '{}'"), ("", "as root: {}")]
)
def test_what_is_missing_for_the_window_and_for_the_tests_is_said_at_once(
    tmp_path: Path, root_by: str, form: str
) -> None:
    install = "apt-get update && apt-get install -y --no-install-recommends libegl1"
    assert said(tmp_path, '"${WINDOW_PACKAGES[@]}"', root_by) == [
        "outlive: system packages are missing. Run this, then start again:",
        "  " + form.format(install),
        "If you want to run installers/test.sh as well, add: tmux xvfb",
    ]


def test_the_tests_ask_once_for_all_that_they_need(tmp_path: Path) -> None:
    lines = said(tmp_path, '"${WINDOW_PACKAGES[@]}" "${TEST_PACKAGES[@]}"', "sudo")
    assert len(lines) == 2
    assert lines[1].endswith(" libegl1 tmux xvfb'")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 512) as disk:
        (disk / "installers").mkdir()
        shutil.copy(REPOSITORY / "installers" / "setup.sh", disk / "installers")
        done = subprocess.run(
            ["bash", "-c", "source installers/setup.sh; setup_environment run"],
            check=False,
            cwd=disk,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (
        1,
        f"outlive: the disk is full: Python and its packages need some 500 MB in {disk}\n",
    )


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "Retrying: SSLError(SSLCertVerificationError(1, 'self-signed'))\nERROR: No matching distribution",
            CERTIFICATE,
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError: Temporary failure in name resolution'",
            "Python packages could not be fetched: no network, or no way to the package index",
        ),
        ("ERROR: ResolutionImpossible", "Python packages could not be installed (ERROR: ResolutionImpossible)"),
    ],
    ids=["certificate", "network", "another error"],
)
def test_what_pip_says_of_the_network_is_one_line(tmp_path: Path, output: str, reason: str) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit 1\n")
    python.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", f'source installers/setup.sh; VENV={tmp_path} LOG={tmp_path}/log; : >"$LOG"; pip_install x'],
        check=False,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, f"outlive: {reason}. Details: {tmp_path}/log\n")


@pytest.mark.parametrize("locale", ["POSIX", "nn_NO.UTF-8"], ids=["POSIX", "a locale that the machine lacks"])
def test_a_clone_whose_path_is_not_ascii_starts_in_a_locale_that_is(tmp_path: Path, locale: str) -> None:
    clone = tmp_path / "o'dd clöne x"
    shutil.copytree(REPOSITORY / "installers", clone / "installers")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    [packages] = (clone / ".venv").glob("lib/python3*/site-packages")
    (packages / "__editable__.outlive-0.1.0.pth").write_text(f"{clone}\n", encoding="utf-8")
    subprocess.run(["bash", "-c", "source installers/setup.sh; name_clone_in_ascii"], check=True, cwd=clone)
    (clone / "found_in_clone.py").touch()
    done = subprocess.run(
        [clone / ".venv/bin/python", "-c", "import found_in_clone"],
        check=False,
        cwd="/",
        env={"LC_ALL": locale},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_build_without_room_in_tmpdir_says_so_in_one_line(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(REPOSITORY / "installers", clone / "installers")
    for name in ("gui", "resources", "session_host"):
        (clone / name).mkdir()
        (clone / name / "large").write_bytes(os.urandom(200_000))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICES.md", "CHANGELOG.md", "session_host/version.py"):
        shutil.copy(REPOSITORY / name, clone / name)
    with small_disk(tmp_path / "disk", 256) as disk:
        done = subprocess.run(
            ["bash", "installers/build.sh", "wheel"],
            check=False,
            cwd=clone,
            env={**os.environ, "TMPDIR": str(disk)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        left = list(disk.iterdir())
    assert done.returncode == 1
    assert done.stderr.startswith(f"outlive: the sources cannot be copied to {disk}/outlive-build.")
    assert done.stderr.endswith(
        f"(No space left on device); TMPDIR names another directory. Details: {clone}/.venv.log\n"
    )
    assert done.stderr.count("\n") == 1
    assert left == []


@pytest.mark.parametrize(
    ("size_mb", "error"), [(65, ""), (66, "outlive: the package has 66 MB, more than 65: {deb}\n")]
)
def test_a_package_that_has_grown_is_refused(tmp_path: Path, size_mb: int, error: str) -> None:
    deb = tmp_path / "outlive.deb"
    with deb.open("wb") as file:
        file.truncate(size_mb * 1_000_000)
    done = subprocess.run(
        ["bash", "-c", f"source installers/setup.sh; source installers/packages/formats.sh; DEB={deb}; check_deb_size"],
        check=False,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (bool(error), error.format(deb=deb))
