"""A chat is started in an agent's earlier conversation; its record names the conversation from the start."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

import msgspec
import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.earlier_conversations import continue_conversation, list_conversations
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.resume import resume
from session_host.client.sessions.store_access import open_store
from session_host.errors import ConversationOpen, NotResumable
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from tests.support.area import Area
from tests.support.hosts import end, is_over, peek
from tests.support.structured_chats import viewing
from tests.support.waiting import eventually, poll_until

pytestmark = pytest.mark.usefixtures("sessions")

ID, OTHER, THIRD = sorted(str(uuid.uuid4()) for _ in range(3))
"""Random ids: a process of another test run with the same id would count as having the conversation open."""

PROGRAM = r"""#!/bin/sh
case "$1" in --version|--help) exit ;; esac
case "$*" in *stream-json*) exec cat > /dev/null ;; esac
echo "told: $*"
exec cat
"""


@pytest.fixture
def project(area: Area, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a conversation of a fake Claude Code, which is installed on PATH."""
    programs = area.root / "bin"
    programs.mkdir()
    (programs / "claude").write_text(PROGRAM)
    (programs / "claude").chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    directory = area.home / "project"
    directory.mkdir()
    write_conversation(area, ID, directory)
    return directory


def write_conversation(area: Area, conversation: str, directory: Path, **more: object) -> Path:
    name = "".join(each if each.isalnum() else "-" for each in str(directory))
    path = area.home / ".claude" / "projects" / name / f"{conversation}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "user", "cwd": str(directory), "message": {"content": "hello"}} | more))
    return path


def request(directory: Path, conversation: str = ID, *arguments: str) -> LaunchRequest:
    return LaunchRequest(
        agent=load_catalog(config_dir())["claude"],
        conversation=conversation,
        directory=str(directory),
        arguments=list(arguments),
        environment=dict(os.environ),
    )


def listed(directory: Path, **overrides: str) -> tuple[list[str], list[str]]:
    conversations = list_conversations(load_catalog(config_dir())["claude"], str(directory), os.environ, overrides)
    return [stored.conversation for stored in conversations.here], [
        stored.conversation for stored in conversations.elsewhere
    ]


async def wait_for_arguments(record: ChatFacts, words: str) -> None:
    """Wait until the program has printed that it was started with these arguments."""

    async def screen() -> str:
        return "".join(await peek(record.id))

    await poll_until(screen, lambda text: words in text, 30, words)


async def end_and_wait(record: ChatFacts) -> None:
    await end(record.id)

    def stored() -> bool:
        with open_store() as store:
            return is_over(store.get(record.id))

    await eventually(stored, 30, "the end to be recorded")


async def test_a_conversation_is_continued_with_the_users_arguments(project: Path) -> None:
    record = await continue_conversation(request(project, ID, "--model", "opus", "--continue"))

    assert record.program.conversation == ID
    assert record.origin.resumed_from is None
    await wait_for_arguments(record, f"--resume {ID} --model opus")
    with open_store() as store:
        stored = store.get(record.id)
    assert stored is not None
    assert (stored.program.conversation, stored.origin.cwd, stored.origin.arguments) == (
        ID,
        str(project),
        ["--model", "opus"],
    )
    await end_and_wait(record)

    following = await resume(record.id)
    assert (following.program.conversation, following.origin.resumed_from) == (ID, record.id)
    await wait_for_arguments(following, f"--resume {ID}")
    await end(following.id)


async def test_a_conversation_that_a_chat_has_open_is_refused(project: Path) -> None:
    record = await continue_conversation(request(project))

    with pytest.raises(ConversationOpen, match=f"the chat project has the conversation open.*{record.id[:8]}"):
        await continue_conversation(request(project))
    second = await continue_conversation(request(project), anyway=True)

    await end(record.id)
    await end(second.id)


