"""What the user does on the page, done the way of each other client: one message to the chat's host.

A request has an id: repeated, it gets the first one's result, and is done once, also by a host that was replaced.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from session_host.client import questions
from session_host.client.chats.installed_agents import installed_agents
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.pasted_files import copy_to, source_of
from session_host.client.chats.resume import resume
from session_host.client.chats.sleeping import stop_asleep, wake
from session_host.client.control import request
from session_host.client.machine import Machine
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.store_calls import recent_directories
from session_host.errors import AlreadyAnswered, HostUnavailable, Outdated, OutliveError, SessionEnded, UsageError
from session_host.protocol.messages import AnswerRequest, Done, Interrupt, Prompt, Send, SendChatInput, SendLater, Stop
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES, Activity
from session_host.standing.traits import traits_of
from session_host.structured.answers import chosen, hindrance
from session_host.structured.items import WITHDRAWN
from session_host.system.clock import now

from .errors import PageError
from .following import Following
from .forms import ActionDone, GivenAnswer, Keys, OfChat, SendPrompt, SetLater, Start
from .questions import asked_by, host_of, is_shown_whole
from .rows import agent_named
from .screens import screen_of

BY: Final = "page"
"""Where an answer was given, as in ``structured.items.PLACES``."""

KEPT: Final = 500
"""How many results."""

_KEYS: Final = {"Esc": "Escape", "Ctrl+C": "Ctrl+c"}
"""The page's names of keys that ``Send`` calls otherwise."""

MAX_DIRECTORIES: Final = 30
"""In how many directories a chat can be started."""

ANSWER_KEYS: Final = frozenset({"Esc", "Left", "Up", "Down", "Right", "Enter", *"123456789yn"})
"""The keys that answer a dialog."""

_ALLOWED_KEYS: Final = frozenset({"Esc", "Tab", "Ctrl+C", "Left", "Up", "Down", "Right", "Enter", "Backspace"})


class Results:
    """The results of the last requests, by their ids."""

    def __init__(self) -> None:
        self._results: OrderedDict[tuple[str, str, str], asyncio.Future[ActionDone]] = OrderedDict()

    async def once(self, device: str, path: str, number: str, do: Callable[[str], Awaitable[ActionDone]]) -> ActionDone:
        """Do a request, or wait for its result if it is done already.

        Args:
            device: whose request it is.
            path: what is asked for.
            number: the request's own id.
            do: does it, with a token of 32 hexadecimal digits, which is the same for a repeated request.
        """
        if not 8 <= len(number) <= 64:
            raise PageError(400, "bad_request", "this request has no id")
        key = (device, path, number)
        found = self._results.get(key)
        if found is None:
            token = uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(key)).hex
            found = self._results[key] = asyncio.ensure_future(do(token))
            found.add_done_callback(lambda done: done.cancelled() or done.exception())  # Its device may be gone.
            while len(self._results) > KEPT:
                self._results.popitem(last=False)
        try:
            return await asyncio.shield(found)
        except (HostUnavailable, TimeoutError):
            self._results.pop(key, None)  # Repeated, it is tried again; the token lets the host do it once.
            raise


