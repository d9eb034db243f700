"""The hosts that a configuration of ssh names, for *Add a machine…*."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from session_host.machines.ssh import RIDE, configured_hosts, control_options, forget_configuration


def test_hosts_are_found_as_ssh_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "dev" not in configured_hosts()
    (tmp_path / ".ssh" / "d").mkdir(parents=True)
    (tmp_path / ".ssh" / "config").write_text(
        "Include d/*.conf\n"
        'Host dev *.example.org !dev2 "two words" "pi" # web\n  HostName 192.0.2.1\n'
        "HOST=eq\nMatch host z\nHost 'broken\n  include\t~/.ssh/more"
    )
    (tmp_path / ".ssh" / "d" / "a.conf").write_text("Host inner\nInclude ~/.ssh/config\n")
    (tmp_path / ".ssh" / "more").write_bytes(b"host last \xff\n")
    assert configured_hosts()[:5] == ["inner", "dev", "pi", "eq", "last"]


def test_a_changed_configuration_counts_once_it_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text("")
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    before = control_options("web1")
    config.write_text(f"ControlPath {tmp_path}/of-user\n")
    assert control_options("web1") == before
    forget_configuration()
    assert control_options("web1") == RIDE
