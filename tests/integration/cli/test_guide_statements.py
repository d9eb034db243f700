"""What the guide states of commands is so, and stands there in these words."""

from __future__ import annotations

import re
import resource
import shlex
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import pytest

from session_host.paths import config_dir
from tests.support.area import Area
from tests.support.commands import REPOSITORY, new, outlive
from tests.support.repositories import Checkout
from tests.support.structured_chats import add_agent, new_chat, send, wait, wait_for_text
from tests.support.waiting import TIMEOUT_S, wait_until

pytestmark = pytest.mark.usefixtures("sessions")

GUIDE = REPOSITORY / "resources" / "guide"
NAME = "api-fix"
DAYS = ("yesterday", "monday", "march", "2026-03", "2026-03-14", "'last week'", "90d")
QUEUE_BYTES = resource.getrlimit(resource.RLIMIT_MSGQUEUE)[1]


class Step(NamedTuple):
    """A command line and what becomes of it.

    Attributes:
        line: the words behind ``outlive``. ``{id}`` and ``{short}`` are the chat's id and its beginning, ``{home}`` is
            its directory, ``{cursor}`` the place in the events before the first step, ``{queue}`` an agent's limit.
        seen: a pattern of what it prints.
        code: its exit code.
        unseen: a pattern of what it does not print; "": nothing is asked.
        typed: its standard input.
    """

    line: str
    seen: str = ""
    code: int = 0
    unseen: str = ""
    typed: str | None = None


# ------------------------------------------------------------------------------------- chats

Scene = Callable[[Area], str]
"""Makes the chats that a statement is about; returns the id of the one called ``NAME``, or ""."""


def nothing(area: Area) -> str:
    return ""


def catalog(area: Area) -> str:
    """No chat, and an agent with a chat view, ``fake``."""
    add_agent()
    return ""


def program(area: Area) -> str:
    """A program that shows what is typed."""
    return new("-n", NAME, "-C", str(area.home), "--", "cat")


def shell(area: Area) -> str:
    """A bash that marks its commands, at its prompt."""
    chat = new("shell", "-n", NAME, "-C", str(area.home), "-e", "SHELL=/bin/bash")
    wait(NAME, "idle")
    return chat


def view(area: Area) -> str:
    """A chat view, idle."""
    return new_chat(area, NAME)


def asleep(area: Area) -> str:
    """A chat view that is asleep; its agent has answered once."""
    chat = new_chat(area, NAME)
    assert outlive("send", NAME, "answer: one", "--wait", "--timeout", "60").code == 0
    assert outlive("sleep", NAME).code == 0
    return chat


def asking_view(area: Area) -> str:
    """A chat view whose agent asks."""
    chat = new_chat(area, NAME)
    send(NAME, "run: npm test")
    wait(NAME, "needs_input")
    return chat


def busy_view(area: Area) -> str:
    """A chat view whose turn lasts until it is stopped."""
    chat = new_chat(area, NAME)
    send(NAME, "count: 4\nhold: 2")
    wait_for_text(NAME, "line 0002")
    return chat


def asking(area: Area) -> str:
    """A program that reports a question, and shows what is typed."""
    chat = new("-n", NAME, "--", "sh", "-c", r"printf '\033]7501;state=blocked\a'; exec cat")
    wait(NAME, "needs_input")
    return chat


def ended(area: Area) -> str:
    """A program that printed a word and has ended."""
    chat = new("-n", NAME, "-C", str(area.home), "--", "sh", "-c", "echo Connection now refused; exit 7")
    assert outlive("wait", NAME, "--exited").code == 0
    return chat


def unrecorded(area: Area) -> str:
    """As ``ended``, without a recording."""
    area.config.mkdir(exist_ok=True)
    (area.config / "chats.toml").write_text("record = false\n", "utf-8")
    return ended(area)


def agent(area: Area) -> str:
    """An agent's chat, which is a shell, and a chat of the user beside it."""
    text = 'title = "A"\nmonogram = "A"\nexecutable = "sh"\nstart = ["sh", "{arguments}"]\n[signals]\nends_all = true\n'
    directory = config_dir() / "agents"
    directory.mkdir(parents=True)
    presets = '[presets]\nloud = ["-c", "echo as the file says; exec cat"]\n'
    (directory / "mine.toml").write_text(text + presets, "utf-8")
    new("-n", "other", "--", "cat")
    return new("mine", "-n", NAME, "-C", str(area.home))


def with_accounts(area: Area) -> str:
    """As ``agent``, with an account of that agent."""
    chat = agent(area)
    with (config_dir() / "agents" / "mine.toml").open("a", encoding="utf-8") as file:
        file.write('[accounts.work]\nenv = { PLACE = "/work" }\n')
    return chat


def with_secret(area: Area) -> str:
    """As ``agent``, with an account that has a key."""
    chat = agent(area)
    with (config_dir() / "agents" / "mine.toml").open("a", encoding="utf-8") as file:
        file.write('[accounts.work]\nenv = { API_KEY = "/work" }\n')
    return chat


