"""The hosts that a configuration of ssh names, for *Add a machine…*."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.machines.ssh import configured_hosts


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
