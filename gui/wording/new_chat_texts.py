"""Texts of the sheets that start a chat: a new one, an earlier conversation, a fork."""

from __future__ import annotations

from gui.wording.text import Text
from session_host.protocol.untrusted_text import one_line

AGENT = Text("new_chat", "Agent")
AGENT_MISSING = Text("new_chat", "{agent}, not installed")
NOT_INSTALLED = Text("new_chat", "{agent} isn’t installed")


def about(name: str, title: str) -> str:
    """Describes the catalog's entry ``name`` if it is not an agent: a model, a shell, a program; else its ``title``."""
    match name:
        case "endpoint":
            return Text("new_chat", "A model behind an OpenAI-compatible server, your own or a provider’s")()
        case "shell":
            return Text("new_chat", "Your shell in a terminal")()
        case "command":
            return Text("new_chat", "Any program in a terminal")()
    return title


MACHINE = Text("new_chat", "Machine")
THIS_MACHINE = Text("new_chat", "This machine")
CANNOT_BE_REACHED = Text("new_chat", "Can’t be reached now: {reason}")
LOOKING_FOR_AGENTS = Text("new_chat", "Looking for agents on {machine}…")
FILES_ARE_HERE = Text(
    "new_chat", "This file is on this machine. Drop it on the chat when it runs: then it is copied to {machine}."
)
DIRECTORIES = Text("new_chat", "Directories")
CHOOSE_THIS_DIRECTORY = Text("new_chat", "Choose “{name}”")
CHOOSE_DIRECTORY = Text("new_chat", "Choose a directory")
BROWSE = Text("new_chat", "Browse…")
CANNOT_OPEN_DIRECTORY = Text("new_chat", "Can’t open {path}: {reason}")
CANNOT_CREATE_DIRECTORY = Text("new_chat", "Can’t create {path}: {reason}")
DIRECTORY = Text("new_chat", "Directory")
NAME_IS_TAKEN = Text("new_chat", "A running chat is named “{name}”. This one will be “{free}”.")
FIRST_PROMPT = Text("new_chat", "First prompt")
OPTIONAL = Text("new_chat", "Optional")
VARIABLE_EXAMPLE = Text("new_chat", "NAME=value …")
MORE_OPTIONS = Text("new_chat", "More options")
MORE_OPTIONS_HINT = Text("new_chat", "More options: arguments, worktree, environment")
CREATE_DIRECTORY = Text("new_chat", "Create directory")
START = Text("new_chat", "Start")
MODEL = Text("new_chat", "Model")
SERVER = Text("new_chat", "Server")
ARGUMENTS = Text("new_chat", "Arguments")
PRESETS = Text("new_chat", "Presets")
WORKTREE = Text("new_chat", "Worktree")
ENVIRONMENT = Text("new_chat", "Environment")
COMMAND = Text("new_chat", "Command")
COMMAND_EXAMPLE = Text("new_chat", "Program and arguments")
NONE = Text("new_chat", "none")
FEWER_OPTIONS = Text("new_chat", "Fewer options")
CHOOSE_AGENT = Text("new_chat", "Choose an agent")
ENTER_COMMAND = Text("new_chat", "Enter a command")
MODEL_FROM_SERVER = Text("new_chat", "Empty: the server’s only model")
ENTER_ADDRESS = Text("new_chat", "Enter the server’s API address")
INVALID_ADDRESS = Text(
    "new_chat", "This is not a server’s address. Write it like {example}, without user name and password"
)
SHOW_AS = Text("new_chat", "Show as")
"""Label of the choice between terminal and chat view."""
AS_TERMINAL = Text("new_chat", "Terminal")
"""Choice: the agent's own screen."""
AS_TERMINAL_HINT = Text("new_chat", "The agent’s own screen")
"""Tooltip of the terminal's choice."""
AS_CHAT = Text("new_chat", "Chat view")
"""Choice: a chat view."""
AS_CHAT_HINT = Text("new_chat", "The agent’s messages, tool calls and questions, as a page")
"""Tooltip of the chat view's choice."""
USE_WORKTREE = Text("new_chat", "Use a separate git worktree")
SETUP_COMMAND = Text("new_chat", "Setup command for new worktrees of this repository")
SETUP_EXAMPLE = Text("new_chat", "Setup command, such as npm ci (optional)")
SETUP_HINT = Text("new_chat", "Runs in each new worktree of this repository, before the agent starts")
USE_WORKTREE_HINT = Text("new_chat", "The chat works on its own branch, in its own copy of the files")
BRANCH = Text("new_chat", "Branch")
NEW_BRANCH = Text("new_chat", "New branch named after the chat")
INSTALL_COMMAND = Text("new_chat", "Install command")
PRESET = Text("new_chat", "Preset {name}")
NO_REPOSITORY = Text("new_chat", "Not a git repository")
NEW_BRANCH_FROM = Text("new_chat", "New branch from {start}, named after the chat")
INSTALL = Text("new_chat", "Install")
INSTALL_HINT = Text("new_chat", "Runs this command in a chat of its own")
"""Tooltip of the button that installs an agent."""
INSTALLATION_NAME = Text("new_chat", "install {agent}")
"""The name of the chat that installs an agent."""
INSTALL_WITH = Text("new_chat", "Install it with:")
SEE = Text("new_chat", "See {address}")
HOW_TO_INSTALL = Text("new_chat", "{agent} isn’t installed ({executable} not found). {how}")
WRONG_VARIABLE = Text("new_chat", "Environment: write {name} as NAME=value")
MAKING_WORKTREE = Text("new_chat", "git checks out the worktree, and runs its hooks. Escape or Cancel stops it.")
NOT_A_DIRECTORY = Text("new_chat", "{path} is not a directory")
NO_SUCH_DIRECTORY = Text("new_chat", "{path} does not exist")
DISK_DOES_NOT_ANSWER = Text("new_chat", "The disk of {path} does not answer. Is it on a network?")

