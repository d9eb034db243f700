"""Texts of a chat view: messages, tool calls, open requests, images, the user's limits, the prompt box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gui.wording.dates import time_of_day
from gui.wording.phrases import told_time
from gui.wording.text import Text
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.shown_duration import exact_duration
from session_host.protocol.untrusted_text import before_more, one_line
from session_host.standing.accounts import of_account
from session_host.standing.clock_times import TOMORROW, wanted_time
from session_host.standing.limits import limit_name, used_percent
from session_host.standing.usage import amount_words
from session_host.structured.decisions import Decision, DecisionKind
from session_host.structured.doing import doing
from session_host.structured.items import Item, UsageLimit
from session_host.system.clock import moment_of, parse_time

_LINE_CHARACTERS = 400
"""More characters than a line shows; a prompt may have many more."""
MESSAGES = Text("Messages")
MESSAGES_BEGIN, MESSAGES_END = Text("The beginning of the messages"), Text("The end of the messages")
PROMPT_OF_USER = Text("Your prompt")
MESSAGE_OF_AGENT = Text("The agent’s message")
TOOL_CALL = Text("Tool call")
SPOKEN = Text("{kind}: {text}")
NEXT = Text("Next")
"""Before the prompt that is sent when this turn ends."""
EDIT_QUEUED = Text("Edit")
REMOVE_QUEUED = Text("Remove")
SHOW_COMMENTS = Text("Show")
MORE_PROMPTS = Text("and {n:,} more prompt", "and {n:,} more prompts")
"""Below the first prompts of the queue."""
PROMPTS_WAIT = Text("{n:,} prompt waits, since you stopped the turn", "{n:,} prompts wait, since you stopped the turn")
DISCARD = Text("Discard")
SENT = Text("Sent; the agent has not confirmed it yet")
UNCONFIRMED = Text("The agent ended before it confirmed this prompt")
UNSENT = Text("Not sent: the agent ended before")
PUT_BACK = Text("Put back into the prompt")
"""Button at a queued prompt, and at one that was not sent."""
END_AGENT = Text("End the agent")
"""Button beside "The agent has not stopped yet"."""
NOT_ACCEPTED = Text("The agent did not accept this prompt")


def withdrawn(prompt: str) -> str:
    """The line in place of a prompt that the user has removed from the queue."""
    if not prompt:
        return Text("Removed from the queue")()
    return Text("Removed from the queue: {prompt}")(prompt=prompt)


SEND_NOW = Text("Send now")
SEND_NOW_STOPS = Text("Stops this turn, and sends this prompt")
SEND_THIS_ONE, NOT_NOW = Text("Send this one"), Text("Not now")
"""Buttons at a prompt that an amount holds back."""
FROM_NOW_ON = Text("{amount} from now on")
AMOUNT_REACHED = Text("{words}.")
"""Button at a queued prompt, and its tooltip."""
SEND_AGAIN = Text("Send again")
TRY_AGAIN = Text("Try again")
COPY_ANSWER = Text("Copy this answer")
COPY_PROMPT = Text("Copy this prompt")
PUT_INTO_PROMPT = Text("Put into the prompt")
AGENT_ENDED_HERE = Text("The agent ended here")
INTERRUPTED = Text("Interrupted")


def turn_failed(error: str) -> str:
    if not error:
        return Text("The turn failed")()
    return Text("The turn failed: {error}")(error=error)


def turn_limited(error: str) -> str:
    if not error:
        return Text("A limit stopped the turn")()
    return Text("A limit stopped the turn: {error}")(error=error)


TRY_NOW = Text("Try now")
TAKEN_FROM = Text("took over from {name}")
"""Button below a turn that a limit ended."""
DAMAGED = Text("The rest can’t be read: {reason}")
PROMPT_WITHOUT_TEXT = Text("Prompt without text")
"""The text that stands for a prompt with images and no text."""
PROMPT_PLACE = Text("{number} of {count}")
PROMPT_NUMBER = Text("Prompt {place}")
"""The line over the page while that prompt is in sight."""
GO_TO_PROMPT = Text("Go to the prompt: {prompt}")
"""The button above an answer for screen readers."""
NEW_MESSAGES = Text("New messages")
SCROLL_TO_END = Text("Scroll to bottom")


def described_image(mime: str, size: int) -> str:
    if not size:
        return Text("Image ({mime}), no longer in the recording")(mime=mime)
    return Text("Image ({mime}, {size:,} KB)")(mime=mime, size=max(size // 1024, 1))


NOT_DRAWN = Text("{language} · not drawn")
COPY_CODE = Text("Copy this block")
LINK = Text("Link: {text}")
"""The name of a link for screen readers."""
COPY_AS_MARKDOWN = Text("Copy as Markdown")
THINKING = Text("Thinking…")


def thought(duration_ms: int) -> str:
    if duration_ms < 1000:
        return Text("Thought")()
    return Text("Thought for {duration}")(duration=exact_duration(duration_ms))


WORKING = Text("Working")
WAITING_FOR_MODEL = Text("Waiting for the model")


def doing_or_waiting(item: Item | None, *, waits: bool) -> tuple[str, int]:
    """What the agent does with its running item, and where the command or path begins in that.

    ``waits`` says that it wrote nothing for a while.
    """
    if item is not None and (item.kind == "tool" or not waits):
        return doing(item)
    text = WAITING_FOR_MODEL() if waits else WORKING()
    return text, len(text)


def short_tokens(count: int) -> str:
    """A number of tokens: "870 tokens", "3.1k tokens"."""
    if count < 1000:
        return TOKENS_USED(n=count)
    thousands = count / 1000
    return Text("{count}k tokens")(count=f"{thousands:.1f}" if thousands < 100 else f"{thousands:.0f}")


IN_BACKGROUND = Text("In the background: {work}")
FAILED = Text("failed")
DECLINED = Text("declined")
EXIT_CODE = Text("exit {code}")


def joined(*facts: str) -> str:
    """Facts in one line; empty ones are left out."""
    return " · ".join(before_more(fact) for fact in facts if fact)


def edits(paths: list[str], *, is_done: bool) -> str:
    return (Text("Edited {paths}") if is_done else Text("Edit {paths}"))(paths=", ".join(paths))


def tool(kind: str) -> str:
    return {
        "execute": Text("Command"),
        "edit": Text("Edit"),
        "read": Text("Read"),
        "search": Text("Search"),
        "fetch": Text("Fetch"),
        "delete": Text("Delete"),
        "move": Text("Move"),
        "think": Text("Think"),
    }.get(kind, Text("Tool"))()


UNFOLD = Text("Show details of {title}")
FOLD = Text("Hide details of {title}")
OUTPUT = Text("Output")
HIDDEN_LINES = Text("{n:,} line hidden", "{n:,} lines hidden")
HIDDEN_TEXT = Text("The middle is hidden")
SHOW_ALL = Text("Show all")


def show_all_lines(count: int) -> str:
    """Button below the beginning of a long prompt."""
    return Text("Show all {count:,} lines")(count=count) if count > 1 else SHOW_ALL()


PLAN = Text("Plan · {done} of {count} done")
PLAN_STEP = Text("Plan · {done} of {count} · {step}")
"""The step of the plan at which the agent is."""


def edited_files(count: int, lines: str) -> str:
    """The files that a chat has edited, and how many lines of them, such as "+12 −3".

    "Changed" are those that differ from the last commit, which the window counts elsewhere.
    """
    files = Text("Edited {n:,} file", "Edited {n:,} files")(n=count)
    return f"{files}  {lines}".rstrip()


def turn_facts(files: int, commands: int, read: int, looks: int, steps: int) -> list[str]:
    """What a turn did: the first fact, after which the lines of edits are named, and the others.

    A turn that changed and ran nothing is told by what it ``read``, else by its ``looks``, else by its steps.
    """
    facts = [Text("Edited {n:,} file", "Edited {n:,} files")(n=files)] if files else []
    if commands:
        ran = (
            Text("ran {n:,} command", "ran {n:,} commands")
            if facts
            else Text("Ran {n:,} command", "Ran {n:,} commands")
        )
        facts.append(ran(n=commands))
    if not facts and looks:
        seen = Text("Read {n:,} file", "Read {n:,} files"), Text("Looked at {n:,} place", "Looked at {n:,} places")
        return [seen[0](n=read) if read else seen[1](n=looks)]
    return facts or [Text("{n:,} step", "{n:,} steps")(n=steps)]


FAILED_CALLS = Text("{count:,} failed")
SHOW_FAILED = Text("Show the {n:,} step that failed", "Show the {n:,} steps that failed")
"""Button in what a turn did, and its name for screen readers."""
DECLINED_CALLS = Text("declined {count:,}")


def turn_result(files: int, *, failed: bool, asked: bool) -> str:
    """The result of a prompt, in one line; "" for a plain answer."""
    edited = Text("edited {n:,} file", "edited {n:,} files")(n=files) if files else ""
    return joined(FAILED() if failed else "", Text("asked")() if asked else "", edited)


SHOW_STEPS = Text("Show {n:,} step", "Show {n:,} steps")
HIDE_STEPS = Text("Hide {n:,} step", "Hide {n:,} steps")
"""Button beside what a turn did."""
MORE_ABOUT_TURN = Text("More about this turn")
"""Button in its place where it is narrow: opens a menu."""
COPY_SHORT = Text("Copy")
WRAP = Text("Wrap")
DO_NOT_WRAP = Text("Don’t wrap")
NUMBERS = Text("Numbers")
SOURCE, SHOW_SOURCE = Text("Source"), Text("Show the source")
FIGURE, SHOW_FIGURE = Text("Figure"), Text("Show the figure")
NO_NUMBERS = Text("No numbers")
"""Buttons at a block of code."""
SHOW_CHANGES = Text("Changes")
"""Menu item: opens the window with all changes of the chat's directory."""
CHANGES_SINCE = Text("Changes since")
"""Button beside a turn that others follow: it shows their changes, too."""
MORE_FILES = Text("and {n:,} more file", "and {n:,} more files")
UNKNOWN_MESSAGE = Text("Unknown message")
ASKS = Text("The agent asks")
ASKS_AS = Text("{name} asks")
ANSWERS = Text("Answers: {answers}")


