"""A chat's links to the sockets of its user's login, with real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from session_host.system.login_sockets import links_of, make_links, point_links


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A directory with the sockets of two logins: "1" and "2"."""
    with ExitStack() as opened:
        for login in "12":
            for name in ("ssh", "wayland-0", "bus"):
                path = tmp_path / login / name
                path.parent.mkdir(exist_ok=True)
                opened.enter_context(socket.socket(socket.AF_UNIX)).bind(str(path))
        yield tmp_path


def login(directory: Path, number: str) -> dict[str, str]:
    own = directory / number
    return {
        "SSH_AUTH_SOCK": str(own / "ssh"),
        "WAYLAND_DISPLAY": "wayland-0",
        "XDG_RUNTIME_DIR": str(own),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={own}/bus,guid=0f",
        "DISPLAY": ":0",
    }


def test_a_chats_ssh_agent_display_and_bus_are_those_of_the_login_that_attached_last(directory: Path) -> None:
    chat = directory / "chat.sock"
    named = make_links(login(directory, "1"), chat)
    assert named == {
        "SSH_AUTH_SOCK": str(directory / "chat.ssh"),
        "WAYLAND_DISPLAY": str(directory / "chat.wayland"),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={directory}/chat.bus",
    }
    assert [str(each.readlink()) for each in links_of(chat)] == [
        str(directory / "1" / name) for name in ("ssh", "wayland-0", "bus")
    ]
    point_links({"SSH_AUTH_SOCK": str(directory / "2" / "ssh"), "WAYLAND_DISPLAY": "gone"}, chat)
    assert [str(each.readlink()) for each in links_of(chat)] == [
        str(directory / each) for each in ("2/ssh", "1/wayland-0", "1/bus")
    ]


def test_a_chat_that_is_started_inside_a_chat_has_links_to_the_logins_own_sockets(directory: Path) -> None:
    outer = make_links(login(directory, "1"), directory / "outer.sock")
    make_links(outer, directory / "inner.sock")
    assert str((directory / "inner.ssh").readlink()) == str(directory / "1" / "ssh")
    point_links(outer, directory / "outer.sock")
    assert str((directory / "outer.ssh").readlink()) == str(directory / "1" / "ssh"), "no link to itself"


def test_variables_that_name_no_socket_stay(directory: Path) -> None:
    others = {
        "SSH_AUTH_SOCK": "/no/such",
        "DBUS_SESSION_BUS_ADDRESS": "unix:abstract=/tmp/x",
        "WAYLAND_DISPLAY": "gone",
    }
    assert make_links(others, directory / "chat.sock") == {}
    assert make_links(login(directory, "1"), directory / "chat.sock", ["SSH_AUTH_SOCK"]).keys() == {
        "WAYLAND_DISPLAY",
        "DBUS_SESSION_BUS_ADDRESS",
    }
    assert not (directory / "chat.ssh").is_symlink()
