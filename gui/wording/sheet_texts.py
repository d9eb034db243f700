"""Texts of the other sheets, and of the guide."""

from __future__ import annotations

from gui.wording.text import Text

HAND_OVER, HAND_OVER_TO, HAND_OVER_IN, THIS_CHAT = Text("Hand over"), Text("To"), Text("In"), Text("This chat")
FIRST_PROMPT = Text("First prompt")
HANDED_FROM = Text("from {name}")
SAME_DIRECTORY = Text("the same directory, {directory}")
SAME_BRANCH = Text("the same directory, {directory}, branch {branch}")
STAYS = Text("stays as it is, and names the new one; it does not continue by itself")
WORKS_ON = Text("works on in the same files: stop it first, unless you want both")
READING_CONVERSATION = Text("Reading the conversation…")
NOBODY_TAKES_OVER = Text("No other agent is installed, and this one has no other account.")
NOTHING_IS_SENT = Text("Nothing is sent before Enter.")
NOTHING_SENT = Text(
    "Nothing is sent before Enter; Shift+Enter begins a new line. "
    "The text, and what the agent reads, then go to the company behind {agent}."
)
START, START_AGENT = Text("Start"), Text("Start {agent}")
STATUS_DETAILS = Text("Status details")
LATEST_REPORTS = Text("Latest reports")
HISTORY = Text("History")
STATUS_OF = Text("Status of {name}")
NO_REPORTS = Text("No reports yet")
NO_CHANGES = Text("No changes")
NO_CHANGES_YET = Text("No changes yet")
OVERRIDDEN = Text("Overridden by a more reliable source")
CANNOT_LOAD_STATUS = Text("Can’t load the status: {error}")
EXPORT_CHAT = Text("Export chat")
CHOOSE_FILE = Text("Choose a file")
FILE = Text("File")
PLAYS_IN_ASCIINEMA = Text("plays in asciinema")
EXPORT = Text("Export")
FORMAT = Text("Format: {kind}")
FORMAT_LABEL = Text("Format")
REPLACE = Text("Replace")
ENTER_FILE_NAME = Text("Enter a file name")
NO_SUCH_FOLDER = Text("The directory {folder} doesn’t exist")
REPLACE_FILE = Text("{path} already exists. Replace it?")
RENAME_CHAT = Text("Rename chat")
RENAME = Text("Rename")
ERROR_OUTPUT_OF = Text("Error output of {name}")
LAST_KIB = Text("Last {size} KiB")
NO_ERROR_OUTPUT = Text("No error output")
CANNOT_READ_ERRORS = Text("Can’t read the error output: {reason}")
RECORDED_TEXT = Text("Recorded text")
RECORDING_OF = Text("Recording of {name}")
RECORDED_HINT = Text("This line is no longer in the terminal’s history. The recording around it:")
SEARCH_ALL_CHATS = Text("Search all chats")
SEARCH_HINT = Text("Words, and where or when: an agent, a project, “last week”")
RESULTS = Text("Results")
NEWEST_LINES = Text("Newest {count} lines")
SEND_TEXT = Text("Send text")
CHOOSE_CHAT = Text("Choose a chat")
TEXT = Text("Text")
TEXT_TO_SEND = Text("Text to send")
SEND_HINT = Text("Ctrl+Enter sends the text followed by Enter")
SET_HINT = Text("Ctrl+Enter sets it")
AT = Text("At")
NOW_OR_AT = Text("Now, or 15:00, tomorrow 9:00, sat 15:00")
"""In the empty field for the time."""
SET = Text("Set")
FIRST_OF_TWO = Text("{time}, the first of two")
LATER_RULES = Text("Sent once, if nothing is asked, typed or in the prompt box, and not more than an hour late.")
CONTINUE_RULES = Text(
    "Sent only if nobody wrote since, nothing is asked, typed or in the prompt box, and not more than an hour late."
)


def wanted(time: str, *, is_first_of_two: bool) -> str:
    """The time that a user has written, as it is understood."""
    return FIRST_OF_TWO(time=time) if is_first_of_two else time


SHOW_CHAT = Text("Show chat")
SEND_ANYWAY = Text("Send anyway")
SEND = Text("Send")
SEND_TO_CHAT = Text("Send to {name} ({mark}). Choose another chat")
SEVERAL_CHATS = Text("{count} chats")
SEND_TO_SEVERAL = Text("Send to {count} chats ({names}). Choose the chats")
CHOOSE_CHATS = Text("Choose the chats")
CHOOSE_ANOTHER_CHAT = Text("Choose another chat")
SEND_TO = Text("Send to")
SENDING = Text("Sending…")
TEXT_MIGHT_ANSWER = Text("Not sent to {name}: {reason}. Your text might answer the question")
CANNOT_SEND = Text("Can’t send to {name}: {reason}")
LINES = Text("{n:,} line", "{n:,} lines")
INDEXED = Text("{done:,} of {total:,} chats are indexed")
SEARCHING = Text("Searching…")
SO_FAR = Text("{lines} so far · {indexed}")