_PLACES = {
    "window": Text("in the window"),
    "attach": Text("in a terminal"),
    "command": Text("from the command line"),
    "notification": Text("in a notification"),
    "page": Text("on the page"),
    "dialog": Text("in the agent’s own dialog"),
}


def answered_where(by: str) -> str:
    """The words for the kind of client that answered a question; "" for an unknown one."""
    return _PLACES[by]() if by in _PLACES else ""


DECISIONS: Mapping[DecisionKind, Text] = {
    "allowed": Text("Allowed"),
    "declined": Text("Declined"),
    "answered": Text("Answered"),
    "withdrawn": Text("Withdrawn"),
}
"""What became of a question of the agent; before what it was about."""
SAID = Text("“{words}”")
EDITS = Text("{n:,} edit", "{n:,} edits")
COMMANDS = Text("{n:,} command", "{n:,} commands")
REQUESTS = Text("{n:,} other", "{n:,} others")
LAST_OF_LIST = Text(" and ")


def decided_where(by: str) -> str:
    """Where a decision was made, if that is not the window."""
    return "" if by == "window" else answered_where(by)


def withdrawn_by(decided: Decision) -> str:
    """Why a question is not asked any more; "" for one that was answered."""
    if decided.kind != "withdrawn" or decided.by:
        return ""
    return Text("you stopped the turn")() if decided.stopped else Text("by the agent")()


