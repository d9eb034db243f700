"""Texts of a chat view: its messages, tool calls, requests, and the prompt box."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication

from session_host.protocol.untrusted_text import before_more

translate = QCoreApplication.translate

_MINUTE_MS = 60_000


# ---------------------------------------------------------------- messages


def messages() -> str:
    return translate("chat", "Messages")


def prompt_of_user() -> str:
    return translate("chat", "Your prompt")


def message_of_agent() -> str:
    return translate("chat", "The agent’s message")


def tool_call() -> str:
    return translate("chat", "Tool call")


def spoken(kind: str, text: str) -> str:
    return translate("chat", "{kind}: {text}").format(kind=kind, text=text)


def queued() -> str:
    return translate("chat", "Queued")


def sent() -> str:
    return translate("chat", "Sent; the agent has not confirmed it yet")


def unconfirmed() -> str:
    return translate("chat", "The agent ended before it confirmed this prompt")


def unsent() -> str:
    return translate("chat", "Not sent: the agent ended before")


def put_back() -> str:
    """Button at a queued prompt, and at one that was not sent."""
    return translate("chat", "Put back into the prompt")


def end_agent() -> str:
    """Button beside "The agent has not stopped yet"."""
    return translate("chat", "End the agent")


def not_accepted() -> str:
    return translate("chat", "The agent did not accept this prompt")


def withdrawn(prompt: str) -> str:
    """The line in place of a prompt that the user has removed from the queue."""
    if not prompt:
        return translate("chat", "Removed from the queue")
    return translate("chat", "Removed from the queue: {prompt}").format(prompt=prompt)


def send_now() -> str:
    """Button at a queued prompt: it stops the running turn, and sends the prompt."""
    return translate("chat", "Send now (stops this turn)")


def send_again() -> str:
    return translate("chat", "Send again")


def try_again() -> str:
    return translate("chat", "Try again")


def copy_answer() -> str:
    return translate("chat", "Copy this answer")


def copy_prompt() -> str:
    return translate("chat", "Copy this prompt")


def put_into_prompt() -> str:
    return translate("chat", "Put into the prompt")


def agent_ended_here() -> str:
    return translate("chat", "The agent ended here")


def interrupted() -> str:
    return translate("chat", "Interrupted")


def turn_failed(error: str) -> str:
    if not error:
        return translate("chat", "The turn failed")
    return translate("chat", "The turn failed: {error}").format(error=error)


def damaged(reason: str) -> str:
    return translate("chat", "The rest can’t be read: {reason}").format(reason=reason)


def prompt_without_text() -> str:
    """The text that stands for a prompt with images and no text."""
    return translate("chat", "Prompt without text")


def go_to_prompt(prompt: str) -> str:
    """The button above an answer for screen readers."""
    return translate("chat", "Go to the prompt: {prompt}").format(prompt=prompt)


def new_messages() -> str:
    return translate("chat", "New messages")


def scroll_to_end() -> str:
    return translate("chat", "Scroll to bottom")


def image(mime: str, size: int) -> str:
    return translate("chat", "Image ({mime}, {size} KB)").format(mime=mime, size=f"{max(size // 1024, 1):,}")


def copy_code() -> str:
    return translate("chat", "Copy this block")


def link(text: str) -> str:
    """The name of a link for screen readers."""
    return translate("chat", "Link: {text}").format(text=text)


def copy_as_markdown() -> str:
    return translate("chat", "Copy as Markdown")


# ---------------------------------------------------------------- tool calls


def thinking() -> str:
    return translate("chat", "Thinking…")


def thought(duration_ms: int) -> str:
    if duration_ms < 1000:
        return translate("chat", "Thought")
    return translate("chat", "Thought for {duration}").format(duration=duration(duration_ms))


def duration(milliseconds: int) -> str:
    if milliseconds < 100:
        return ""
    if milliseconds < 10_000:
        return translate("chat", "{seconds} s").format(seconds=f"{milliseconds / 1000:.1f}")
    if milliseconds < _MINUTE_MS:
        return translate("chat", "{seconds} s").format(seconds=milliseconds // 1000)
    minutes, rest_ms = divmod(milliseconds, _MINUTE_MS)
    return translate("chat", "{minutes} min {seconds} s").format(minutes=minutes, seconds=rest_ms // 1000)


def working() -> str:
    return translate("chat", "Working…")


def running() -> str:
    return translate("chat", "running…")


def waits() -> str:
    """State of a command that runs only if the user allows it."""
    return translate("chat", "waits for you")


def failed() -> str:
    return translate("chat", "failed")


def declined() -> str:
    return translate("chat", "declined")


def exit_code(code: int) -> str:
    return translate("chat", "exit {code}").format(code=code)


def joined(*facts: str) -> str:
    """Facts in one line; empty ones are left out."""
    return " · ".join(before_more(fact) for fact in facts if fact)


def edits(paths: list[str]) -> str:
    return translate("chat", "Edit {paths}").format(paths=", ".join(paths))


def tool(kind: str) -> str:
    return {
        "execute": translate("chat", "Command"),
        "edit": translate("chat", "Edit"),
        "read": translate("chat", "Read"),
        "search": translate("chat", "Search"),
        "fetch": translate("chat", "Fetch"),
        "delete": translate("chat", "Delete"),
        "move": translate("chat", "Move"),
        "think": translate("chat", "Think"),
    }.get(kind, translate("chat", "Tool"))


def unfold(title: str) -> str:
    return translate("chat", "Show details of {title}").format(title=title)


def fold(title: str) -> str:
    return translate("chat", "Hide details of {title}").format(title=title)


def output() -> str:
    return translate("chat", "Output")


def hidden_lines(count: int) -> str:
    return translate("chat", "{count} line(s) hidden", "", count).format(count=f"{count:,}")


def hidden_text() -> str:
    return translate("chat", "The middle is hidden")


def show_all() -> str:
    return translate("chat", "Show all")


def plan(done: int, count: int) -> str:
    return translate("chat", "Plan · {done} of {count} done").format(done=done, count=count)


def plan_step(done: int, count: int, step: str) -> str:
    """The step of the plan at which the agent is."""
    return translate("chat", "Plan · {done} of {count} · {step}").format(done=done, count=count, step=step)


def changed_files(count: int, lines: str) -> str:
    """The files that a chat has changed, and how many lines of them, such as "+12 −3"."""
    files = translate("chat", "{count} file(s) changed", "", count).format(count=f"{count:,}")
    return f"{files}  {lines}".rstrip()


def show_changes() -> str:
    """Menu item: opens the window with all changes of the chat's directory."""
    return translate("chat", "Changes")