def without(key: str) -> Scene:
    """As ``agent``, with a number of ``chats.toml`` that is 0."""

    def made(area: Area) -> str:
        chat = agent(area)
        (area.config / "chats.toml").write_text(f"{key} = 0\n", "utf-8")
        return chat

    return made


def broken_settings(area: Area) -> str:
    """No chat, and a mistake in ``chats.toml``."""
    area.config.mkdir(exist_ok=True)
    (area.config / "chats.toml").write_text("record = maybe\n", "utf-8")
    return ""


def repository(area: Area) -> str:
    """A chat in a worktree of the repository ``~/api``."""
    checkout = Checkout.new(area.home / "api")
    return new("-n", NAME, "-C", str(checkout.path), "--worktree", "--", "cat")


def ignoring(area: Area) -> str:
    """No chat, and the repository ``~/api`` with two ignored files, of which one is for worktrees."""
    checkout = Checkout.new(area.home / "api")
    checkout.commit(".gitignore", ".env\nbuilt\n")
    checkout.commit(".worktreeinclude", ".env\n")
    checkout.write(".env")
    checkout.write("built")
    return ""


def elsewhere(area: Area) -> str:
    """No chat, and an agent whose program is nowhere."""
    directory = area.config / "agents"
    directory.mkdir(parents=True)
    text = 'title = "L"\nmonogram = "L"\nexecutable = "not-here"\nstart = ["not-here"]\n'
    (directory / "lost.toml").write_text(text, "utf-8")
    return ""


def reporting(sequence: str, status: str) -> tuple[Step, ...]:
    """An agent that writes an escape sequence, and has this status."""
    words = shlex.join(["-c", f"printf '\\033{sequence}'; exec cat"])
    return Step(f"new mine -d -n second -- {words}"), Step(f"wait second --status {status} --timeout 60")


def by_agent(line: str, seen: str, code: int) -> tuple[Step, ...]:
    """A command that the agent runs; its exit code is on the screen."""
    order = shlex.quote(f"outlive {line}; echo ended: $?")
    return (
        Step(f"send {NAME} {order} --enter"),
        Step(f"wait {NAME} --text 'ended: [0-9]' --timeout 60"),
        Step(f"peek {NAME}", f"(?s){seen}.*ended: {code}"),
    )


# -------------------------------------------------------------------------------- statements


class Statement(NamedTuple):
    """A sentence of a page, or a part of one; the chats that it is about; and how it is tried."""

    page: str
    sentence: str
    scene: Scene
    steps: tuple[Step, ...]


def of(page: str, *rows: tuple[str, Scene, tuple[Step, ...] | Step]) -> Iterator[Statement]:
    for sentence, scene, steps in rows:
        yield Statement(page, sentence, scene, (steps,) if isinstance(steps, Step) else steps)


LATER = f"send {NAME} hello --at 2099-12-05T15:00+01:00"
PROMPT = "send api-fix 'answer: done' --enter --wait --timeout 60"