FIRST_PAGE = Text("New chat")
CONTINUE_HERE = Text("Continue")
SAVED_PROMPTS = Text("Saved prompts")
FIRST_PAGE_KEYS: tuple[tuple[str, Text], ...] = (
    ("@", Text("names a file")),
    ("/", Text("runs a command")),
    ("Ctrl+V", Text("adds a picture")),
)
"""Keys in the prompt box, and what they do."""
INTO_FIRST_PAGE: tuple[str, Text] = ("↑", Text("into this page"))
"""After these keys, if the page has chats or prompts to choose from."""
WORKS_NOW = Text("working")
"""In place of the age of a chat that works."""
PROMPT = Text("Prompt")
PROMPT_HINT = Text("Ask the agent · @ for files, / for commands")
ASK_ABOUT = Text("Ask {agent} about {project}")
"""In its place while the first page says what these keys do."""


def prompt_hint_with_queue(*, interrupts: bool) -> str:
    """Placeholder while prompts are queued; ``interrupts`` says that the first one can be sent at once."""
    return joined(
        Text("Up puts the last queued prompt back here")(),
        Text("Ctrl+Alt+Enter sends the first one now")() if interrupts else "",
    )


PROMPT_WAKES = Text("Ask the agent · Sending wakes the chat")
PROMPT_RESUMES = Text("Ask the agent · Sending resumes the chat")
"""Placeholder of an ended chat's prompt."""
ENDED = Text("The chat has ended")
SEND = Text("Send")
STOP = Text("Stop")
STOP_WITH_KEYS = Text("Stop (Escape twice, or Ctrl+C)")
"""Tooltip of the button that stops the turn."""
ESCAPE_AGAIN = Text("Press Escape again to stop this turn")
"""The line below the prompt after a first Escape."""


def keys_while_running(*, steers: bool, interrupts: bool) -> str:
    """The keys that send a prompt while a turn runs, and their effects."""
    return joined(
        Text("Enter queues the prompt until this turn ends")(),
        Text("Ctrl+Enter adds it to this turn")() if steers else "",
        Text("Ctrl+Alt+Enter stops this turn and sends it")() if interrupts else "",
    )


