"""The command that adds an extra to this installation."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from session_host.system import installation
from session_host.version import VERSION

PIP = f"{shlex.quote(sys.executable)} -m pip install 'outlive[{{}}] @ file:///outlive.whl'"
Installed = Callable[..., None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Have Outlive be installed from a wheel, with modules that others lack, by the tool that leaves this file."""

    def install(file: str, lacks: tuple[str, ...]) -> None:
        (tmp_path / file).touch()
        package = tmp_path / "outlive-0.1.0.dist-info"
        package.mkdir()
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: outlive\nVersion: 0.1.0\n")
        (package / "direct_url.json").write_text('{"url": "file:///outlive.whl", "archive_info": {}}')
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        monkeypatch.setattr(installation, "_CLONE", tmp_path / "lib")
        monkeypatch.setattr(installation, "find_spec", lambda name: None if name in lacks else object())

    return install


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("pipx_metadata.json", "pipx install --force 'outlive[{}] @ file:///outlive.whl'"),
        ("uv-receipt.toml", "uv tool install 'outlive[{}] @ file:///outlive.whl'"),
        ("pyvenv.cfg", PIP),
    ],
)
def test_the_command_is_for_the_tool_that_installed_outlive(file: str, command: str, installed: Installed) -> None:
    installed(file, lacks=("PySide6", "starlette"))
    assert installation.install_command("window") == command.format("window")
    assert installation.install_command("web") == command.format("web")


def test_the_command_keeps_what_is_installed(installed: Installed) -> None:
    """`pipx install --force` with the page's extra alone took the window away."""
    installed("pipx_metadata.json", lacks=("starlette",))
    assert installation.install_command("web") == "pipx install --force 'outlive[window,web] @ file:///outlive.whl'"


def test_beside_a_package_of_the_system_a_wheel_is_installed(installed: Installed) -> None:
    installed("pyvenv.cfg", lacks=("starlette", "pip"))
    wheel = f"'dist/outlive-{VERSION}-py3-none-any.whl[window,web]'"
    assert (
        installation.install_command("web")
        == f"bash installers/build.sh wheel && pipx install {wheel}, in a clone of Outlive"
    )


def test_a_file_for_later_versions_names_the_newest_version_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Start at login* named the version that an upgrade removes."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "1.2.3"))
    assert installation.lasting_command() == installation.outlive_command()
    (tmp_path / "current").symlink_to("1.2.4")
    assert installation.lasting_command() == [f"{tmp_path}/current/bin/outlive"]


@pytest.mark.parametrize("options", [[], ["-E"]], ids=["", "as a package's command"])
def test_processes_ignore_variables_of_python_if_the_command_does(options: list[str]) -> None:
    code = "from session_host.system import installation; print(installation.own_python()[1:])"
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{[*options, '-P']}\n"


@pytest.mark.parametrize(
    ("kept", "command"),
    [
        ("dpkg/info/outlive.list", "sudo apt purge outlive"),
        ("pacman/local", "sudo pacman -R outlive"),
        ("rpm", "sudo dnf remove outlive"),
    ],
)
def test_a_package_of_the_system_is_removed_by_the_manager_that_installed_it(
    kept: str, command: str, installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("pyvenv.cfg", lacks=("pip",))
    (tmp_path / "packages" / kept).mkdir(parents=True)
    monkeypatch.setattr(installation, "_PACKAGES", tmp_path / "packages")
    assert installation.removal_command() == command