def more_files(count: int) -> str:
    return translate("chat", "and {count} more file(s)", "", count).format(count=f"{count:,}")


def unknown_message() -> str:
    return translate("chat", "Unknown message")


# ---------------------------------------------------------------- requests; see also ``request_texts``


def asks() -> str:
    return translate("chat", "The agent asks")


def request_withdrawn() -> str:
    return translate("chat", "The agent’s request was withdrawn")


def answered(name: str, by: str, at_ms: int) -> str:
    where = {
        "window": translate("chat", "in the window"),
        "attach": translate("chat", "in a terminal"),
        "command": translate("chat", "from the command line"),
        "notification": translate("chat", "in a notification"),
    }.get(by, "")
    time = datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M") if at_ms else ""
    return joined(name, where, time)


# ---------------------------------------------------------------- prompt box


def prompt() -> str:
    return translate("chat", "Prompt")


def prompt_hint() -> str:
    return translate("chat", "Ask the agent · @ for files, / for commands")


def prompt_hint_with_queue(*, interrupts: bool) -> str:
    """Placeholder while prompts are queued; ``interrupts`` says that the first one can be sent at once."""
    return joined(
        translate("chat", "Ask the agent"),
        translate("chat", "Up puts the last queued prompt back here"),
        translate("chat", "Ctrl+Alt+Enter sends the first one now") if interrupts else "",
    )


def prompt_resumes() -> str:
    """Placeholder of an ended chat's prompt."""
    return translate("chat", "Ask the agent · Sending resumes the chat")


def ended() -> str:
    return translate("chat", "The chat has ended")


def send() -> str:
    return translate("chat", "Send")


def stop() -> str:
    return translate("chat", "Stop")


def stop_with_keys() -> str:
    """Tooltip of the button that stops the turn."""
    return translate("chat", "Stop (Escape twice, or Ctrl+C)")


def escape_again() -> str:
    """The line below the prompt after a first Escape."""
    return translate("chat", "Press Escape again to stop this turn")


def keys_while_running(*, steers: bool, interrupts: bool) -> str:
    """The keys that send a prompt while a turn runs, and their effects."""
    return joined(
        translate("chat", "Enter queues the prompt until this turn ends"),
        translate("chat", "Ctrl+Enter adds it to this turn") if steers else "",
        translate("chat", "Ctrl+Alt+Enter stops this turn and sends it") if interrupts else "",
    )


def waits_for_answer(*, from_prompt: bool) -> str:
    """The agent asks something, with the key that goes from the prompt to the question."""
    text = translate("chat", "The agent waits for your answer")
    return joined(text, translate("chat", "Shift+Tab goes to it") if from_prompt else "")


def context_used(percent: int) -> str:
    return translate("chat", "{percent} % context").format(percent=percent)


def tokens_used(count: int) -> str:
    return translate("chat", "{count} token(s)", "", count).format(count=f"{count:,}")


def tokens_of(used: int, window: int) -> str:
    return translate("chat", "{used} of {window} tokens").format(used=f"{used:,}", window=f"{window:,}")


def tokens_of_all_turns(count: int) -> str:
    return translate("chat", "{count} token(s) in all turns", "", count).format(count=f"{count:,}")


def cost(amount: float, currency: str) -> str:
    """The chat's cost as the agent reports it; with a subscription, the user does not pay it."""
    return translate("chat", "about {amount} {currency}, according to the agent").format(
        amount=f"{amount:,.2f}" if amount >= 0.01 else f"{amount:.4f}", currency=currency
    )


def prompt_too_large() -> str:
    return translate("chat", "The prompt is too large. Save the text to a file, and add the file with @.")


def completions() -> str:
    return translate("chat", "Completions")


def more_settings() -> str:
    return translate("chat", "More settings")


def setting(name: str, value: str) -> str:
    return translate("chat", "{name}: {value}").format(name=name, value=value)