PERCENT = Text("{percent} %")
CONTEXT_USED = Text("{percent} % context")
TOKENS_USED = Text("{n:,} token", "{n:,} tokens")
TOKENS_OF = Text("{used:,} of {window:,} tokens")
TOKENS_OF_ALL_TURNS = Text("{n:,} token in all turns", "{n:,} tokens in all turns")


def cost(amount: float, currency: str) -> str:
    """The chat's cost as the agent reports it; with a subscription, the user does not pay it."""
    return Text("about {amount}, according to the agent")(amount=amount_words(amount, currency))


PROMPT_TOO_LARGE = Text("The prompt is too large. Save the text to a file, and add the file with @.")
COMPLETIONS = Text("Completions")
MORE_SETTINGS = Text("More settings")
SETTING = Text("{name}: {value}")

# An open request: what is asked, its buttons, why it cannot be allowed yet.
_QUESTION_CHARACTERS = 60
RUN = Text("Run")
"""Before the command."""
LINES = Text("{n:,} line", "{n:,} lines")
STEP_OF = Text("{number} of {count}")
"""Beside a question of a form with several."""
IN_DIRECTORY = Text("in {directory}")
OPTION_WITH_KEY = Text("{name} ({key})")
SHOW_EXACTLY = Text("Show exactly")
"""Button: show the command and the answers exactly as the agent states them."""
SHOW_SHORTENED = Text("Show shortened")
READ_TO_ALLOW = Text("Read it from its beginning to its end to allow it")
REQUEST_INCOMPLETE = Text("The agent did not report everything that would run. You can only decline this request.")
REQUEST_TOO_LONG = Text("What is too long to be read here is left out, and you can’t allow it.")
ANSWER_SENT = Text("Sending the answer…")
SEND_ANSWER = Text("Answer")
SAY_INSTEAD = Text("Say what to do instead")
MORE_ANSWERS, FEWER_ANSWERS = Text("More answers"), Text("Fewer answers")
MORE_QUESTIONS = Text("{count} more")
OPEN_NAMED = Text("Open {name}")
QUESTION_GONE = Text("It was answered or withdrawn meanwhile")


def lines_below(lines: int) -> str:
    """How much of what is asked is below what is shown."""
    return Text("{n:,} line below · Allow waits for the end", "{n:,} lines below · Allow waits for the end")(n=lines)


LINES_ABOVE = Text("More above · Allow waits for the beginning")
SCROLLS = Text("scrolls")
"""After the key that scrolls what is asked."""
TO_FIELD, SENDS = Text("Tab"), Text("Enter")
"""The keys in the field for words in place of a yes: outside of it, and in it."""
SPACE_KEY, PAGE_KEY, ESCAPE_KEY = Text("Space"), Text("Page Down"), Text("Esc")
NEXT_QUESTION, PREVIOUS_QUESTION = Text("Next"), Text("Back")
"""Buttons of a form with several questions."""
WITHDRAW_AND_STOP = Text("Withdraw, and stop the turn")
WITHDRAW_QUESTION = Text("Withdraw the question and stop the turn?")
WITHDRAW, KEEP_OPEN = Text("Withdraw"), Text("Keep it open")


def still_to_answer(question: str) -> str:
    shown = question if len(question) <= _QUESTION_CHARACTERS else f"{question[: _QUESTION_CHARACTERS - 1]}…"
    return Text("Still to answer: {question}")(question=shown)


SOMETHING_ELSE = Text("Something else")
"""In the field below suggested answers."""
YOUR_ANSWER = Text("Your answer")
YOUR_ANSWER_AS = Text("Your answer: {takes}")
TAKES = Text("“{question}” takes {takes}")

# The images of a prompt.
REMOVE_IMAGE = Text("Remove the image")
IMAGE = Text("Image")
ENLARGE_IMAGE = Text("Enlarge the image")
COPY_IMAGE = Text("Copy image")
SAVE_AS = Text("Save as…")
SAVE_IMAGE_AS = Text("Save image as…")
SAVE_IMAGE = Text("Save image")
"""The title of the dialog."""
IMAGE_SAVED = Text("Saved as {path}")
IMAGE_NOT_SAVED = Text("{path} can’t be saved: {reason}")


