"""Texts of the other sheets, and of the guide window."""

from __future__ import annotations

from gui.wording.text import Text

STATUS_DETAILS = Text("sheet", "Status details")
LATEST_REPORTS = Text("sheet", "Latest reports")
HISTORY = Text("sheet", "History")
STATUS_OF = Text("sheet", "Status of {name}")
NO_REPORTS = Text("sheet", "No reports yet")
NO_CHANGES = Text("sheet", "No changes")
NO_CHANGES_YET = Text("sheet", "No changes yet")
OVERRIDDEN = Text("sheet", "Overridden by a more reliable source")
CANNOT_LOAD_STATUS = Text("sheet", "Can’t load the status: {error}")
EXPORT_CHAT = Text("sheet", "Export chat")
CHOOSE_FILE = Text("sheet", "Choose a file")
FILE = Text("sheet", "File")
PLAYS_IN_ASCIINEMA = Text("sheet", "plays in asciinema")
EXPORT = Text("sheet", "Export")
FORMAT = Text("sheet", "Format: {kind}")
FORMAT_LABEL = Text("sheet", "Format")
REPLACE = Text("sheet", "Replace")
ENTER_FILE_NAME = Text("sheet", "Enter a file name")
NO_SUCH_FOLDER = Text("sheet", "The directory {folder} doesn’t exist")
REPLACE_FILE = Text("sheet", "{path} already exists. Replace it?")
RENAME_CHAT = Text("sheet", "Rename chat")
RENAME = Text("sheet", "Rename")
ERROR_OUTPUT_OF = Text("sheet", "Error output of {name}")
LAST_KIB = Text("sheet", "Last {size} KiB")
NO_ERROR_OUTPUT = Text("sheet", "No error output")
CANNOT_READ_ERRORS = Text("sheet", "Can’t read the error output: {reason}")
RECORDED_TEXT = Text("sheet", "Recorded text")
RECORDING_OF = Text("sheet", "Recording of {name}")
RECORDED_HINT = Text("sheet", "This line is no longer in the terminal’s history. The recording around it:")
SEARCH_ALL_CHATS = Text("sheet", "Search all chats")
SEARCH_HINT = Text("sheet", "Words, and where or when: an agent, a project, “last week”")
RESULTS = Text("sheet", "Results")
NEWEST_LINES = Text("sheet", "Newest {count} lines")
SEND_TEXT = Text("sheet", "Send text")
CHOOSE_CHAT = Text("sheet", "Choose a chat")
TEXT = Text("sheet", "Text")
TEXT_TO_SEND = Text("sheet", "Text to send")
SEND_HINT = Text("sheet", "Ctrl+Enter sends the text followed by Enter")
SHOW_CHAT = Text("sheet", "Show chat")
SEND_ANYWAY = Text("sheet", "Send anyway")
SEND = Text("sheet", "Send")
SEND_TO_CHAT = Text("sheet", "Send to {name} ({mark}). Choose another chat")
SEVERAL_CHATS = Text("sheet", "{count} chats")
SEND_TO_SEVERAL = Text("sheet", "Send to {count} chats ({names}). Choose the chats")
CHOOSE_CHATS = Text("sheet", "Choose the chats")
CHOOSE_ANOTHER_CHAT = Text("sheet", "Choose another chat")
SEND_TO = Text("sheet", "Send to")
SENDING = Text("sheet", "Sending…")
TEXT_MIGHT_ANSWER = Text("sheet", "Not sent to {name}: {reason}. Your text might answer the question")
CANNOT_SEND = Text("sheet", "Can’t send to {name}: {reason}")
LINES = Text("sheet", "{n:,} line(s)")
INDEXED = Text("sheet", "{done:,} of {total:,} chats are indexed")
SEARCHING = Text("sheet", "Searching…")
SO_FAR = Text("sheet", "{lines} so far · {indexed}")


def more_in_this_chat(count: int, *, is_counted: bool) -> str:
    number = f"{count:,}" if is_counted else f"{count:,}+"
    return Text("sheet", "+{count} in this chat")(count=number)


IN_CHAT = Text("sheet", "In {name}: {lines} · Esc: all chats")
IMPORT = Text("sheet", "Import")
KINDS_OF_THEMES = Text("sheet", "A theme of kitty (.conf), Alacritty (.toml), Ghostty or Konsole (.colorscheme)")
FORMS = {
    ".html": Text("sheet", "Page"),
    ".txt": Text("sheet", "Text"),
    ".cast": Text("sheet", "Recording"),
    ".md": Text("sheet", "Markdown"),
    ".json": Text("sheet", "JSON"),
}
"""The titles of the export formats, by the file name's ending."""

