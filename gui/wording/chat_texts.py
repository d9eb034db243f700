"""Texts of a chat view: messages, tool calls, open requests, images, the user's limits, the prompt box."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite

from gui.wording.phrases import short_clock
from gui.wording.text import Text
from session_host.protocol.untrusted_text import before_more, one_line
from session_host.structured.items import UsageLimit
from session_host.system.clock import moment_of

_MINUTE_MS = 60_000
MESSAGES = Text("chat", "Messages")
PROMPT_OF_USER = Text("chat", "Your prompt")
MESSAGE_OF_AGENT = Text("chat", "The agent’s message")
TOOL_CALL = Text("chat", "Tool call")
SPOKEN = Text("chat", "{kind}: {text}")
QUEUED = Text("chat", "Queued")
HELD = Text("chat", "Waits")
PROMPTS_WAIT = Text("chat", "{n:,} prompt(s) wait(s), since you stopped the turn")
DISCARD = Text("chat", "Discard")
SENT = Text("chat", "Sent; the agent has not confirmed it yet")
UNCONFIRMED = Text("chat", "The agent ended before it confirmed this prompt")
UNSENT = Text("chat", "Not sent: the agent ended before")
PUT_BACK = Text("chat", "Put back into the prompt")
"""Button at a queued prompt, and at one that was not sent."""
END_AGENT = Text("chat", "End the agent")
"""Button beside "The agent has not stopped yet"."""
NOT_ACCEPTED = Text("chat", "The agent did not accept this prompt")


def withdrawn(prompt: str) -> str:
    """The line in place of a prompt that the user has removed from the queue."""
    if not prompt:
        return Text("chat", "Removed from the queue")()
    return Text("chat", "Removed from the queue: {prompt}")(prompt=prompt)


SEND_NOW = Text("chat", "Send now (stops this turn)")
"""Button at a queued prompt: it stops the running turn, and sends the prompt."""
SEND_AGAIN = Text("chat", "Send again")
TRY_AGAIN = Text("chat", "Try again")
COPY_ANSWER = Text("chat", "Copy this answer")
COPY_PROMPT = Text("chat", "Copy this prompt")
PUT_INTO_PROMPT = Text("chat", "Put into the prompt")
AGENT_ENDED_HERE = Text("chat", "The agent ended here")
INTERRUPTED = Text("chat", "Interrupted")


def turn_failed(error: str) -> str:
    if not error:
        return Text("chat", "The turn failed")()
    return Text("chat", "The turn failed: {error}")(error=error)


DAMAGED = Text("chat", "The rest can’t be read: {reason}")
PROMPT_WITHOUT_TEXT = Text("chat", "Prompt without text")
"""The text that stands for a prompt with images and no text."""
GO_TO_PROMPT = Text("chat", "Go to the prompt: {prompt}")
"""The button above an answer for screen readers."""
NEW_MESSAGES = Text("chat", "New messages")
SCROLL_TO_END = Text("chat", "Scroll to bottom")


def described_image(mime: str, size: int) -> str:
    return Text("chat", "Image ({mime}, {size:,} KB)")(mime=mime, size=max(size // 1024, 1))


COPY_CODE = Text("chat", "Copy this block")
LINK = Text("chat", "Link: {text}")
"""The name of a link for screen readers."""
COPY_AS_MARKDOWN = Text("chat", "Copy as Markdown")
THINKING = Text("chat", "Thinking…")


def thought(duration_ms: int) -> str:
    if duration_ms < 1000:
        return Text("chat", "Thought")()
    return Text("chat", "Thought for {duration}")(duration=duration(duration_ms))


def duration(milliseconds: int) -> str:
    if milliseconds < 100:
        return ""
    if milliseconds < 10_000:
        return Text("chat", "{seconds:.1f} s")(seconds=milliseconds / 1000)
    if milliseconds < _MINUTE_MS:
        return Text("chat", "{seconds} s")(seconds=milliseconds // 1000)
    minutes, rest_ms = divmod(milliseconds, _MINUTE_MS)
    return Text("chat", "{minutes} min {seconds} s")(minutes=minutes, seconds=rest_ms // 1000)


WORKING = Text("chat", "Working…")
IN_BACKGROUND = Text("chat", "In the background: {work}")
RUNNING = Text("chat", "running…")
WAITS = Text("chat", "waits for you")
"""State of a command that runs only if the user allows it."""
FAILED = Text("chat", "failed")
DECLINED = Text("chat", "declined")
EXIT_CODE = Text("chat", "exit {code}")


def joined(*facts: str) -> str:
    """Facts in one line; empty ones are left out."""
    return " · ".join(before_more(fact) for fact in facts if fact)


def edits(paths: list[str]) -> str:
    return Text("chat", "Edit {paths}")(paths=", ".join(paths))


def tool(kind: str) -> str:
    return {
        "execute": Text("chat", "Command"),
        "edit": Text("chat", "Edit"),
        "read": Text("chat", "Read"),
        "search": Text("chat", "Search"),
        "fetch": Text("chat", "Fetch"),
        "delete": Text("chat", "Delete"),
        "move": Text("chat", "Move"),
        "think": Text("chat", "Think"),
    }.get(kind, Text("chat", "Tool"))()


UNFOLD = Text("chat", "Show details of {title}")
FOLD = Text("chat", "Hide details of {title}")
OUTPUT = Text("chat", "Output")
HIDDEN_LINES = Text("chat", "{n:,} line(s) hidden")
HIDDEN_TEXT = Text("chat", "The middle is hidden")
SHOW_ALL = Text("chat", "Show all")
PLAN = Text("chat", "Plan · {done} of {count} done")
PLAN_STEP = Text("chat", "Plan · {done} of {count} · {step}")
"""The step of the plan at which the agent is."""


def edited_files(count: int, lines: str) -> str:
    """The files that a chat has edited, and how many lines of them, such as "+12 −3".

    "Changed" are those that differ from the last commit, which the window counts elsewhere.
    """
    files = Text("chat", "Edited {n:,} file(s)")(n=count)
    return f"{files}  {lines}".rstrip()


SHOW_CHANGES = Text("chat", "Changes")
"""Menu item: opens the window with all changes of the chat's directory."""
MORE_FILES = Text("chat", "and {n:,} more file(s)")
UNKNOWN_MESSAGE = Text("chat", "Unknown message")
ASKS = Text("chat", "The agent asks")
REQUEST_WITHDRAWN = Text("chat", "The agent’s request was withdrawn")


