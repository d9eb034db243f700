"""The requests of the page, and the right that each needs."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, Router

from session_host.client.chats.installed_agents import installed_agents
from session_host.client.chats.retention import note_viewed
from session_host.client.chats.saved_prompts import prompts_directory, read_prompts
from session_host.client.machine import ANSWER_S, Machine
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.store_calls import recent_directories
from session_host.client.worktrees.changes import Changes, read_changes
from session_host.errors import NoSuchSession, OutliveError, Unreachable, WorktreeError
from session_host.paths import config_dir, short_directory
from session_host.protocol.rights import Right
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES
from session_host.standing.endings import how_ended
from session_host.standing.traits import traits_of
from session_host.system.clock import as_text, now, now_ms
from session_host.version import VERSION

from .actions import MAX_DIRECTORIES, Actions, Results
from .changed_lines import of_patch
from .conversations import Conversation, conversation_of, later_of, unfolded
from .devices import Device, hash_of, notify, revoke, withdraw
from .errors import PageError
from .following import Following
from .forms import (
    ActionDone,
    Admission,
    Can,
    ChatPage,
    Choices,
    Code,
    FileCount,
    GivenAnswer,
    Keys,
    Me,
    NamedText,
    OfChat,
    Place,
    Preset,
    Push,
    Questions,
    SendPrompt,
    SetLater,
    Start,
    decoded,
    encoded,
)
from .gate import CLEARS_CACHE, Address, Gate, Receive, Scope, Send, number_of
from .pairing import Pairing
from .places import noted
from .push.orders import target_of
from .push.reminders import Reminders
from .questions import asked_by, question_of
from .rows import agents, reads_conversation, row_of
from .screens import last_screen_of, screens
from .streams import Streams, event, merged

COOKIE_S: Final = 400 * 86400
"""How long browsers keep a cookie at most."""

AGAIN_S: Final = 0.3
"""The pause before a screen is followed again."""

LOST_S: Final = 3.0
"""The pause before a chat is looked for again that was not found or not reached."""

_UNKNOWN_END: Final = ActionDone("no longer open", detail="It was answered elsewhere, or the agent withdrew it.")
_FOLDER: Final = Path(__file__).parents[2] / "resources" / "web"
_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_FILES: Final = {
    "/": "index.html",
    "/page.css": "page.css",
    "/page.js": "page.js",
    "/pair.js": "pair.js",
    "/seldom.js": "seldom.js",
    "/worker.js": "worker.js",
    "/icon.svg": "icon.svg",
    "/icon.png": "icon.png",
    "/manifest.webmanifest": "manifest.webmanifest",
}


def application(addresses: list[Address]) -> tuple[Gate, Callable[[], None]]:
    """The whole application, and what ends its streams before the server ends."""
    page = _Page(Following(), _contact(addresses))
    rights = {("GET", f"/api/{name}"): right for name, right, _work in page.reads()}
    rights |= {("POST", f"/api/{name}"): right for name, right, _work in page.writes()}
    rights |= {("GET", path): Right.READ for path in _FILES}
    routes = [Route(f"/api/{name}", work) for name, _right, work in page.reads()]
    routes += [Route(f"/api/{name}", work, methods=["POST"]) for name, _right, work in page.writes()]
    inner = Router(lifespan=page.life)  # Unlike ``Starlette``, it leaves errors to the gate.
    gate = Gate(
        GZipMiddleware(inner, minimum_size=1000),
        addresses,
        lambda method, path: rights.get((method, path)),
        _File("worker.js").as_worker,
    )
    files = {path: _File(name, gate.signatures.challenge) for path, name in _FILES.items()}
    inner.routes.extend([*(Route(path, file.answer) for path, file in files.items()), *routes])
    page.streams.is_paired, page.pairing = gate.is_paired, Pairing(gate.limits)

    def end() -> None:
        page.streams.end_all()
        page.pairing.end()

    return gate, end


class _File:
    """A file of the page, read and compressed once."""

    def __init__(self, name: str, challenge: str = "") -> None:
        path = _FOLDER / name
        data = path.read_bytes()
        self._has_challenge = path.suffix == ".html"
        if self._has_challenge:  # The page signs with it at once, and asks a cache for no other server's script.
            data = data.replace(b"/page.js", f"/page.js?{challenge}".encode())
        self._data, self._compressed = data, gzip.compress(data, mtime=0)
        self._headers = {
            "content-type": _KINDS[path.suffix],
            "etag": f'"{hashlib.sha256(data).hexdigest()[:32]}"',
            "vary": "accept-encoding",
        }

    async def answer(self, request: Request) -> Response:
        """The file, unless the browser has it."""
        headers = dict(self._headers)
        if self._has_challenge and (request.url.query or request.headers.get("sec-fetch-mode") != "navigate"):
            name, value = CLEARS_CACHE  # The page itself does not ask so.
            headers[name.decode()] = value.decode()
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self._compressed, headers={**headers, "content-encoding": "gzip"})
        return Response(self._data, headers=headers)

    async def as_worker(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The file as the update of whatever worker the browser has here, also of one that has this file's tag."""
        headers = {"content-type": self._headers["content-type"], "service-worker-allowed": "/"}
        await Response(self._data, headers=headers)(scope, receive, send)