# The list of an agent's earlier conversations.
CONVERSATION = Text("conversations", "Conversation")
CONTINUE_HINT = Text("conversations", "Choose an earlier conversation, also one from another terminal")
CONVERSATIONS = Text("conversations", "Conversations")
SEARCH_CONVERSATIONS = Text("conversations", "Search conversations of {agent}")
READING_CONVERSATIONS = Text("conversations", "Reading conversations…")
THIS_CHAT = Text("conversations", "This chat")
"""The heading above what can be done with the chat at hand."""
RESUMES_HERE = Text("conversations", "Resumes this chat")
STARTS_AGAIN = Text("conversations", "Starts again, below what it showed")
"""Of an ended shell."""
RUNS_HERE = Text("conversations", "Runs in this chat")
SAME_OPTIONS = Text("conversations", "{agent} in {directory}, with the same options")
ANOTHER_AGENT = Text("conversations", "Another agent…")
COPY_COMMAND = Text("conversations", "Copy resume command (Ctrl+C)")
"""A button; the key works in the list, too."""
IN_DIRECTORY = Text("conversations", "In {directory}")
IN_OTHER_DIRECTORIES = Text("conversations", "In other directories")
UNTITLED = Text("conversations", "Untitled")
RUNNING_IN = Text("conversations", "Runs in the chat {chat}")
WAS_IN = Text("conversations", "Was in the chat {chat}")
NO_CONVERSATIONS = Text("conversations", "No conversations of {agent}")
NO_OTHER_CONVERSATIONS = Text("conversations", "No other conversations of {agent}")
NO_CONVERSATIONS_HERE = Text("conversations", "No conversations in this directory")
CONVERSATION_COUNTS = Text("conversations", "{here:,} here, {elsewhere:,} in other directories")
WITHOUT_OLDER = Text("conversations", "{summary} · older ones are not listed")
ONLY_NEWEST = Text("conversations", "The newest {shown:,} of {count:,}; type to find others")
CONTINUE_ANYWAY = Text("conversations", "Continue anyway")
CANNOT_LIST_CONVERSATIONS = Text("conversations", "Can’t list the conversations of {agent}: {error}")
NO_AGENT_WITH_CONVERSATIONS = Text("conversations", "No installed agent has conversations that can be listed")
TAKES_NO_PROMPT = Text(
    "conversations",
    "{agent} cannot start an earlier conversation with a prompt: clear the field, and send the prompt later",
)

# Forks of chats.
FORK_CHARACTERS = 200
"""A longer prompt is cut in a row."""
BEFORE_THIS_PROMPT = Text("fork", "Fork before this prompt")
"""Item of a prompt's context menu."""
CHOOSE_FORK = Text("fork", "Fork from the end, or before a prompt")
"""The placeholder above the list."""
FROM_THE_END = Text("fork", "From the end")
WHOLE_CONVERSATION = Text("fork", "the whole conversation")
"""The detail of ``FROM_THE_END``."""


def fork_row(prompt: str) -> str:
    """A prompt in the list: the fork ends before it."""
    text = one_line(prompt)[:FORK_CHARACTERS] or Text("fork", "(images only)")()
    return Text("fork", "Before “{prompt}”")(prompt=text)


NO_PROMPTS = Text("fork", "This chat has no prompts yet.")
CANNOT_FORK = Text("fork", "Can’t fork {reason}")
FORKED_BEFORE = Text("fork", "This chat has the conversation before this prompt. Edit the prompt and send it.")
"""After a fork before a prompt."""
FILES_CHANGED = Text("fork", "Edit the prompt and send it. Since it was first sent, {n:,} file(s) changed.")
"""After a fork before a prompt: files differ from those before it."""
