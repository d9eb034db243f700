"""Texts of the sheets that start a chat: a new one, an earlier conversation, a fork."""

from __future__ import annotations

from gui.wording.text import Text
from session_host.protocol.untrusted_text import one_line

AGENT = Text("Agent")
AGENT_MISSING = Text("{agent}, not installed")
NOT_INSTALLED = Text("{agent} isn’t installed")


def about(name: str, title: str) -> str:
    """Describes the catalog's entry ``name`` if it is not an agent: a model, a shell, a program; else its ``title``."""
    match name:
        case "endpoint":
            return Text("A model behind an OpenAI-compatible server, your own or a provider’s")()
        case "shell":
            return Text("Your shell in a terminal")()
        case "command":
            return Text("Any program in a terminal")()
    return title


MACHINE = Text("Machine")
THIS_MACHINE = Text("This machine")
CANNOT_BE_REACHED = Text("Can’t be reached now: {reason}")
LOOKING_FOR_AGENTS = Text("Looking for agents on {machine}…")
FILES_ARE_HERE = Text("This file is on this machine. Drop it on the chat when it runs: then it is copied to {machine}.")
DIRECTORIES = Text("Directories")
CHOOSE_THIS_DIRECTORY = Text("Choose “{name}”")
CHOOSE_DIRECTORY = Text("Choose a directory")
BROWSE = Text("Browse…")
CANNOT_OPEN_DIRECTORY = Text("Can’t open {path}: {reason}")
CANNOT_CREATE_DIRECTORY = Text("Can’t create {path}: {reason}")
DIRECTORY = Text("Directory")
NAME_IS_TAKEN = Text("A running chat is named “{name}”. This one will be “{free}”.")
FIRST_PROMPT = Text("First prompt")
OPTIONAL = Text("Optional")
VARIABLE_EXAMPLE = Text("NAME=value …")
MORE_OPTIONS = Text("More options")
MORE_OPTIONS_HINT = Text("More options: arguments, worktree, environment")
CREATE_DIRECTORY = Text("Create directory")
START = Text("Start")
ACCOUNT = Text("Account")
DEFAULT_ACCOUNT = Text("Default")
MODEL = Text("Model")
SERVER = Text("Server")
ARGUMENTS = Text("Arguments")
PRESETS = Text("Presets")
WORKTREE = Text("Worktree")
ENVIRONMENT = Text("Environment")
COMMAND = Text("Command")
COMMAND_EXAMPLE = Text("Program and arguments")
NONE = Text("none")
FEWER_OPTIONS = Text("Fewer options")
CHOOSE_AGENT = Text("Choose an agent")
ENTER_COMMAND = Text("Enter a command")
MODEL_FROM_SERVER = Text("Empty: the server’s only model")
ENTER_ADDRESS = Text("Enter the server’s API address")
INVALID_ADDRESS = Text("This is not a server’s address. Write it like {example}, without user name and password")
SHOW_AS = Text("Show as")
"""Label of the choice between terminal and chat view."""
AS_TERMINAL = Text("Terminal")
"""Choice: the agent's own screen."""
AS_TERMINAL_HINT = Text("The agent’s own screen")
"""Tooltip of the terminal's choice."""
AS_CHAT = Text("Chat view")
"""Choice: a chat view."""
AS_CHAT_HINT = Text("The agent’s messages, tool calls and questions, as a page")
"""Tooltip of the chat view's choice."""
USE_WORKTREE = Text("Use a separate git worktree")
SETUP_COMMAND = Text("Setup command for new worktrees of this repository")
SETUP_EXAMPLE = Text("Setup command, such as npm ci (optional)")
SETUP_HINT = Text("Runs in each new worktree of this repository, before the agent starts")
USE_WORKTREE_HINT = Text("The chat works on its own branch, in its own copy of the files")
BRANCH = Text("Branch")
NEW_BRANCH = Text("New branch named after the chat")
INSTALL_COMMAND = Text("Install command")
PRESET = Text("Preset {name}")
NO_REPOSITORY = Text("Not a git repository")
NEW_BRANCH_FROM = Text("New branch from {start}, named after the chat")
INSTALL = Text("Install")
INSTALL_HINT = Text("Runs this command in a chat of its own")
"""Tooltip of the button that installs an agent."""
INSTALLATION_NAME = Text("install {agent}")
"""The name of the chat that installs an agent."""
INSTALL_WITH = Text("Install it with:")
SEE = Text("See {address}")
HOW_TO_INSTALL = Text("{agent} isn’t installed ({executable} not found). {how}")
WRONG_VARIABLE = Text("Environment: write {name} as NAME=value")
MAKING_WORKTREE = Text("git checks out the worktree, and runs its hooks. Escape or Cancel stops it.")
NOT_A_DIRECTORY = Text("{path} is not a directory")
NO_SUCH_DIRECTORY = Text("{path} does not exist")
DISK_DOES_NOT_ANSWER = Text("The disk of {path} does not answer. Is it on a network?")

