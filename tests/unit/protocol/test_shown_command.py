"""The name of a running command has no secret of its command line."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from session_host.protocol.shown_command import MAX_CHARACTERS, shown_command
from tests.support.fuzzing import chance, times

FILES = {"notes.txt", "/etc/hosts", "me@host", "a=b", "src/", "https://x"}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        # Of options, values and addresses, nothing is shown.
        (["deploy", "--token=ghp_secret"], "deploy"),
        (["deploy", "--token", "ghp_secret"], "deploy"),
        (["mysql", "-psecret", "-u", "root"], "mysql"),
        (["curl", "-H", "Authorization: Bearer secret", "https://me:secret@example.org/"], "curl"),
        (["env", "PASSWORD=secret", "make"], "env"),
        (["echo", "secret"], "echo"),
        (["sshpass", "-p", "secret", "ssh", "host"], "sshpass"),
        (["psql", "postgres://me:secret@host/db"], "psql"),
        # The program, without its directory.
        (["/usr/bin/make"], "make"),
        (["-bash", "-c", "secret"], "bash"),
        (["/opt/my programs/run me"], "run"),
        (["PASSWORD=secret"], "PASSWORD"),
        (["worker: secret"], "worker"),
        (["sshd: me@pts/0"], "sshd"),
        (["tool --token=secret"], "tool"),
        (["https://me:secret@host"], "me"),
        ([""], "-"),
        ([], ""),
        # One word more: a known subcommand,
        (["git", "push", "https://me:secret@host"], "git push"),
        (["/usr/bin/git", "--no-pager", "log", "-1"], "git log"),
        (["git", "-c", "http.extraHeader=secret", "push"], "git"),
        (["git", "secret"], "git"),
        (["docker", "run", "-e", "TOKEN=secret", "image"], "docker run"),
        (["npm", "run", "build"], "npm run"),
        # a file that exists,
        (["vim", "notes.txt"], "vim notes.txt"),
        (["tail", "-f", "/etc/hosts"], "tail hosts"),
        (["ls", "src/"], "ls src"),
        (["vim", "missing.txt"], "vim"),
        (["vim", "me@host"], "vim"),
        (["vim", "a=b"], "vim"),
        (["vim", "https://x"], "vim"),
        # ssh's host without the user.
        (["ssh", "me@devbox"], "ssh devbox"),
        (["ssh", "-p", "2222", "-i", "key", "me@devbox", "deploy", "--token=secret"], "ssh devbox"),
        (["ssh", "-tp2222", "devbox"], "ssh devbox"),
        (["ssh", "-Avp", "2222", "devbox"], "ssh devbox"),
        (["ssh", "ssh://me:secret@devbox"], "ssh"),
        (["ssh", "-o", "ProxyCommand=secret", "fe80::1%eth0"], "ssh fe80::1%eth0"),
        (["mosh", "me@devbox"], "mosh devbox"),
        (["ssh"], "ssh"),
    ],
)
def test_a_command_is_called_by_its_program_and_one_harmless_word(words: Sequence[str], name: str):
    assert shown_command(words, FILES.__contains__) == name
    assert "secret" not in name


def test_a_name_is_one_short_line_without_control_characters():
    assert shown_command(["ma\x1b[31mke\n"], FILES.__contains__) == "ma [31mke"
    assert len(shown_command(["x" * 500])) == MAX_CHARACTERS


def test_no_random_command_line_shows_a_sign_of_a_secret():
    with chance() as choose:
        for _ in range(times(2000)):
            words = [_word(choose) for _ in range(choose.randrange(1, 6))]
            name = shown_command(words, lambda _word: True)
            assert name
            assert not {"=", "@"} & set(name)
            assert "://" not in name
            assert len(name.split()) <= 2


def _word(choose: random.Random) -> str:
    parts = ["ssh", "git", "push", "vim", "me", "@", "=", "://", "-", "/", "p", "host", ":", "a"]
    return "".join(choose.choices(parts, k=choose.randrange(1, 5)))
