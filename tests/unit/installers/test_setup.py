"""Messages of the installers: Debian packages are missing, and the user is not root; the disk is full."""

from __future__ import annotations

import shutil
import subprocess
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