_Work = Callable[[Request], Awaitable[Response]]


class _Page:
    """The requests."""

    pairing: Pairing

    def __init__(self, following: Following, contact: str) -> None:
        self._following = following
        self._actions, self._results = Actions(following), Results()
        self.streams = Streams()
        self._reminders = Reminders(following, contact)

    @contextlib.asynccontextmanager
    async def life(self, _app: Any) -> AsyncIterator[None]:
        """Close all at the end."""
        self._reminders.look()
        yield
        await self._reminders.close()
        await self._following.close()

    def reads(self) -> list[tuple[str, Right, _Work]]:
        """What is read, and the right that it needs."""
        look = Right.READ
        return [
            ("me", look, self._me),
            ("asking", look, self._asking),
            ("chats", look, self._chats),
            ("stream", look, self._stream),
            ("questions", look, self._questions),
            ("chat", look, self._chat),
            ("turn", look, self._turn),
            ("diff", look, self._diff),
            ("start", Right.CONTROL, self._choices),
        ]

    def writes(self) -> list[tuple[str, Right, _Work]]:
        """What is done, and the right that it needs."""
        actions, everything = self._actions, Right.CONTROL
        return [
            ("ask", Right.READ, self._ask),
            ("withdraw", Right.READ, self._withdraw),
            ("leave", Right.READ, self._leave),
            ("push", Right.READ, self._push),
            ("answer", Right.ANSWER, self._does(GivenAnswer, actions.answer)),
            ("send", everything, self._does(SendPrompt, actions.send)),
            ("later", everything, self._does(SetLater, actions.later)),
            ("keys", Right.ANSWER, self._keys),
            ("interrupt", everything, self._does(OfChat, actions.interrupt)),
            ("stop", everything, self._does(OfChat, actions.stop)),
            ("resume", everything, self._does(OfChat, actions.resume)),
            ("start", everything, self._does(Start, actions.start)),
            ("upload", everything, self._upload),
        ]

    # ------------------------------------------------------------ devices

    async def _me(self, request: Request) -> Response:
        device: Device = request.scope["device"]
        address: Address = request.scope["address"]
        push_key = ""
        with contextlib.suppress(OutliveError):
            push_key = await self._reminders.public_key() if _can_push(address) else ""
        me = Me(
            self._following.name,
            VERSION,
            device.name,
            device.rights.word,
            address.host,
            push_key,
            device.push is not None,
        )
        number = number_of(request.scope)
        return _numbered(_json(me), address, number if hash_of(number) == device.hash else "")

    async def _ask(self, request: Request) -> Response:
        """A device asks to be let in: by a code, or by its cookie if it has lost its key."""
        code, scope = decoded(await request.body(), Code).code, request.scope
        browser = request.headers.get("user-agent", "")
        asked, number = await self.pairing.ask(code, scope["key"], number_of(scope), browser, scope["state"]["peer"])
        return _numbered(self._asked(asked, request), scope["address"], number)

    async def _asking(self, request: Request) -> Response:
        """What became of that, as soon as it is known."""
        return self._asked(await self.pairing.answer(request.scope["key"]), request)

    def _asked(self, asked: Admission, request: Request) -> Response:
        is_own = request.scope["scheme"] == "https"  # A proxy's certificate is its own.
        certificate = noted().certificate if is_own else None
        return _json(replace(asked, certificate=certificate.end if certificate is not None else ""))

    async def _withdraw(self, request: Request) -> Response:
        await asyncio.to_thread(withdraw, request.scope["key"])
        return _json(ActionDone("This device asks no more"))

    async def _leave(self, request: Request) -> Response:
        device: Device = request.scope["device"]
        await asyncio.to_thread(revoke, device.name)
        self._reminders.look()
        address: Address = request.scope["address"]
        response = _json(ActionDone("This device is not paired any more"))
        response.delete_cookie(address.cookie, secure=address.scheme == "https", httponly=True, samesite="strict")
        return response

    async def _push(self, request: Request) -> Response:
        """Remind a device of questions from now on, or not any more."""
        what, device = decoded(await request.body(), Push), request.scope["device"]
        try:
            target = target_of(what.endpoint, what.keys.p256dh, what.keys.auth) if what.endpoint else None
        except ValueError as error:
            raise PageError(400, "bad_request", f"this browser cannot be told: {error}") from error
        await asyncio.to_thread(notify, device.hash, target)
        self._reminders.look()
        return _json(ActionDone("Notifications are on" if target is not None else "Notifications are off", at=now()))

    # ------------------------------------------------------------ chats

    async def _chats(self, request: Request) -> Response:
        del request
        return _json(await self._following.listed())

    async def _stream(self, request: Request) -> Response:
        """The changes of the list, and a chat's screen if the page shows one."""
        cursor, chat = request.headers.get("last-event-id", ""), request.query_params.get("screen", "")

        async def lines() -> AsyncGenerator[bytes]:
            async with self._following.used():
                yield event("hello", {"cursor": cursor, "version": VERSION, "now": now_ms()}, cursor)
                async for told in self._following.told_after(cursor):
                    if told is None:
                        yield event("reset", {})
                    else:
                        yield event(told.event, told.data, told.cursor)

        stream = merged(lines(), self._screen_lines(chat)) if chat else lines()
        headers = {"content-type": "text/event-stream", "x-accel-buffering": "no"}
        return StreamingResponse(self.streams.kept(request.scope["device"], stream), headers=headers)

    async def _questions(self, request: Request) -> Response:
        machine, info = await self._find(request)
        asked = await asked_by(machine, info)
        agent = info.facts.origin.agent
        questions = [await asyncio.to_thread(question_of, each, machine, agent) for each in asked.requests]
        elsewhere, note = asked.elsewhere if info.status.activity == "needs_input" else "", ""
        if info.status.asked and not questions:
            elsewhere, note = "", f"{one_line(info.status.asked)}: the next prompt waits for your word in the window."
        row = row_of(info.facts, machine)
        over = ActionDone(asked.outcome, at=as_text(asked.outcome_at_ms / 1000)) if asked.outcome else _UNKNOWN_END
        return _json(Questions(row, elsewhere, questions, over, note))

    async def _chat(self, request: Request) -> Response:
        machine, info = await self._find(request)
        await _note_view(machine, info)
        row = row_of(info.facts, machine)
        if reads_conversation(info.facts):
            found = await conversation_of(machine, info)
        else:
            found = Conversation([], note="Outlive reads no conversation of this program; look at its screen.")
        try:
            changes = await asyncio.wait_for(machine.call(read_changes, Path(info.facts.origin.cwd)), ANSWER_S)
        except (WorktreeError, OutliveError, TimeoutError):
            changes = None
        files = [FileCount(one_line(each.path), each.added, each.removed) for each in changes.files] if changes else []
        is_running, is_asleep = info.state in RUNNING_STATES, info.facts.is_asleep
        can = Can(
            send=is_running or is_asleep,
            interrupt=is_running and found.can_interrupt,
            stop=is_running or is_asleep,
            resume=not (is_running or is_asleep),
            screen=traits_of(info.facts).has_screen,
        )
        page = ChatPage(
            chat=row,
            runtime=info.facts.origin.runtime,
            turns=found.turns,
            earlier=found.has_earlier,
            queue=[*later_of(info.facts), *found.queue],
            plan=found.plan,
            files=files,
            limits=found.limits,
            note=found.note,
            can=can,
            prompts=await asyncio.to_thread(_prompts, info),
            ends="" if is_running else _end_words(info),
        )
        return _json(page)

    async def _turn(self, request: Request) -> Response:
        machine, info = await self._find(request)
        return _json(await unfolded(machine, info, _parameter(request, "turn")))

    async def _diff(self, request: Request) -> Response:
        machine, info = await self._find(request)
        path = _parameter(request, "path")
        changes: Changes = await machine.call(read_changes, Path(info.facts.origin.cwd))
        file = next((each for each in changes.files if one_line(each.path) == path), None)
        if file is None:
            raise PageError(404, "no_such_file", "this file is not changed any more")
        lines = of_patch(file.patch)
        if not lines:
            lines = [("Its lines are not shown: it is too long, or no text." if file.withheld else "No lines.", "dim")]
        return _json({"path": path, "lines": lines})

    async def _screen_lines(self, chat: str) -> AsyncGenerator[bytes]:
        """A chat's screen until the chat ends, and its last one; what keeps it away is said, and it comes back."""
        lost = ""
        while True:
            again_s = AGAIN_S  # Its host may have been replaced.
            try:
                machine, info = await self._following.find(chat)
                if info.state not in RUNNING_STATES:
                    if (last := await last_screen_of(machine, info)) is not None:
                        yield event("screen", last)
                    yield event("screen_ended", {"words": _end_words(info)})
                    return
                await _note_view(machine, info)
                async for screen in screens(machine, info):
                    lost = ""
                    yield event("screen", screen)
            except (OutliveError, TimeoutError) as error:
                again_s = LOST_S
                words = PageError.of(error).words if isinstance(error, OutliveError) else "no answer"
                if words != lost:
                    yield event("screen_lost", {"words": words})
                lost = words
                if isinstance(error, NoSuchSession):
                    return
            await asyncio.sleep(again_s)

    async def _choices(self, request: Request) -> Response:
        del request
        found = await asyncio.gather(*(_choices_of(machine) for machine in self._following.reached()))
        presets = [each for of_machine, _places in found for each in of_machine]
        return _json(Choices(presets, [each for _presets, of_machine in found for each in of_machine]))

    async def _upload(self, request: Request) -> Response:
        name, chat = _parameter(request, "name"), _parameter(request, "chat")
        return _json({"path": await self._actions.upload(chat, name, await request.body())})

    # ------------------------------------------------------------ how

    def _does(self, kind: type[Any], do: Callable[[Any, str], Awaitable[ActionDone]]) -> _Work:
        """A request that does something once."""

        async def work(request: Request) -> Response:
            what = decoded(await request.body(), kind)
            device: Device = request.scope["device"]
            path = request.url.path
            return _json(await self._results.once(device.hash, path, what.id, lambda token: do(what, token)))

        return work

    async def _keys(self, request: Request) -> Response:
        """Press keys; a device that may not type presses those that answer a question, while there is one."""
        may_type = Right.CONTROL in request.scope["device"].rights.given
        do = self._actions.keys if may_type else self._actions.answer_by_keys
        return await self._does(Keys, do)(request)

    async def _find(self, request: Request) -> Any:
        return await self._following.find(_parameter(request, "chat"))