def about_image(width: int, height: int, mime: str, size: int) -> str:
    """A line about an image: its size in pixels, its format, and its size in bytes."""
    form = mime.partition("/")[2].upper()
    return Text("{width:,} × {height:,} · {form}, {size:,} KB")(
        width=width, height=height, form=form, size=max(size // 1024, 1)
    )


IMAGE_NOT_ATTACHED = Text("{name} is not attached: {reason}")
IMAGES_TOO_LARGE = Text("the images are too large for one prompt. Send this one with your next prompt")
TOO_MANY_IMAGES = Text("a prompt can have at most {count} images")
ATTACH_IMAGES = Text("Attach images…")
CHOOSE_IMAGES = Text("Attach images")
"""The title of the dialog."""
IMAGE_FILES = Text("Images ({patterns})")
"""The files that a dialog lists."""
SHOW_PICTURE = Text("Show")
"""At the name of a picture that the agent has written."""
IMAGE_NOT_SHOWN = Text("{path} can’t be shown: {reason}")
IMAGE_ELSEWHERE = Text("{path} is on {machine}. Open it there, or ask the agent to send the picture.")
NO_IMAGE = Text("it is not an image of a known type")
LARGER_THAN = Text("it is larger than {size} MB")
NO_IMAGES = Text("This agent does not accept images")
NOT_AN_IMAGE = Text("it is not an image that can be shown")

# The limits of the user's subscription, as an agent reported them.
_SAME_RESET_MS = 60_000
"""Agents round the time of a reset."""


def time_of(at_ms: int) -> str:
    """A time in milliseconds since 1970, with its date if that is another day."""
    return told_time(moment_of(at_ms), datetime.now(UTC))


def limit_line(resets_at: str, limits: Sequence[UsageLimit], account: str = "", *, continues: bool) -> str:
    """Which limit stopped a turn, and until when: "5-hour limit, until 15:00"; "" if that is not known.

    Args:
        resets_at: when it is reset, ISO 8601.
        limits: those that the agent has reported.
        account: whose they are; "" for the default account.
        continues: whether a prompt is to be sent then.
    """
    if (resets := parse_time(resets_at)) is None:
        return ""
    at_ms = resets.timestamp() * 1000
    near = [each for each in limits if abs(each.resets_ms - at_ms) < _SAME_RESET_MS]
    tightest = max(near, key=lambda each: each.used, default=UsageLimit("", 1.0))
    name = of_account(limit_name(tightest.window_min, tightest.name), account)
    text = Text("{limit}, until {time}")(limit=name, time=told_time(resets, datetime.now(UTC), with_date=True))
    return joined(text, Text("continues then")() if continues else "")


def continue_at(at: str) -> str:
    """The button that continues then, at a time in ISO 8601; "" if it is over."""
    due, now = parse_time(at), datetime.now(UTC)
    return "" if due is None or due <= now else Text("Continue at {time}…")(time=told_time(due, now))


def tomorrow_at_nine() -> str:
    """Button at a prompt that could not be sent in time."""
    return Text("Tomorrow {time}")(time=time_of_day(wanted_time(TOMORROW, datetime.now(UTC)).moment))


def later_line(prompt: LaterPrompt) -> tuple[str, str]:
    """The line of a prompt that is to be sent at a time: what is before its text, and the text."""
    due = parse_time(prompt.at)
    when = told_time(due, datetime.now(UTC)) if due is not None else ""
    text = one_line(prompt.text[:_LINE_CHARACTERS])
    match prompt.stage:
        case "late":
            return "", Text("Not sent in time: {time}. Send it now?")(time=when)
        case "missed":
            return Text("{time} not sent:")(time=when), one_line(prompt.why)
        case _:
            return when, joined(text, Text("waits: {reason}")(reason=one_line(prompt.why)) if prompt.why else "")


def limit_used(limit: UsageLimit, now: datetime) -> str:
    """How much of the limit is used: "5-hour limit 80 % · resets 14:30"."""
    text = Text("{limit} {percent} %")(limit=limit_name(limit.window_min, limit.name), percent=used_percent(limit.used))
    return joined(text, _resets(limit, now))


def all_limits_used(limits: list[UsageLimit], now: datetime) -> list[str]:
    """A line for each limit, and when the agent reported the last of them."""
    lines = []
    for limit in limits:
        name = limit_name(limit.window_min, limit.name)
        text = Text("{limit}: {percent} % used")(limit=name, percent=used_percent(limit.used))
        lines.append(joined(text, _resets(limit, now)))
    if at_ms := max((limit.at_ms for limit in limits), default=0):
        time = told_time(moment_of(at_ms), now)
        lines.append(Text("Limits as the agent reported them: {time}")(time=time))
    return lines


def _resets(limit: UsageLimit, now: datetime) -> str:
    if not limit.resets_ms:
        return ""
    return Text("resets {time}")(time=told_time(moment_of(limit.resets_ms), now))