class Actions:
    """What can be done with the chats of the list."""

    def __init__(self, following: Following) -> None:
        self._following = following

    async def answer(self, given: GivenAnswer, token: str) -> ActionDone:
        """Answer a question as it was shown; the first answer counts.

        Raises:
            PageError: it was answered, withdrawn or changed meanwhile.
        """
        machine, info = await self._following.find(given.chat)
        if info.state not in RUNNING_STATES:
            raise PageError(409, "withdrawn", "the chat has ended", at=now())
        texts = {key: "\n".join(values) for key, values in given.answers.items()}
        if given.text.strip():
            texts[""] = given.text.strip()
        answer = AnswerRequest(given.request, given.option, given.digest, texts)
        requests = (await asked_by(machine, info)).requests
        asked = next((each for each in requests if each.id == given.request), None)
        # The host decides; but it does not know what the page shows, and one of 0.1.0 takes modes from here.
        option = chosen(asked, answer) if asked is not None else None
        if asked is not None and option is not None:
            why = hindrance(asked, option, BY, seen_end=is_shown_whole(asked))
            if why:
                raise PageError(403, "not_allowed", why)
        try:
            done = await questions.answer(host_of(machine, info), answer, BY, token, option=option)
        except AlreadyAnswered as error:
            raise _late(error) from error
        except SessionEnded as error:
            raise PageError(409, "withdrawn", "the chat has ended", at=now()) from error
        agent = agent_named(info.facts.origin.agent)
        name = agent.title if agent is not None else info.facts.origin.agent
        return ActionDone(f"{done} here", at=now(), detail=f"{name} has it and works on.")

    async def send(self, text: SendPrompt, token: str) -> ActionDone:
        """Send a prompt; a chat view takes it into its queue, or at once."""
        if not text.text.strip():
            raise PageError(400, "bad_request", "the text is empty")
        machine, info = await self._following.find(text.chat)
        if info.facts.outcome.was_put_to_sleep:  # Woken meanwhile, the other chat gets the text, once.
            record = await machine.call(wake, info.id, text.text, token=token, by=BY)
            return ActionDone("Sent", machine.prefix + record.id, now())
        machine, info = await self._running(text.chat)
        if traits_of(info.facts).takes_prompts:
            prompt = Prompt(text.text, "interrupt" if text.now else "queue")
            await request(info.id, SendChatInput(0, prompt, token, BY), machine)
            works = info.status.activity in {"working", "needs_input"}
            return ActionDone("Queued: it is sent when the turn ends" if works and not text.now else "Sent", at=now())
        done: Done = await request(info.id, Send(0, text.text, enter=True, token=token), machine)
        return ActionDone(one_line(done.note).capitalize() or "Sent", at=now())

    async def later(self, later: SetLater, token: str) -> ActionDone:
        """Let a chat's host send a prompt at a time, or take it back."""
        del token  # Set again, it is the same prompt.
        machine, info = await self._running(later.chat)
        wanted = SendLater(0, later.text, continues=later.continues, by=BY)
        await request(info.id, wanted, machine)
        return ActionDone("Set" if later.text else "Taken back", at=now())

    async def keys(self, keys: Keys, token: str) -> ActionDone:
        """Press keys, or type a line, for someone who saw the screen as it is now.

        Raises:
            PageError: the screen has changed; it has the new one.
        """
        machine, info = await self._running(keys.chat)
        unknown = [each for each in keys.keys if each not in _ALLOWED_KEYS and len(each) != 1]
        if unknown or not (keys.keys or keys.text or keys.enter):
            raise PageError(400, "bad_request", "there is no such key")
        if not keys.hash:
            raise PageError(400, "bad_request", "keys are for a screen that was seen")
        names = [_KEYS.get(each, each) for each in keys.keys]
        wanted = Send(0, keys.text, keys=names, enter=keys.enter, token=token, anyway=True, by=BY, seen=keys.hash)
        try:
            await request(info.id, wanted, machine)
        except Outdated as error:
            screen = await screen_of(machine, info)
            raise PageError(409, "screen_changed", one_line(str(error)), screen=screen) from error
        return ActionDone("Sent", at=now())

    async def answer_by_keys(self, keys: Keys, token: str) -> ActionDone:
        """Press a key of a dialog, for someone who saw it and may answer, but not type.

        Raises:
            PageError: it is another key, the chat asks nothing, or the screen has changed.
        """
        _machine, info = await self._running(keys.chat)
        if keys.text or not ANSWER_KEYS.issuperset(keys.keys):
            raise PageError(403, "not_allowed", "this device may only press keys that answer a question")
        if info.status.activity != Activity.NEEDS_INPUT:
            raise PageError(409, "asks_nothing", "the chat asks nothing now, and this device may only answer")
        return await self.keys(keys, token)

    async def interrupt(self, what: OfChat, token: str) -> ActionDone:
        """Stop a chat view's running turn."""
        machine, info = await self._running(what.chat)
        if not traits_of(info.facts).takes_prompts:
            raise UsageError("a terminal’s turn is stopped by its own key: press Esc or Ctrl+C on its screen")
        await request(info.id, SendChatInput(0, Interrupt(), token, BY), machine)
        return ActionDone("The turn stops", at=now())

    async def stop(self, what: OfChat, token: str) -> ActionDone:
        """Ask a chat's program to exit."""
        del token
        machine, info = await self._following.find(what.chat)
        if not (info.facts.is_asleep and await machine.call(stop_asleep, info.id)):
            machine, info = await self._running(what.chat)
            await request(info.id, Stop(0), machine)
        return ActionDone("Ended", at=now())

    async def resume(self, what: OfChat, token: str) -> ActionDone:
        """Resume an ended chat."""
        del token
        machine, info = await self._following.find(what.chat)
        record = await machine.call(resume, info.id)
        return ActionDone("Resumed", machine.prefix + record.id, now())

    async def start(self, start: Start, token: str) -> ActionDone:
        """Start a chat in a directory in which one ran before, with one of the user's presets."""
        if start.prompt and not start.prompt.strip():
            raise PageError(400, "bad_request", "the first prompt is blank; write one, or leave it out")
        machine = self._following.machine_named(start.machine)
        found = await machine.call(installed_agents)
        agent = next(
            (each for each in found.agents if each.name == start.agent and start.agent in found.installed), None
        )
        if agent is None:
            raise UsageError(f"{start.agent[:40]!r} is not installed")
        if start.directory not in await machine.call(recent_directories, MAX_DIRECTORIES):
            raise UsageError("a chat is started here in a directory in which one ran before")
        arguments = list(agent.preset(start.preset)) if start.preset else list(agent.default_arguments)
        runtime = agent.choose_runtime("structured") if "structured" in agent.runtimes else None
        wanted = LaunchRequest(
            agent=agent,
            arguments=arguments,
            prompt=start.prompt,
            directory=start.directory,
            environment=None,
            runtime=runtime,
            token=token,
        )
        record = await machine.call(launch, wanted)
        return ActionDone("Started", machine.prefix + record.id, now())

    async def upload(self, chat: str, name: str, data: bytes) -> str:
        """Put a file into a chat's private directory; returns its path there."""
        machine, info = await self._following.find(chat)
        return await copy_to(machine, info.id, source_of(data, name))

    async def _running(self, chat: str) -> tuple[Machine, SessionInfo]:
        """A chat that runs.

        Raises:
            SessionEnded: it does not.
        """
        machine, info = await self._following.find(chat)
        if info.state not in RUNNING_STATES:
            raise SessionEnded("the chat has ended")
        return machine, info


def _late(error: OutliveError) -> PageError:
    """An answer that came after another one, or after the agent took its question back."""
    words = one_line(str(error))
    return PageError(409, "withdrawn" if words == WITHDRAWN else "already_answered", words, at=now())