async def _choices_of(machine: Machine) -> tuple[list[Preset], list[Place]]:
    """The agents and directories for a new chat on a machine; none if the machine is not reached."""
    try:
        async with asyncio.timeout(ANSWER_S):
            found = await machine.call(installed_agents)
            paths = await machine.call(recent_directories, MAX_DIRECTORIES)
    except (Unreachable, TimeoutError):
        return [], []
    presets = [
        Preset(agent.name, one_line(f"{agent.title} · {preset}" if preset else agent.title), preset, machine.name)
        for agent in found.agents
        if agent.name in found.installed and agent.name != "command"
        for preset in ("", *sorted(agent.presets))
    ]
    shown = [" · ".join(filter(None, (short_directory(path, machine.home or None), machine.name))) for path in paths]
    return presets, [Place(path, one_line(name), machine.name) for path, name in zip(paths, shown, strict=True)]


def _prompts(info: SessionInfo) -> list[NamedText]:
    """The user's saved prompts that fit a chat."""
    found, _broken = read_prompts(prompts_directory(config_dir()), agents())
    fitting = [each for each in found if each.fits(info.facts.origin.agent, [info.facts.origin.cwd])]
    return [NamedText(one_line(each.name), each.text) for each in fitting]


def _end_words(info: SessionInfo) -> str:
    """How a chat that does not run has ended, or how it is woken."""
    return "Asleep: a text wakes it" if info.facts.is_asleep else how_ended(info.facts).phrase