# Resuming, ending and removing several chats at once.
RESUME_ALL = Text("several", "Resume all…")
NOTHING_INTERRUPTED = Text("several", "No chat was interrupted by a restart of the computer.")
NONE_CAN_BE_RESUMED = Text("several", "None of these chats can be resumed.")
"""None of the chats that are selected in the sidebar."""
NO_INTERRUPTED_CAN_BE_RESUMED = Text("several", "None of the interrupted chats can be resumed.")
SEVERAL_ENDED = Text("several", "{count} chats ended")
SOME_ENDED = Text("several", "{count} of {total} chats ended. Still running: {names}")
RESUME_THESE_CHATS = Text("several", "Resume these chats?")
CHAT_AGENT_AND_DIRECTORY = Text("several", "{name} · {agent} · {directory}")
SHELL_STARTS_AGAIN = Text("several", "{name} · shell, starts again in {directory}")
"""A shell in the list of chats that are to be resumed."""
SHELLS_BEGIN_ANEW = Text("several", "A shell begins below what it showed. No command runs by itself.")
"""Below the list of chats that are to be resumed, if there is a shell among them."""
NOT_RESUMED = Text("several", "Not resumed, because there is no conversation: {names}")
"""Chats that are left out when several are resumed."""
REMOVE_ENDED_CHATS = Text("several", "Remove ended chats")
OLDER_THAN = Text("several", "Older than")
FIRST_AGE = "90 days"
"""An age that ``session_host.client.sessions.selection.period`` reads."""
ANY_AGE = Text("several", "of any age")
NO_AGE = Text("several", "Write an age or a date: 90 days, 2 weeks, march, 2026-03-14.")
AGENT = Text("several", "Agent")
ALL_AGENTS = Text("several", "All agents")
PROJECT = Text("several", "Project")
ALL_PROJECTS = Text("several", "All projects")
COUNTING = Text("several", "Counting…")


def chosen_chats(count: int, size: str, pinned: int) -> str:
    """The number and size of the chosen chats, and the number of pinned ones, which stay."""
    text = Text("several", "{n:,} chat(s), {size}")(n=count, size=size) if count else ""
    stays = Text("several", "{n:,} pinned chat(s) stay(s)")(n=pinned) if pinned else ""
    return " · ".join(filter(None, (text or Text("several", "No such chats")(), stays)))


# Saved prompts.
INSERT_PROMPT = Text("prompts", "Insert a saved prompt")
"""Title of the list of saved prompts; also a button and a menu item."""
INSERT_PROMPT_MENU = Text("prompts", "Insert a saved prompt…")
SEARCH_PROMPTS = Text("prompts", "Search saved prompts")
NEW_PROMPT = Text("prompts", "New saved prompt…")
"""Last lines of the list."""
EDIT_PROMPT = Text("prompts", "Edit a saved prompt…")
SHOW_PROMPTS = Text("prompts", "Show saved prompts in file manager")
CHOOSE_PROMPT_TO_EDIT = Text("prompts", "Choose a prompt to open in your editor")
PROMPT_BROKEN = Text("prompts", "line {line}: {problem}")
"""Beside the name of a file that is no prompt."""
SAVE_PROMPT = Text("prompts", "Save prompt")
"""Title of the sheet."""
SAVE_PROMPT_MENU = Text("prompts", "Save this prompt…")
SAVE_PROMPT_BUTTON = Text("prompts", "Save")
REPLACE_PROMPT = Text("prompts", "Replace")
PROMPT = Text("prompts", "Prompt")
ONLY_FOR = Text("prompts", "Only for {agent}")
ONLY_IN = Text("prompts", "Only in {directory}")
PROMPT_EXISTS = Text("prompts", "There is a saved prompt “{name}”. Replace it?")
PROMPT_SAVED = Text("prompts", "Saved the prompt “{name}”")
OPEN_PROMPT_IN_EDITOR = Text("prompts", "Open in editor")
NO_RUNNING_CHAT = Text("prompts", "Open a running chat to insert a saved prompt")
NO_PROMPT_TO_SAVE = Text("prompts", "Write a prompt in a chat view to save it")

PROMPT_NAME_PROBLEMS = {
    "empty": Text("prompts", "Enter a name"),
    "slash": Text("prompts", "The name can’t contain “/”"),
    "dot": Text("prompts", "The name can’t begin with a dot"),
    "long": Text("prompts", "The name is too long"),
    "control": Text("prompts", "The name can’t contain control characters"),
}
EMPTY_PROMPT = Text("prompts", "Write the prompt")

# The guide window.
GUIDE_TITLE = Text("guide", "Guide — Outlive")
GUIDE_TITLE_OF = Text("guide", "{chapter} — Guide — Outlive")
"""The title of the window while it shows a chapter other than the first."""
GUIDE = Text("guide", "Guide")
SEARCH_GUIDE = Text("guide", "Search the guide")
KEY = Text("guide", "Key")
"""The heading of the keys in the table of actions."""
CHAPTERS = Text("guide", "Chapters")