STATEMENTS = [
    *of(
        "scripts",
        (
            "A chat is named by its name, its id, or the unique beginning of its id.",
            program,
            (Step("peek api-fix"), Step("peek {id}"), Step("peek {short}")),
        ),
        (
            "Inside of a chat, `OUTLIVE_SESSION` has its own id.",
            shell,
            Step("send api-fix 'echo $OUTLIVE_SESSION' --enter --wait", "^{id}$"),
        ),
        (
            "| press keys | `outlive send api-fix --key Up --key Enter` |",
            program,
            (Step("send api-fix --key Up --key Enter"), Step(r"wait api-fix --text '\^\[\[A' --timeout 60")),
        ),
        (
            "| paste a text of several lines | `outlive send api-fix - --paste < notes.txt` |",
            program,
            (Step("send api-fix - --paste", typed="one\ntwo\n"), Step("wait api-fix --text two --timeout 60")),
        ),
        (
            "| a blank TEXT with Enter, or line ends alone | the program is an agent, which would get only Enter |",
            agent,
            (
                Step("send api-fix -", "the text is blank", code=2, typed="\n"),
                Step("send api-fix ' ' --enter", "the text is blank", code=2),
                Step("send api-fix ' ' --key Enter", "the text is blank", code=2),
                Step("send api-fix ' '", "typed"),
                Step("send api-fix --enter", "sent"),
                Step("send other -", "sent", typed="\n"),
            ),
        ),
        (
            "| wait for a text on the screen | `outlive wait api-fix --text 'tests? passed'` (a regular expression) |",
            program,
            (
                Step("send api-fix 'a test passed' --enter"),
                Step("wait api-fix --text 'tests? passed' --timeout 60"),
                Step("wait api-fix --text 'tests. passed' --timeout 0.1", code=5),
            ),
        ),
        (
            "| wait for its end | `outlive wait api-fix --exited` |",
            program,
            (Step("kill api-fix"), Step("wait api-fix --exited --timeout 60")),
        ),
        (
            "`outlive wait --any --status needs_input` prints its name",
            asking,
            Step("wait --any --status needs_input", "^api-fix$"),
        ),
        (
            "`outlive peek api-fix`; `--scrollback` all lines, `--ansi` colours, `--json` an object",
            shell,
            (
                Step("send api-fix 'seq 50; printf \"\\e[31mred\\n\"' --enter --wait", "50"),
                Step("peek api-fix", "^50$", unseen="^1$"),
                Step("peek api-fix --scrollback", "^1$"),
                Step("peek api-fix --ansi", "\x1b\\[[0-9;]*31m"),
                Step("peek api-fix --json", '"lines": '),
            ),
        ),
        (
            "`running` of a command. A shell at its prompt is `idle`.",
            shell,
            (
                Step("wait api-fix --status idle --timeout 60"),
                Step("send api-fix 'cat' --enter"),
                Step("wait api-fix --status running --timeout 60"),
            ),
        ),
        (
            "| stop the turn of a chat view | `outlive send api-fix --interrupt` |",
            busy_view,
            (Step("send api-fix --interrupt"), Step("wait api-fix --status idle --timeout 60")),
        ),
        (
            'or the agent reports no turns | the same; the output ends with "whether a turn began is not known" | 0 |',
            agent,
            Step("send api-fix 'echo hello' --enter", "whether a turn began is not known$"),
        ),
        (
            "| TEXT | the chat asks something, which TEXT would answer | nothing is typed; `--anyway` types it | 9 |",
            asking,
            (
                Step("send api-fix first --enter", "the chat is asking", 9),
                Step("send api-fix second --enter --anyway"),
                Step("wait api-fix --text second --timeout 60"),
                Step("peek api-fix", unseen="first"),
            ),
        ),
        (
            "| a key, `--enter` alone, a single character | the chat asks something | it is typed, and may answer |",
            asking,
            (
                Step("send api-fix y"),
                Step("send api-fix --enter"),
                Step("send api-fix --key 1"),
                Step("wait api-fix --text y --timeout 60"),
            ),
        ),
        (
            (
                "it is typed, and stays in the input line; what you send next joins it, so a line can be built of"
                " several texts | 0 |"
            ),
            shell,
            (Step("send api-fix 'echo on'"), Step("send api-fix e --enter"), Step("wait api-fix --text '^one$'")),
        ),
        (
            "| none, `--enter` | is sent; during a turn, it is queued |",
            busy_view,
            Step("send api-fix hello --enter --json", '"how": "queued"'),
        ),
        (
            "| `--steer` | is added to the running turn, if the agent can |",
            busy_view,
            Step("send api-fix hello --steer --json", '"how": "steered"'),
        ),
        (
            "without TEXT, queued prompts wait |",
            busy_view,
            (
                Step("send api-fix 'answer: of the queue'"),
                Step("send api-fix --interrupt"),
                Step("wait api-fix --status idle --timeout 60"),
                Step("answer api-fix", unseen="of the queue", code=10),
                Step("send api-fix --held send"),
                Step("wait api-fix --turn 2 --timeout 60"),
                Step("answer api-fix", "of the queue"),
            ),
        ),
        (
            "An error is one line on standard error. With `--json`, it is an object with a stable `code`",
            nothing,
            (
                Step("peek none", r"\Aoutlive: no chat matches 'none'.*\n\Z", 3),
                Step("peek none --json", r'\A\{{"error":\{{"code":"no_such_session",.*\n\Z', 3),
            ),
        ),
        ("`outlive schema` prints the JSON Schema of all objects.", nothing, Step("schema", '"\\$schema": ')),
    ),
    *of(
        "events",
        (
            "| names of chats | follows only those |",
            agent,
            Step("events api-fix --once --json --since {cursor}", '"name":"api-fix"', unseen='"name":"other"'),
        ),
        (
            "| `--event KIND` | only this kind; again for more |",
            ended,
            Step("events api-fix --event ended --once --json --since {cursor}", '"ended"', unseen='"started"'),
        ),
        (
            "| `--once` | does not wait for more |",
            program,
            Step("events --once --json", r'"hello".*\n.*"state"'),
        ),
        (
            "| hello, state | the first line; then each running chat with its last status |",
            view,
            Step("events --once --json", r'\A.*"hello"\}}\}}\n.*"state",.*"to":"idle".*\n\Z'),
        ),
        (
            "| `--mine` | only chats that the agent around has started |",
            nothing,
            Step("events --mine --once", "--mine is for an agent", 2),
        ),
        (
            "if **approve** and **deny** can, also its `request`, `digest`, `subject` and `options`",
            asking_view,
            Step(
                "events --event asked --once --json --since {cursor}",
                '"request":"[^"]+","digest":"[^"]+",.*"title":"[^"]+","subject":"npm test".*"options":\\[\\{{',
            ),
        ),
        (
            "which are empty if only the agent's dialog can |",
            asking,
            Step("events --event asked --once --json --since {cursor}", '"request":"","digest":"".*"options":\\[\\]'),
        ),
        (
            (
                "| answered, withdrawn | the end of a question with a `request`: the chosen `option`, and `by` whom: "
                "`window`, `attach`, `command`, `notification`"
            ),
            asking_view,
            (
                Step("deny api-fix"),
                Step("events --event answered --once --json --since {cursor}", '"by":"command","option":"[^"]+"'),
            ),
        ),
        (
            "| later_set | a prompt is to be sent when it is `due`;",
            view,
            (
                Step("send api-fix hello --at 'tomorrow 7:00'"),
                Step("events --event later_set --once --json --since {cursor}", '"due":"20'),
            ),
        ),
        (
            "| command_ended | in a shell that marks its commands: `exit_code`, `duration_s` |",
            shell,
            (
                Step("send api-fix '(exit 3)' --enter --wait", code=10),
                Step("events --event command_ended --once --json --since {cursor}", '"exit_code":3,"duration_s":'),
            ),
        ),
        (
            "| ended, interrupted | with `exit_code`, `exit_signal`, `end_request`, and the commands that were `left`",
            program,
            (
                Step("kill api-fix"),
                Step(
                    "events --event ended --once --json --since {cursor}",
                    '"exit_code":null,"exit_signal":9,"end_request":"kill",.*"left":\\[\\]',
                ),
            ),
        ),
        (
            "There is never the text of a prompt or an answer.",
            view,
            (
                Step("send api-fix 'answer: swordfish' --enter --wait", "swordfish"),
                Step("events --once --json --since {cursor}", "turn_ended", unseen="swordfish"),
            ),
        ),
        (
            "exit code 11; with `--anyway` come a `reset` and all states |",
            program,
            (
                Step("events --once --json --since 0123456789abcdef-1", code=11),
                Step("events --once --json --since 0123456789abcdef-1 --anyway", r'"reset".*\n.*"hello".*\n.*"state"'),
            ),
        ),
    ),
    *of(
        "answers",
        (
            "| 0 | the turn is done;",
            view,
            Step(PROMPT, r"\Adone\n\Z"),
        ),
        (
            "| 5 | `--timeout` is over; the agent works on |",
            view,
            (
                Step("send api-fix 'deltas: 4\nhold: 2' --enter --wait --timeout 1", code=5),
                Step("wait api-fix --status working --timeout 60"),
            ),
        ),
        ("| 6 | the chat has ended |", ended, Step("send api-fix hello --enter --wait", "has ended", 6)),
        (
            "| 9 | the agent asks something: the whole question is on standard error, and nothing was answered |",
            view,
            (
                Step("send api-fix 'run: npm test' --enter --wait --timeout 60", "npm test", 9),
                Step("wait api-fix --status needs_input"),
            ),
        ),
        (
            "| 10 | an error, a limit or the user stopped the turn; what was written before is printed |",
            busy_view,
            (
                Step("send api-fix --interrupt"),
                Step("wait api-fix --status idle --timeout 60"),
                Step("answer api-fix", "line 0002", 10),
            ),
        ),
        (
            "| 2 | Outlive can read no answer of this program, and nothing was sent;",
            program,
            (Step("send api-fix hello --enter --wait", code=2), Step("peek api-fix", unseen="hello")),
        ),
        (
            (
                "**answer** prints the last answer of a turn that is over, `--last 2` the one before it, `--turn "
                "3` that of this turn."
            ),
            view,
            (
                Step("send api-fix 'answer: one' --enter --wait --timeout 60"),
                Step("send api-fix 'answer: two' --enter --wait --timeout 60"),
                Step("answer api-fix", r"\Atwo\n\Z"),
                Step("answer api-fix --last 2", r"\Aone\n\Z"),
                Step("answer api-fix --turn 1", r"\Aone\n\Z"),
            ),
        ),
        (
            "After 5 and 9, **answer** goes on: `outlive answer api-fix --follow`.",
            asking_view,
            (
                Step("answer api-fix --follow", code=9),
                Step("approve api-fix"),
                Step("answer api-fix --follow", "decision"),
            ),
        ),
        (
            '`outlive new claude -n api-fix -p "…" --wait` starts a chat, and waits for its first answer.',
            catalog,
            Step("new fake -n api-fix --runtime structured -C {home} -p 'answer: first' --wait", r"^first\n\Z"),
        ),
        (
            (
                "`--json` of **answer**, `send --wait` and `new --wait` prints one object, also after 10: `turn`,"
                " `outcome` (`done`, `interrupted`, `error`, `limit`, `cut` by the chat's end), `error`, "
                "`resets_at`, `answer`, and whether that is `complete`."
            ),
            view,
            (
                Step(
                    "send api-fix 'fail: away' --enter --wait --json",
                    '(?s)"turn": 1.*"outcome": "error".*"error": ".*"resets_at": "".*"complete": .*"answer": ',
                    10,
                ),
            ),
        ),
        (
            (
                "In a shell that marks its commands, `send --enter --wait` prints the command's output; an exit "
                "code other than 0 gives 10. **answer** prints the output of the last command."
            ),
            shell,
            (
                Step("send api-fix 'echo passed; false' --enter --wait", "^passed$", 10),
                Step("answer api-fix", "^passed$"),
            ),
        ),
    ),
    *of(
        "answer-questions",
        ("| 0 | answered |", asking_view, (Step("approve api-fix", "npm test"), Step("wait api-fix --status idle"))),
        (
            "or the chat runs in a terminal without the setting |",
            asking,
            Step("approve api-fix", "runs in a terminal: answer in", 1),
        ),
        ("| 3 | no such question |", asking_view, Step("approve api-fix --request 4711", code=3)),
        (
            "| 6 | too late, also without `--request` for a minute: the message says where it was answered, and how |",
            asking_view,
            (Step("deny api-fix"), Step("approve api-fix", "already answered by a command: Decline", 6)),
        ),
    ),
    *of(
        "start-a-chat",
        (
            "Without `-n`, a chat is named after its directory: `api`, `api-2`.",
            nothing,
            (
                Step("new -d -C /usr/lib -- cat", "^lib "),
                Step("new -d -C /usr/lib -- cat", "^lib-2 "),
            ),
        ),
        (
            "`-e NAME=VALUE` sets a variable,",
            nothing,
            (
                Step("new -d -n api-fix -e NAME=VALUE -- sh -c 'echo is $NAME; exec cat'"),
                Step("wait api-fix --text 'is VALUE' --timeout 60"),
            ),
        ),
        (
            "`--preset NAME` adds a named set of arguments from the agent's file,",
            agent,
            (
                Step("new mine -d -n second --preset loud"),
                Step("wait second --text 'as the file says' --timeout 60"),
                Step("new mine -d -n third --preset none", "loud", 2),
            ),
        ),
        (
            "Words after `--` go to the agent.",
            agent,
            (
                Step("new mine -d -n second -- -c 'echo it is $0; exec cat' --json"),
                Step("wait second --text 'it is --json' --timeout 60"),
            ),
        ),
    ),
    *of(
        "end-a-chat",
        (
            "The last screen can be read until you remove the chat, with how and when it ended.",
            ended,
            (
                Step("peek api-fix", "Connection now refused"),
                Step("ls --all", "code 7"),
                Step("rm api-fix"),
                Step("peek api-fix", "no chat matches", 3),
            ),
        ),
        (
            "Pinned chats stay; `outlive pin NAME` pins one.",
            ended,
            (
                Step("pin api-fix"),
                Step("rm --ended --yes"),
                Step("ls --all", "api-fix"),
                Step("pin --off api-fix"),
                Step("rm --ended --yes"),
                Step("ls --all", unseen="api-fix"),
            ),
        ),
        (
            (
                '`outlive rm --ended` takes `--older-than 90d`, `--since march`, `--until "last week"`, `--agent '
                "NAME` and `--project DIR`."
            ),
            ended,
            (
                Step("rm --ended --yes --older-than 90d"),
                Step('rm --ended --yes --until "last week"'),
                Step("rm --ended --yes --agent claude"),
                Step("rm --ended --yes --project /usr"),
                Step("ls --all", "api-fix"),
                Step("rm --ended --yes --since yesterday --agent command"),
                Step("ls --all", unseen="api-fix"),
            ),
        ),
    ),
    *of(
        "resume",
        (
            "A shell starts again in its directory, below its old screen; no command runs by itself.",
            shell,
            (
                Step("send api-fix 'echo $((6 * 7))' --enter --wait", "42"),
                Step("kill api-fix"),
                Step("resume api-fix -d"),
                Step("wait api-fix --status idle --timeout 60"),
                Step("peek api-fix --scrollback", "(?s)^42$", unseen="(?s)^42$.*^42$"),
                Step("send api-fix pwd --enter --wait", "^{home}$"),
            ),
        ),
    ),
    *of(
        "security",
        (
            "`outlive send` with one text and Enter, and no other key,",
            agent,
            by_agent(f"send {NAME} --key Up", "an agent may type only prompts into its own chat", 8),
        ),
        (
            "A request of an agent to control a chat that it did not start is refused with exit code 8;",
            agent,
            by_agent("kill other", "", 8),
        ),
        (
            "`outlive logs api-fix` and `outlive logs` show such requests.",
            agent,
            (*by_agent("kill other", "", 8), Step("logs other", " refused: an agent may control its own chat")),
        ),
        (
            "turn the page for the phone on, or let a device in: that is refused with exit code 8.",
            agent,
            by_agent("web on", "", 8),
        ),
        (
            "whatever `agents_may_control` is; `web`, `doctor --remove`;",
            agent,
            by_agent("doctor --remove --yes", "", 8),
        ),
        ("read all; start new ones;", agent, by_agent("new -d -n third -- cat && outlive peek other", "third", 0)),
        (
            "have a hard limit for message queues (`ulimit -H -q`) that is one byte lower than yours;",
            agent,
            (
                Step("send api-fix 'bash -c \"ulimit -H -q\"' --enter"),
                Step("wait api-fix --text '^{queue}$' --timeout 60"),
            ),
        ),
    ),
    *of(
        "agents-start-agents",
        (
            "`outlive skill` prints it for others.",
            nothing,
            Step("skill", r"\A---\nname: outlive\n"),
        ),
    ),
    *of(
        "usage",
        (
            "the sums of all four are equal.",
            view,
            (
                Step("send api-fix hello --wait"),
                Step("usage", r"^today +1 "),
                Step("usage --by chat", r"^api-fix +1 "),
                Step("usage --by project --since today", r"^~?\S+ +1 "),
                Step("usage --json", '"turns": 1,'),
            ),
        ),
        (
            "what their turns used stays, for 400 days, without their names |",
            view,
            (
                Step("send api-fix hello --wait"),
                Step("kill api-fix"),
                Step("rm api-fix"),
                Step("usage --by chat", r"^removed chats +1 "),
            ),
        ),
        (
            "`--since` takes `yesterday`, `monday`, `march`, `2026-03-14` or `90d` in place of the 30 days.",
            view,
            (
                Step("send api-fix hello --wait"),
                Step("usage", r"^30 days +1 "),
                *(Step(f"usage --since {day}", f"^since {day} +1 ") for day in ("yesterday", "monday", "90d")),
            ),
        ),
        ("Turns count from the first day on which this version ran them;", nothing, Step("usage", "no turn was")),
    ),
    *of(
        "search",
        (
            "A line matches if it has all words, in any order and case; double quotes keep a phrase together.",
            ended,
            (
                Step("search refused connection", "Connection now refused"),
                Step("search '\"now refused\"'", "Connection now refused"),
                Step("search '\"connection refused\"'", "no matches", 1),
            ),
        ),
        (
            "`record = false` in [chats.toml](settings.md) turns recording off for new chats; they cannot be searched.",
            unrecorded,
            Step("search refused", "no matches", 1),
        ),
        (
            (
                '`yesterday`, `monday`, `march`, `2026-03`, `2026-03-14`, `"last week"`, `90d`. So do **ls** and **rm '
                "--ended**."
            ),
            ended,
            (
                *(Step(f"search refused --since {day}") for day in DAYS),
                Step("ls --all --since yesterday", "api-fix"),
                Step("ls --all --until 90d", unseen="api-fix"),
            ),
        ),
        (
            "A [chat view](chat-view.md) can be exported as .md, .html, .txt or .json, and not replayed.",
            view,
            (
                *(Step(f"export api-fix {{home}}/chat.{each}") for each in ("md", "html", "txt", "json")),
                Step("export api-fix {home}/chat.cast", code=2),
                Step("replay api-fix", code=1),
            ),
        ),
    ),
    *of(
        "settings",
        (
            "Chats that an agent may start: 0 to 1000.",
            without("agents_may_start"),
            by_agent("new -d -n third -- cat", "an agent may start no chat;.*agents_may_start", 8),
        ),
        (
            "Agents that start agents: 0 to 100 levels.",
            without("agents_depth"),
            by_agent("new -d -n third -- cat", "an agent may start no chat;.*agents_depth", 8),
        ),
        (
            "`outlive doctor`; the window shows file and line, too |",
            broken_settings,
            Step("doctor", r"chats\.toml:1", 1),
        ),
        (
            "While `chats.toml` has one, no chat can start.",
            broken_settings,
            (Step("new -d -n api-fix -- cat", r"chats\.toml:1", 1), Step("ls --all", unseen="api-fix")),
        ),
    ),
    *of(
        "accounts",
        (
            "a name that ends in KEY, TOKEN or SECRET is refused",
            with_secret,
            Step("new mine -d --account work", "leave it out, give the account a directory of its own", 1),
        ),
        (
            "has the account of the agent's own chat; another one is for you alone, and refused with exit code 8",
            with_accounts,
            (
                *by_agent("new mine -d -n third --account work", "only the user chooses work", 8),
                Step("new mine -d -n fourth --account work"),
                Step("ls --json", '"account": "work"'),
            ),
        ),
        (
            "without an account | Outlive sets nothing",
            with_accounts,
            (
                Step("new mine -d -n third -- -c 'echo is ${{PLACE-none}}; exec cat'"),
                Step("wait third --text 'is none' --timeout 60"),
                Step("new mine -d -n fourth --account work -- -c 'echo is ${{PLACE-none}}; exec cat'"),
                Step("wait fourth --text 'is /work' --timeout 60"),
            ),
        ),
    ),
    *of(
        "sleep",
        (
            "`outlive sleep` says what hinders it.",
            busy_view,
            Step("sleep api-fix", "api-fix is working", code=1),
        ),
        (
            "`--anyway` puts it to sleep all the same, and names what ended with it.",
            busy_view,
            (Step("sleep api-fix --anyway", "it is working$"), Step("ls", "asleep")),
        ),
        ("| of a shell or a command | never |", program, Step("sleep api-fix --anyway", "has no agent", code=1)),
        (
            "`send --wait` waits for the answer.",
            asleep,
            Step("send api-fix 'answer: done' --wait --timeout 60", r"\Adone\n\Z"),
        ),
        (
            "Keys, and Enter alone, are refused (exit code 6); nothing that only looks wakes it.",
            asleep,
            (
                Step("send api-fix --key Up", "is asleep", code=6),
                Step("send api-fix --enter", "is asleep", code=6),
                Step("peek api-fix", "one"),
                Step("ls", "asleep"),
            ),
        ),
        (
            "is listed as *asleep*, with the memory that it gave back; `is_asleep` and `freed_bytes` in `--json`.",
            asleep,
            (Step("ls", "asleep · gave back "), Step("ls --json", '(?s)"is_asleep": true,.*"freed_bytes": [0-9]')),
        ),
        (
            "`ls --json --memory` has the memory of running chats as `memory_bytes`",
            view,
            Step("ls --json --memory", '"memory_bytes": [0-9]'),
        ),
        (
            "has the status *idle*; `--exited` does not count it",
            asleep,
            (
                Step("wait api-fix --status idle --timeout 60"),
                Step("wait api-fix --exited --timeout 0.1", code=5),
            ),
        ),
        (
            "| `outlive stop` | is an ended one from then on |",
            asleep,
            (Step("stop api-fix"), Step("wait api-fix --exited"), Step("ls --all", "stopped by you")),
        ),
        (
            "| `kill-all`, `upgrade`, `rm --ended`, the size of ended chats | is left alone |",
            asleep,
            (
                Step("kill-all --yes", "no running chats"),
                Step("upgrade"),
                Step("rm --ended --yes", "no ended chats"),
                Step("ls", "asleep"),
            ),
        ),
        (
            "| `outlive attach` | shows nothing, and says how to wake it |",
            asleep,
            Step("attach api-fix", "outlive send api-fix TEXT --enter", code=6),
        ),
        (
            "has `slept` in place of `ended`; `woke` names the chat that continues it",
            asleep,
            (
                Step("events --once --json --since {cursor}", '"kind":"slept"', unseen='"kind":"ended"'),
                Step("send api-fix hello"),
                Step("events --once --json --since {cursor}", '"kind":"woke","continued_by":"'),
            ),
        ),
        (
            "An agent may put to sleep and wake only [chats that it started](security.md).",
            agent,
            by_agent("sleep other", "", 8),
        ),
    ),
    *of(
        "later-prompts",
        (
            "A chat has one such prompt: another one takes its place.",
            view,
            (
                Step("send api-fix first --at 'tomorrow 7:00'"),
                Step("send api-fix second --at 'tomorrow 8:00'"),
                Step("ls --json", "second", unseen="first"),
            ),
        ),
        (
            "one that is over | refused, exit code 2 |",
            view,
            Step("send api-fix first --at '2020-01-01 07:00'", code=2),
        ),
        (
            "`ls --json` has the text as `later`,",
            view,
            (
                Step("send api-fix 'go on' --at 2099-12-05T15:00+01:00"),
                Step("ls --json", '(?s)"later": \\{{.*"text": "go on"'),
            ),
        ),
        ("An agent may set one only [for chats that it started](security.md).", agent, by_agent(LATER, "", 8)),
        ("or a [chat view](chat-view.md); no shell.", shell, Step("send api-fix pwd --at 'tomorrow 7:00'", code=1)),
    ),
    *of(
        "command-line",
        (
            "`outlive help attach` is the command's, `outlive help attach.md` the page |",
            nothing,
            (
                Step("help attach", r"\Ausage: outlive attach"),
                Step("help attach.md", r"\AAttach from a terminal"),
                Step("help guide", r"\AFive minutes"),
                Step("help phone", r"\AThe page for the phone"),
            ),
        ),
        (
            "What is after `--` is no option.",
            program,
            (Step("send api-fix -- --help"), Step("wait api-fix --text '^--help' --timeout 60")),
        ),
        (
            'An argument that is given but empty, as `"$UNSET"` is, is an error (exit code 2)',
            asleep,
            (
                Step("send api-fix '' --enter", "TEXT is empty", code=2),
                Step("send api-fix -", "standard input is empty", code=2, typed=""),
                Step("send api-fix -", "TEXT is blank", code=2, typed="\n"),
                Step("approve api-fix --request=", "--request is empty", code=2),
                Step("ls --on ''", "--on is empty", code=2),
                Step("ls", "asleep"),
            ),
        ),
        (
            "`--lines 20` only its last lines,",
            shell,
            (
                Step("send api-fix 'seq 50' --enter --wait"),
                Step("peek api-fix --lines 3", "^50$", unseen="^40$"),
            ),
        ),
        (
            "| rename | renames a chat: `outlive rename api api-fix` | |",
            nothing,
            (Step("new -d -n api -- cat"), Step("rename api api-fix"), Step("peek api-fix"), Step("peek api", code=3)),
        ),
        ("| 2 | wrong arguments |", nothing, (Step("peek", code=2), Step("peek --none", code=2), Step("none", code=2))),
        (
            "| 3 | no such chat, machine, device, question or restore point |",
            nothing,
            (
                Step("peek none", code=3),
                Step("ls --on none", code=3),
                Step("web devices --revoke none", code=3),
                Step("machines remove none", code=3),
            ),
        ),
        ("| 6 | the chat has ended;", ended, (Step("send api-fix x", code=6), Step("wait api-fix --text x", code=6))),
        (
            "| 4 | several chats have this name or id;",
            ended,
            (
                Step("new -d -n api-fix -- cat"),
                Step("kill api-fix"),
                Step("peek api-fix", code=4),
            ),
        ),
        (
            "A turn that neither runs, nor is the next one, nor that of a queued prompt ends it at once (2) |",
            view,
            Step("wait api-fix --turn 9", code=2),
        ),
        (
            "| `answer --follow` without a turn, while no prompt is under way | at once, with the last answer |",
            view,
            (Step(PROMPT), Step("answer api-fix --follow", r"\Adone\n\Z")),
        ),
        ("without a chat, that of the keeper |", program, Step("logs", "session_host\\.keeper")),
    ),
    *of(
        "commands",
        (
            "or `OUTLIVE_SHELL_INTEGRATION=0`, turns the marks off for new chats.",
            nothing,
            (
                Step("new shell -d -n api-fix -e OUTLIVE_SHELL_INTEGRATION=0"),
                Step("send api-fix pwd --enter --wait", code=2),
            ),
        ),
    ),
    *of(
        "own-agents",
        (
            r"| tells its terminal (best) | `\e]7501;state=working\a` | *working*;",
            agent,
            reporting(r"]7501;state=working\a", "working"),
        ),
        (
            r"| | `\e]7501;state=blocked:msg=TEXT\a` | the same with TEXT, in base64, as its question |",
            agent,
            (*reporting(r"]7501;state=blocked:msg=V2hpY2ggb25lPw==\a", "needs_input"), Step("ls", "Which one")),
        ),
        (
            r"| shows progress | `\e]9;4;3\a`, then `\e]9;4;0\a` | *working*, then *idle* |",
            agent,
            (*reporting(r"]9;4;3\a", "working"), Step("explain second", "9;4")),
        ),
        (
            r"| sends a notification | `\e]9;TEXT\a` | *needs you*, with TEXT as its question |",
            agent,
            (*reporting(r"]9;Which one?\a", "needs_input"), Step("ls", "Which one")),
        ),
        (
            "`executable` must be on the PATH.",
            elsewhere,
            Step("new lost -d", "is not on PATH", 1),
        ),
        (
            "`outlive explain try` shows each report that came, and which one counts.",
            asking,
            Step("explain api-fix", "7501"),
        ),
    ),
    *of("guarantees", ("the exit code is saved", ended, Step("ls --all --json", '"exit_code": 7'))),
    *of(
        "other-machines",
        ("(`here`: this machine).", program, Step("ls --on here", "api-fix")),
        ("| list the machines | `outlive machines` |", nothing, Step("machines", "no machine is added")),
    ),
    *of(
        "phone",
        ("| *Phone…*, or `outlive web devices` |", nothing, Step("web devices", "no devices")),
        ("A code only asks, for ten minutes.", nothing, Step("web pair", "The code only asks, for ten minutes")),
    ),
    *of("troubleshoot", ('| "no display found",', nothing, Step("window next", "no display found", 1))),
    *of(
        "../../README",
        ("in a terminal `outlive help guide`, begins with five minutes,", nothing, Step("help guide", r"\AFive")),
    ),
    *of(
        "worktrees",
        (
            "except those that `.worktreeinclude` at the top of the repository names,",
            ignoring,
            (
                Step("new shell -d -n second -C {home}/api --worktree -e SHELL=/bin/bash"),
                Step("wait second --status idle --timeout 60"),
                Step("send second 'ls -1a' --enter --wait", r"^\.env$", unseen="^built$"),
            ),
        ),
        (
            "Removing the chat removes the worktree, and the branch that was made for it.",
            repository,
            (
                Step("ls", "worktrees"),
                Step("kill api-fix"),
                Step("rm api-fix", "outlive/api-fix"),
            ),
        ),
    ),
    *of(
        "restore-files",
        (
            "shells, commands and chats with a model server have none.",
            repository,
            Step("restore api-fix --json", r"\A\[\]\n\Z"),
        ),
    ),
]