def answered(name: str, by: str, at_ms: int) -> str:
    where = {
        "window": Text("chat", "in the window"),
        "attach": Text("chat", "in a terminal"),
        "command": Text("chat", "from the command line"),
        "notification": Text("chat", "in a notification"),
    }.get(by)
    time = moment_of(at_ms).astimezone().strftime("%H:%M") if at_ms else ""
    return joined(name, where() if where is not None else "", time)


PROMPT = Text("chat", "Prompt")
PROMPT_HINT = Text("chat", "Ask the agent · @ for files, / for commands")


def prompt_hint_with_queue(*, interrupts: bool) -> str:
    """Placeholder while prompts are queued; ``interrupts`` says that the first one can be sent at once."""
    return joined(
        Text("chat", "Ask the agent")(),
        Text("chat", "Up puts the last queued prompt back here")(),
        Text("chat", "Ctrl+Alt+Enter sends the first one now")() if interrupts else "",
    )


PROMPT_RESUMES = Text("chat", "Ask the agent · Sending resumes the chat")
"""Placeholder of an ended chat's prompt."""
ENDED = Text("chat", "The chat has ended")
SEND = Text("chat", "Send")
STOP = Text("chat", "Stop")
STOP_WITH_KEYS = Text("chat", "Stop (Escape twice, or Ctrl+C)")
"""Tooltip of the button that stops the turn."""
ESCAPE_AGAIN = Text("chat", "Press Escape again to stop this turn")
"""The line below the prompt after a first Escape."""


