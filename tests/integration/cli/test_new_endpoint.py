"""``outlive new endpoint``: its server, model and key."""

from __future__ import annotations

import pytest

from session_host.paths import config_dir
from tests.support.commands import outlive

URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["endpoint"], "no server given; use: outlive new endpoint -m MODEL -u URL, or set url in "),
        (["endpoint", "-m", "x"], "no server given"),
        (["endpoint", "-u", URL, "--key", "sk-0123"], "--key takes a source, not the key itself"),
        (["shell", "-m", "x"], "--model works only with `outlive new endpoint`"),
        (["--url", URL, "--", "top"], "--url works only with `outlive new endpoint`"),
    ],
)
def test_invalid_options_start_nothing(words: list[str], complaint: str) -> None:
    done = outlive("new", "-d", *words)
    assert done.code == 2
    assert complaint in done.complaint()
    assert "sk-0123" not in done.error


@pytest.mark.usefixtures("sessions")
def test_options_are_passed_to_the_program_and_defaults_suffice() -> None:
    words = ["-u", URL, "-m", "a model", "--system=-brief-", "--key", "file:key"]
    argv = outlive("new", "--json", "endpoint", *words, "-C", "/", "--", "--api", "chat").json()["argv"]
    behind = argv[argv.index("session_host.endpoint") + 1 :]
    assert behind[0] == "--conversation"
    assert behind[2:4] == ["--model=a model", f"--url={URL}"]
    assert behind[4:6] == ["--system=-brief-", "--key-from"]
    assert behind[6].startswith("file:/")
    assert behind[6].endswith("/key")
    assert behind[7:] == ["--api", "chat"]
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "endpoint.toml").write_text(f'url = "{URL}"\nmodel = "default-model"\n')
    session = outlive("new", "--json", "endpoint").json()
    seen = outlive("wait", session["id"], "--text", "Chat with default-model at 127.0.0.1:9", "--timeout", "60")
    assert seen.code == 0, seen.error