# The list of an agent's earlier conversations.
CONVERSATION = Text("Conversation")
CONTINUE_HINT = Text("Choose an earlier conversation, also one from another terminal")
CONVERSATIONS = Text("Conversations")
SEARCH_CONVERSATIONS = Text("Search conversations of {agent}")
READING_CONVERSATIONS = Text("Reading conversations…")
THIS_CHAT = Text("This chat")
"""The heading above what can be done with the chat at hand."""
SLEEPS_HERE = Text("Asleep here; a text wakes it")
RESUMES_HERE = Text("Resumes this chat")
STARTS_AGAIN = Text("Starts again, below what it showed")
"""Of an ended shell."""
RUNS_HERE = Text("Runs in this chat")
SAME_OPTIONS = Text("{agent} in {directory}, with the same options")
ANOTHER_AGENT = Text("Another agent…")
COPY_COMMAND = Text("Copy resume command (Ctrl+C)")
"""A button; the key works in the list, too."""
IN_DIRECTORY = Text("In {directory}")
IN_OTHER_DIRECTORIES = Text("In other directories")
UNTITLED = Text("Untitled")
RUNNING_IN = Text("Runs in the chat {chat}")
WAS_IN = Text("Was in the chat {chat}")
NO_CONVERSATIONS = Text("No conversations of {agent}")
NO_OTHER_CONVERSATIONS = Text("No other conversations of {agent}")
NO_CONVERSATIONS_HERE = Text("No conversations in this directory")
CONVERSATION_COUNTS = Text("{here:,} here, {elsewhere:,} in other directories")
WITHOUT_OLDER = Text("{summary} · older ones are not listed")
ONLY_NEWEST = Text("The newest {shown:,} of {count:,}; type to find others")
CONTINUE_ANYWAY = Text("Continue anyway")
CANNOT_LIST_CONVERSATIONS = Text("Can’t list the conversations of {agent}: {error}")
NO_AGENT_WITH_CONVERSATIONS = Text("No installed agent has conversations that can be listed")
TAKES_NO_PROMPT = Text(
    "{agent} cannot start an earlier conversation with a prompt: clear the field, and send the prompt later",
)

# Forks of chats.
FORK_CHARACTERS = 200
"""A longer prompt is cut in a row."""
BEFORE_THIS_PROMPT = Text("Fork before this prompt")
"""Item of a prompt's context menu."""
CHOOSE_FORK = Text("Fork from the end, or before a prompt")
"""The placeholder above the list."""
FROM_THE_END = Text("From the end")
WHOLE_CONVERSATION = Text("the whole conversation")
"""The detail of ``FROM_THE_END``."""


def fork_row(prompt: str) -> str:
    """A prompt in the list: the fork ends before it."""
    text = one_line(prompt)[:FORK_CHARACTERS] or Text("(images only)")()
    return Text("Before “{prompt}”")(prompt=text)


NO_PROMPTS = Text("This chat has no prompts yet.")
CANNOT_FORK = Text("Can’t fork {reason}")
FORKED_BEFORE = Text("This chat has the conversation before this prompt. Edit the prompt and send it.")
"""After a fork before a prompt."""
FILES_CHANGED = Text(
    "Edit the prompt and send it. Since it was first sent, {n:,} file changed.",
    "Edit the prompt and send it. Since it was first sent, {n:,} files changed.",
)
"""After a fork before a prompt: files differ from those before it."""