def keys_while_running(*, steers: bool, interrupts: bool) -> str:
    """The keys that send a prompt while a turn runs, and their effects."""
    return joined(
        Text("chat", "Enter queues the prompt until this turn ends")(),
        Text("chat", "Ctrl+Enter adds it to this turn")() if steers else "",
        Text("chat", "Ctrl+Alt+Enter stops this turn and sends it")() if interrupts else "",
    )


def waits_for_answer(*, from_prompt: bool) -> str:
    """The agent asks something, with the key that goes from the prompt to the question."""
    text = Text("chat", "The agent waits for your answer")()
    return joined(text, Text("chat", "Shift+Tab goes to it")() if from_prompt else "")


CONTEXT_USED = Text("chat", "{percent} % context")
TOKENS_USED = Text("chat", "{n:,} token(s)")
TOKENS_OF = Text("chat", "{used:,} of {window:,} tokens")
TOKENS_OF_ALL_TURNS = Text("chat", "{n:,} token(s) in all turns")


def cost(amount: float, currency: str) -> str:
    """The chat's cost as the agent reports it; with a subscription, the user does not pay it."""
    return Text("chat", "about {amount} {currency}, according to the agent")(
        amount=f"{amount:,.2f}" if amount >= 0.01 else f"{amount:.4f}", currency=currency
    )


PROMPT_TOO_LARGE = Text("chat", "The prompt is too large. Save the text to a file, and add the file with @.")
COMPLETIONS = Text("chat", "Completions")
MORE_SETTINGS = Text("chat", "More settings")
SETTING = Text("chat", "{name}: {value}")

# An open request: what is asked, its buttons, why it cannot be allowed yet.
_SHOWN_QUESTIONS = 3
_QUESTION_CHARACTERS = 60
RUN_THIS = Text("chat", "Run this command?")
IN_DIRECTORY = Text("chat", "in {directory}")
WHAT_WILL_RUN = Text("chat", "Command to run")
CHOICE_AND_MEANING = Text("chat", "{choice}: {meaning}")
"""A suggested answer with the agent's description of it."""
OPTION_WITH_KEY = Text("chat", "{name} ({key})")
SHOW_EXACTLY = Text("chat", "Show exactly")
"""Button: show the command and the answers exactly as the agent states them."""
SHOW_SHORTENED = Text("chat", "Show shortened")
SCROLL_TO_ALLOW = Text("chat", "Scroll to the end to allow it")
SCROLL_UP_TO_ALLOW = Text("chat", "Scroll up and read it to the end to allow it")
LOOK_THROUGH_TO_ALLOW = Text("chat", "Scroll through all changes to allow them")
REQUEST_INCOMPLETE = Text(
    "chat", "The agent did not report everything that would run. You can only decline this request."
)
REQUEST_TOO_LONG = Text("chat", "What is too long to be read here is left out, and you can’t allow it.")
ANSWER_SENT = Text("chat", "Sending the answer…")
SEND_ANSWER = Text("chat", "Answer")


def still_to_answer(questions: Sequence[str]) -> str:
    long = _QUESTION_CHARACTERS
    names = [name if len(name) <= long else f"{name[: long - 1]}…" for name in questions[:_SHOWN_QUESTIONS]]
    shown, more = " · ".join(names), len(questions) - len(names)
    if more:
        return Text("chat", "Still to answer: {questions} · and {count} more")(questions=shown, count=more)
    return Text("chat", "Still to answer: {questions}")(questions=shown)


YOUR_ANSWER = Text("chat", "Your answer")

# The images of a prompt.
REMOVE_IMAGE = Text("chat", "Remove the image")
IMAGE = Text("chat", "Image")
ENLARGE_IMAGE = Text("chat", "Enlarge the image")
COPY_IMAGE = Text("chat", "Copy image")
SAVE_AS = Text("chat", "Save as…")
SAVE_IMAGE_AS = Text("chat", "Save image as…")
SAVE_IMAGE = Text("chat", "Save image")
"""The title of the dialog."""
IMAGE_SAVED = Text("chat", "Saved as {path}")
IMAGE_NOT_SAVED = Text("chat", "{path} can’t be saved: {reason}")