@cache
def words_of(page: str) -> str:
    """The page's text in one line."""
    return " ".join((GUIDE / f"{page}.md").read_text("utf-8").split())


def prints(words: list[str], pattern: str) -> bool:
    """Whether a command prints what the pattern is of."""
    done = outlive(*words)
    return bool(re.search(pattern, done.output + done.error, re.MULTILINE))


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda each: f"{each.page}: {each.sentence[:60]}")
def test_what_the_guide_states_is_so(statement: Statement, area: Area) -> None:
    page, sentence, scene, steps = statement
    assert sentence in words_of(page), "what the page has now is to be tried"
    cursor = outlive("events", "--once", "--json").output.split('"cursor":"')[1].split('"')[0]
    chat = scene(area)
    for step in steps:
        facts = {"id": chat, "short": chat[:8], "home": str(area.home), "cursor": cursor, "queue": QUEUE_BYTES - 1}
        words, pattern = shlex.split(step.line.format(**facts)), step.seen.format(**facts)
        if words[0] in {"events", "logs"}:  # A host writes what happens a moment later.
            wait_until(partial(prints, words, pattern), TIMEOUT_S, step.line)
        done = outlive(*words, typed=step.typed)
        printed = done.output + done.error
        assert done.code == step.code, f"{step.line}: {done}"
        assert re.search(pattern, printed, re.MULTILINE), f"{step.line}: {done}"
        assert not step.unseen or not re.search(step.unseen, printed, re.MULTILINE), f"{step.line}: {done}"