async def test_conversations_of_an_account_are_listed_and_continued_there(area: Area, project: Path) -> None:
    file = area.config / "agents" / "claude.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[accounts.work]\nenv = { CLAUDE_CONFIG_DIR = "~/work" }\n')
    write_conversation(area, OTHER, project)
    (area.home / ".claude").rename(area.home / "work")
    write_conversation(area, ID, project)
    agent = load_catalog(config_dir())["claude"]

    found = list_conversations(agent, str(project), os.environ, {}, "work")
    assert {stored.conversation for stored in found.here} == {ID, OTHER}
    with pytest.raises(NotResumable, match="transcript is missing"):
        await continue_conversation(request(project, OTHER))
    record = await continue_conversation(msgspec.structs.replace(request(project, OTHER), account="work"))
    assert (record.origin.account, record.origin.overrides["CLAUDE_CONFIG_DIR"]) == ("work", str(area.home / "work"))
    await end(record.id)


@pytest.mark.parametrize(
    ("conversation", "arguments", "reason"),
    [
        (OTHER, (), "transcript is missing"),
        ("--help", (), "no conversation with such an id"),
        ("latest", (), "no conversation with such an id"),
        (ID, ("mcp", "list"), "`claude mcp` has no conversation"),
    ],
    ids=["missing", "option", "word", "subcommand"],
)
async def test_conversations_that_cannot_be_continued_are_refused(
    conversation: str, arguments: tuple[str, ...], reason: str, project: Path
) -> None:
    with pytest.raises(NotResumable, match=reason):
        await continue_conversation(request(project, conversation, *arguments))


async def test_a_missing_directory_is_reported(project: Path, area: Area) -> None:
    with pytest.raises(NotResumable, match="directory of this conversation is missing"):
        await continue_conversation(request(area.home / "gone"))


async def test_directories_are_compared_without_symlinks(project: Path, area: Area) -> None:
    link = area.home / "link"
    link.symlink_to(project)
    write_conversation(area, OTHER, area.home / "other")

    assert listed(project) == listed(link) == ([ID], [OTHER])
    assert listed(area.home / "other") == ([OTHER], [ID])
    assert listed(area.home) == ([], [OTHER, ID])


async def test_hostile_files_are_not_listed(project: Path, area: Area) -> None:
    write_conversation(area, OTHER, area.home / "x", cwd="relative/path")
    write_conversation(area, "--help", area.home / "x")
    write_conversation(area, "latest", area.home / "x")
    write_conversation(area, THIRD, area.home / "x", cwd="/a\0b")

    assert listed(project) == ([ID], [])


async def test_the_users_variable_moves_the_agents_files(project: Path, area: Area) -> None:
    (area.home / ".claude").rename(area.home / "mine")

    assert listed(project) == ([], [])
    assert listed(project, CLAUDE_CONFIG_DIR=str(area.home / "mine")) == ([ID], [])


async def test_conversations_of_scripts_are_listed_only_if_a_chat_continued_them(project: Path, area: Area) -> None:
    write_conversation(area, ID, project, entrypoint="sdk-cli")
    assert listed(project) == ([], [])

    record = await continue_conversation(request(project))
    assert listed(project) == ([ID], [])
    await end(record.id)


@pytest.mark.parametrize("began", ["elsewhere", "in a terminal here"])
async def test_a_chat_view_begins_with_the_earlier_messages(project: Path, area: Area, began: str) -> None:
    line = {"parentUuid": None, "uuid": "u1", "isSidechain": False, "timestamp": "2026-11-22T12:00:00Z"}
    answer = {"id": "m1", "role": "assistant", "content": [{"type": "text", "text": "It is *done*."}]}
    with write_conversation(area, ID, project, **line).open("a") as file:
        file.write("\n" + json.dumps(line | {"type": "assistant", "uuid": "u2", "parentUuid": "u1", "message": answer}))
    wanted = request(project)
    if began == "elsewhere":
        record = await continue_conversation(msgspec.structs.replace(wanted, runtime="structured"))
    else:
        first = await continue_conversation(wanted)
        await end_and_wait(first)
        record = await resume(first.id, runtime="structured")
    async with viewing(record.id) as chat:
        await chat.watcher.until(lambda: len(chat.items) >= 2, "the earlier messages")
        assert [(item.kind, item.text) for item in chat.items][:2] == [("user", "hello"), ("agent", "It is *done*.")]
        assert not any("not shown" in item.text for item in chat.items)
        assert chat.viewer.replica.transcript is not None
        [(item_id, turn_over)] = chat.viewer.replica.transcript.ends.items()
        assert (item_id, turn_over.at_ms) == (chat.items[1].id, 1795348800000), "as in its file"
    await end(record.id)
