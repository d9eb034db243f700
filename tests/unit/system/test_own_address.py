"""The computer's address in its network, its name there, and its firewall."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from session_host.system import own_address


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on PATH, with as much time for what is in it as a busy machine needs."""
    monkeypatch.setattr(own_address, "NAME_S", 60.0)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_name_that_the_network_answers_with_this_address_is_offered(programs: Path) -> None:
    name = f"{os.uname().nodename.partition('.')[0].lower()}.local"
    program(programs / "getent", f'[ "$*" = "ahosts {name}" ] && echo "192.168.1.20    STREAM {name}"')
    assert own_address.answered_name("192.168.1.20") == name
    assert own_address.answered_name("192.168.1.2") == "", "another computer has the name"
    program(programs / "getent", "exit 2")
    assert own_address.answered_name("192.168.1.20") == ""


def test_a_name_service_that_hangs_is_not_waited_for(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_address, "NAME_S", 0.1)
    program(programs / "getent", "exec sleep 60")
    assert own_address.answered_name("192.168.1.20") == ""


def test_with_a_firewall_there_is_a_command_that_opens_the_port(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_address, "UFW", programs / "ufw.conf")
    program(programs / "systemctl", "exit 3")
    assert own_address.opening_command(7443) == ""
    (programs / "ufw.conf").write_text("# /etc/ufw/ufw.conf\nENABLED=no\nLOGLEVEL=low\n")
    assert own_address.opening_command(7443) == ""
    (programs / "ufw.conf").write_text("# /etc/ufw/ufw.conf\nENABLED=yes\nLOGLEVEL=low\n")
    assert own_address.opening_command(7443) == "sudo ufw allow 7443/tcp"
    (programs / "ufw.conf").unlink()
    program(programs / "systemctl", '[ "$*" = "is-active --quiet firewalld.service" ]')
    assert own_address.opening_command(7443).startswith("sudo firewall-cmd --permanent --add-port=7443/tcp")
