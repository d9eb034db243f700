"""Options of the endpoint program: command line, defaults, and settings of a continued conversation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from session_host.endpoint.conversation import Settings
from session_host.endpoint.options import initial_settings, read_defaults, read_options
from session_host.endpoint.server.addresses import base_url, is_local, origin, shown_server
from session_host.endpoint.server.parameters import changed_parameters, parameters_of, shown_parameters
from session_host.errors import ConfigError, UsageError

URL = "http://127.0.0.1:8080/v1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://127.0.0.1:8080", URL),
        ("http://127.0.0.1:8080/", URL),
        ("http://127.0.0.1:8080/v1/", URL),
        ("http://127.0.0.1:8080/v1/chat/completions", URL),
        ("127.0.0.1:8080", URL),
        ("localhost:11434", "http://localhost:11434/v1"),
        ("[::1]:8080", "http://[::1]:8080/v1"),
        ("api.example.com", "https://api.example.com/v1"),
        (
            "https://example.com/openai/deployments/x?api-version=1",
            "https://example.com/openai/deployments/x?api-version=1",
        ),
    ],
)
def test_addresses_are_completed(written: str, meant: str) -> None:
    assert base_url(written) == meant


@pytest.mark.parametrize(
    "written", ["", "ftp://x", "http://", "http://a:b", "http://x y", "http://u:p@x", "http://[::1"]
)
def test_an_invalid_address_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        base_url(written)


def test_names_of_servers_are_short() -> None:
    assert shown_server(URL) == "127.0.0.1:8080"
    assert origin(URL) == "http://127.0.0.1:8080"
    assert [is_local(each) for each in (URL, "localhost", "a.localhost", "127.1.2.3:1", "example.com")] == [
        True
    ] * 4 + [False]


def test_the_command_line_is_read() -> None:
    options = read_options(["-u", "localhost:1", "-m", "m", "--conversation", "c-1", "--system", "s", "--", "-what?"])
    assert options.given == {"url": "http://localhost:1/v1", "model": "m", "system": "s"}
    assert (options.conversation, options.question) == ("c-1", "-what?")
    assert read_options(["-m", "m", "what?"]).question == read_options(["--ask", "what?"]).question == "what?"


@pytest.mark.parametrize(
    "words",
    [
        ["--key-from", "sk-1"],
        ["--conversation", "../x"],
        ["--nonsense"],
        ["-u", "::"],
        ["--api", "soap"],
        ["--timeout", "x"],
        ["--timeout", "0"],
        ["--timeout", "nan"],
    ],
)
def test_an_invalid_option_is_one_line(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        read_options(words)
    assert "\n" not in str(caught.value)


def test_a_system_prompt_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("be brief\n")
    assert read_options(["--system-file", f"{tmp_path}/s"]).given == {"system": "be brief"}
    (tmp_path / "s").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not valid UTF-8"):
        read_options(["--system-file", f"{tmp_path}/s"])


def test_the_command_line_wins_over_defaults_and_a_conversation_keeps_its_changed_settings() -> None:
    defaults = {"url": URL, "model": "default", "system": "be nice"}
    options = read_options(["-m", "mine"])
    assert initial_settings(options, None, None, defaults, {}) == Settings(url=URL, model="mine", system="be nice")
    first, last = Settings(url=URL, model="mine"), Settings(url=URL, model="switched")
    assert initial_settings(options, first, last, defaults, {}).model == "switched", "the same options as at its start"
    assert initial_settings(read_options(["-m", "new"]), first, last, defaults, {}).model == "new"
    assert (
        initial_settings(read_options([]), None, None, {}, {"OPENAI_BASE_URL": "localhost:1"}).url
        == "http://localhost:1/v1"
    )
    with pytest.raises(UsageError, match="no server given"):
        initial_settings(read_options([]), None, None, {}, {})


def test_the_users_defaults_are_read(tmp_path: Path) -> None:
    assert read_defaults(tmp_path) == {}
    path = tmp_path / "endpoint.toml"
    path.write_text(
        'url = "localhost:8080"\nmodel = "m"\nkey_from = "env:K"\ntimeout_s = 60\nparameters = ["temperature=0.2"]\n'
    )
    defaults = read_defaults(tmp_path)
    assert defaults == {
        "url": "http://localhost:8080/v1",
        "model": "m",
        "key_from": "env:K",
        "timeout_s": 60,
        "parameters": {"temperature": 0.2},
    }
    assert initial_settings(read_options([]), None, None, defaults, {}).parameters == {"temperature": 0.2}


@pytest.mark.parametrize(
    "text",
    [
        "url = 3",
        "key = 'sk'",
        "url = 'ftp://x'",
        "key_from = 'sk-1'",
        "api = 'soap'",
        "timeout_s = true",
        "timeout_s = -1",
        "timeout_s = nan",
        "parameters = 3",
        "parameters = ['temperature']",
        "parameters = ['model=m']",
        "parameters = ['temperature=Infinity']",
        "x",
        "a = [" * 9000,
    ],
)
def test_wrong_defaults_name_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "endpoint.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"endpoint\.toml"):
        read_defaults(tmp_path)


def test_a_wrong_default_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "endpoint.toml").write_text('# mine\nmodel = "m"\nkey_from = "sk-1"\n')
    with pytest.raises(ConfigError, match=r"endpoint\.toml:3: a key source is"):
        read_defaults(tmp_path)


def test_a_pipe_in_place_of_the_defaults_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endpoint.toml")
    with pytest.raises(ConfigError, match="not a regular file"):
        read_defaults(tmp_path)


def test_parameters_are_set_replaced_and_left_out() -> None:
    parameters = changed_parameters({}, "temperature 0.2")
    parameters = changed_parameters(parameters, 'chat_template_kwargs  {"enable_thinking": false}')
    parameters = changed_parameters(parameters, "reasoning_effort=high")
    assert shown_parameters(parameters) == (
        'parameters: temperature = 0.2 · chat_template_kwargs = {"enable_thinking": false} · reasoning_effort = high'
    )
    parameters = changed_parameters(parameters, "temperature 1")
    assert parameters["temperature"] == 1
    assert parameters_of(["temperature = 1", "stop=[]"]) == {"temperature": 1, "stop": []}
    for name in list(parameters):
        parameters = changed_parameters(parameters, f"{name} off")
    assert shown_parameters(parameters) == "no parameters"


@pytest.mark.parametrize("change", ["temperature", "temperature ", "model x", "temperature NaN", "messages []"])
def test_what_cannot_be_sent_is_refused(change: str) -> None:
    with pytest.raises(UsageError, match=change.split(maxsplit=1)[0]):
        changed_parameters({"temperature": 1}, change)