def about_image(width: int, height: int, mime: str, size: int) -> str:
    """A line about an image: its size in pixels, its format, and its size in bytes."""
    form = mime.partition("/")[2].upper()
    return Text("chat", "{width:,} × {height:,} · {form}, {size:,} KB")(
        width=width, height=height, form=form, size=max(size // 1024, 1)
    )


IMAGE_TOO_LARGE = Text("chat", "The image is larger than {size} MB")
IMAGES_TOO_LARGE = Text("chat", "The images are too large for one prompt. Send this one with your next prompt.")
TOO_MANY_IMAGES = Text("chat", "A prompt can have at most {count} images")
ATTACH_IMAGES = Text("chat", "Attach images…")
CHOOSE_IMAGES = Text("chat", "Attach images")
"""The title of the dialog."""
IMAGE_FILES = Text("chat", "Images ({patterns})")
"""The files that a dialog lists."""
NO_IMAGES = Text("chat", "This agent does not accept images")
NOT_AN_IMAGE = Text("chat", "The file is not an image that can be shown")

# The limits of the user's subscription, as an agent reported them.
_HOUR_MIN, _DAY_MIN, _WEEK_MIN, _MONTH_MIN = 60, 24 * 60, 7 * 24 * 60, 30 * 24 * 60


def time_of(at_ms: int) -> str:
    """A time in milliseconds since 1970, with its date if that is another day."""
    return short_clock(moment_of(at_ms), datetime.now(UTC))


def used_percent(limit: UsageLimit) -> int:
    """The used share in percent, rounded down: 100 only if the limit is reached."""
    return int(limit.used * 100 + 1e-6) if isfinite(limit.used) else 0


def limit_name(limit: UsageLimit) -> str:
    """The limit's name, such as "5-hour limit", "Weekly limit (Opus)"."""
    minutes = limit.window_min
    if not minutes:
        whole = Text("limits", "Usage limit")()
    elif minutes == _WEEK_MIN:
        whole = Text("limits", "Weekly limit")()
    elif minutes == _MONTH_MIN:
        whole = Text("limits", "Monthly limit")()
    elif minutes % _DAY_MIN == 0:
        whole = Text("limits", "{count}-day limit")(count=minutes // _DAY_MIN)
    elif minutes % _HOUR_MIN == 0:
        whole = Text("limits", "{count}-hour limit")(count=minutes // _HOUR_MIN)
    else:
        whole = Text("limits", "{count}-minute limit")(count=minutes)
    if not limit.name:
        return whole
    return Text("limits", "{limit} ({name})")(limit=whole, name=one_line(limit.name))


def limit_used(limit: UsageLimit, now: datetime) -> str:
    """How much of the limit is used: "5-hour limit 80 % · resets 14:30"."""
    text = Text("limits", "{limit} {percent} %")(limit=limit_name(limit), percent=used_percent(limit))
    return joined(text, _resets(limit, now))


def all_limits_used(limits: list[UsageLimit], now: datetime) -> list[str]:
    """A line for each limit, and when the agent reported the last of them."""
    lines = []
    for limit in limits:
        text = Text("limits", "{limit}: {percent} % used")(limit=limit_name(limit), percent=used_percent(limit))
        lines.append(joined(text, _resets(limit, now)))
    if at_ms := max((limit.at_ms for limit in limits), default=0):
        time = short_clock(moment_of(at_ms), now)
        lines.append(Text("limits", "Limits as the agent reported them: {time}")(time=time))
    return lines


def _resets(limit: UsageLimit, now: datetime) -> str:
    if not limit.resets_ms:
        return ""
    return Text("limits", "resets {time}")(time=short_clock(moment_of(limit.resets_ms), now))