def _contact(addresses: list[Address]) -> str:
    """The URL that push services get as the server's owner: an HTTPS address if there is one."""
    found = (each.origin for each in addresses if each.scheme == "https")
    return next(found, f"mailto:outlive@{socket.gethostname()}")


def _can_push(address: Address) -> bool:
    """Whether browsers take notifications from a page at this address."""
    return address.scheme == "https" or address.host.partition(":")[0] == "localhost"


def _numbered(response: Response, address: Address, number: str) -> Response:
    """An answer with the cookie, which is all that a device has left that has lost its key; it opens nothing."""
    if number:
        response.set_cookie(
            address.cookie,
            number,
            max_age=COOKIE_S,
            secure=address.scheme == "https",
            httponly=True,
            samesite="strict",
        )
    return response


def _parameter(request: Request, name: str) -> str:
    value = request.query_params.get(name, "")
    if not value:
        raise PageError(400, "bad_request", f"this request needs {name}")
    return value


async def _note_view(machine: Machine, info: SessionInfo) -> None:
    """Note that the user looks at a chat."""
    with contextlib.suppress(OutliveError, TimeoutError):
        await asyncio.wait_for(machine.call(note_viewed, info.id), ANSWER_S)


def _json(value: Any) -> Response:
    return Response(encoded(value), headers={"content-type": "application/json"})