def more_in_this_chat(count: int, *, is_counted: bool) -> str:
    number = f"{count:,}" if is_counted else f"{count:,}+"
    return Text("+{count} in this chat")(count=number)


IN_CHAT = Text("In {name}: {lines} · Esc: all chats")
IMPORT = Text("Import")
KINDS_OF_THEMES = Text("A theme of kitty (.conf), Alacritty (.toml), Ghostty or Konsole (.colorscheme)")
FORMS = {
    ".md": Text("Markdown"),
    ".html": Text("Page"),
    ".txt": Text("Text"),
    ".cast": Text("Recording"),
    ".json": Text("JSON"),
}
"""The titles of the export formats in the order in which they are shown, by the file name's ending."""

# Resuming, ending and removing several chats at once.
RESUME_ALL = Text("Resume all…")
NOTHING_INTERRUPTED = Text("No chat was interrupted by a restart of the computer.")
NONE_CAN_BE_RESUMED = Text("None of these chats can be resumed.")
"""None of the chats that are selected in the sidebar."""
NO_INTERRUPTED_CAN_BE_RESUMED = Text("None of the interrupted chats can be resumed.")
SEVERAL_ENDED = Text("{count} chats ended")
SOME_ENDED = Text("{count} of {total} chats ended. Still running: {names}")
RESUME_THESE_CHATS = Text("Resume these chats?")
CHAT_AGENT_AND_DIRECTORY = Text("{name} · {agent} · {directory}")
SHELL_STARTS_AGAIN = Text("{name} · shell, starts again in {directory}")
"""A shell in the list of chats that are to be resumed."""
SHELLS_BEGIN_ANEW = Text("A shell begins below what it showed. No command runs by itself.")
"""Below the list of chats that are to be resumed, if there is a shell among them."""
NOT_RESUMED = Text("Not resumed, because there is no conversation: {names}")
"""Chats that are left out when several are resumed."""
REMOVE_ENDED_CHATS = Text("Remove ended chats")
OLDER_THAN = Text("Older than")
FIRST_AGE = "90 days"
"""An age that ``session_host.client.sessions.selection.period`` reads."""
ANY_AGE = Text("of any age")
NO_AGE = Text("Write an age or a date: 90 days, 2 weeks, march, 2026-03-14.")
AGENT = Text("Agent")
ALL_AGENTS = Text("All agents")
PROJECT = Text("Project")
ALL_PROJECTS = Text("All projects")
COUNTING = Text("Counting…")


def chosen_chats(count: int, size: str, pinned: int) -> str:
    """The number and size of the chosen chats, and the number of pinned ones, which stay."""
    text = Text("{n:,} chat, {size}", "{n:,} chats, {size}")(n=count, size=size) if count else ""
    stays = Text("{n:,} pinned chat stays", "{n:,} pinned chats stay")(n=pinned) if pinned else ""
    return " · ".join(filter(None, (text or Text("No such chats")(), stays)))


# Saved prompts.
INSERT_PROMPT = Text("Insert a saved prompt")
"""Title of the list of saved prompts; also a button and a menu item."""
INSERT_PROMPT_MENU = Text("Insert a saved prompt…")
SEARCH_PROMPTS = Text("Search saved prompts")
NEW_PROMPT = Text("New saved prompt…")
"""Last lines of the list."""
EDIT_PROMPT = Text("Edit a saved prompt…")
SHOW_PROMPTS = Text("Show saved prompts in file manager")
CHOOSE_PROMPT_TO_EDIT = Text("Choose a prompt to open in your editor")
PROMPT_BROKEN = Text("line {line}: {problem}")
"""Beside the name of a file that is no prompt."""
SAVE_PROMPT = Text("Save prompt")
"""Title of the sheet."""
SAVE_PROMPT_MENU = Text("Save this prompt…")
SAVE_PROMPT_BUTTON = Text("Save")
REPLACE_PROMPT = Text("Replace")
PROMPT = Text("Prompt")
ONLY_FOR = Text("Only for {agent}")
ONLY_IN = Text("Only in {directory}")
PROMPT_EXISTS = Text("There is a saved prompt “{name}”. Replace it?")
PROMPT_SAVED = Text("Saved the prompt “{name}”")
OPEN_PROMPT_IN_EDITOR = Text("Open in editor")
NO_RUNNING_CHAT = Text("Open a running chat to insert a saved prompt")
NO_PROMPT_TO_SAVE = Text("Write a prompt in a chat view to save it")

PROMPT_NAME_PROBLEMS = {
    "empty": Text("Enter a name"),
    "slash": Text("The name can’t contain “/”"),
    "dot": Text("The name can’t begin with a dot"),
    "long": Text("The name is too long"),
    "control": Text("The name can’t contain control characters"),
}
EMPTY_PROMPT = Text("Write the prompt")

# The guide.
GUIDE_TITLE = Text("Guide — Outlive")
GUIDE_TITLE_OF = Text("{chapter} — Guide — Outlive")
"""The title of the window while it shows a chapter other than the first."""
GUIDE = Text("Guide")
SEARCH_GUIDE = Text("Search the guide")
KEY = Text("Key")
"""The heading of the keys in the table of actions."""
CHAPTERS = Text("Chapters")
