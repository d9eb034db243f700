"""Texts of the sheet that starts a chat."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def agent() -> str:
    return translate("new_chat", "Agent")


def agent_missing(agent: str) -> str:
    return translate("new_chat", "{agent}, not installed").format(agent=agent)


def not_installed(agent: str) -> str:
    return translate("new_chat", "{agent} isn’t installed").format(agent=agent)


def about(name: str, title: str) -> str:
    """Describes the catalog's entry ``name`` if it is not an agent: a model, a shell, a program; else its ``title``."""
    match name:
        case "endpoint":
            return translate("new_chat", "A model behind an OpenAI-compatible server, your own or a provider’s")
        case "shell":
            return translate("new_chat", "Your shell in a terminal")
        case "command":
            return translate("new_chat", "Any program in a terminal")
    return title


def directories() -> str:
    return translate("new_chat", "Directories")


def choose_this_directory(name: str) -> str:
    return translate("new_chat", "Choose “{name}”").format(name=name)


def choose_directory() -> str:
    return translate("new_chat", "Choose a directory")


def browse() -> str:
    return translate("new_chat", "Browse…")


def cannot_open_directory(path: object, reason: object) -> str:
    return translate("new_chat", "Can’t open {path}: {reason}").format(path=path, reason=reason)


def cannot_create_directory(path: object, reason: object) -> str:
    return translate("new_chat", "Can’t create {path}: {reason}").format(path=path, reason=reason)


def directory() -> str:
    return translate("new_chat", "Directory")


def name_is_taken(name: str, free: str) -> str:
    return translate("new_chat", "A running chat is named “{name}”. This one will be “{free}”.").format(
        name=name, free=free
    )


def first_prompt() -> str:
    return translate("new_chat", "First prompt")


def optional() -> str:
    return translate("new_chat", "Optional")


def variable_example() -> str:
    return translate("new_chat", "NAME=value …")


def more_options() -> str:
    return translate("new_chat", "More options")


def more_options_hint() -> str:
    return translate("new_chat", "More options: arguments, worktree, environment")


def create_directory() -> str:
    return translate("new_chat", "Create directory")


def start() -> str:
    return translate("new_chat", "Start")


def model() -> str:
    return translate("new_chat", "Model")


def server() -> str:
    return translate("new_chat", "Server")


def arguments() -> str:
    return translate("new_chat", "Arguments")


def presets() -> str:
    return translate("new_chat", "Presets")


def worktree() -> str:
    return translate("new_chat", "Worktree")


def environment() -> str:
    return translate("new_chat", "Environment")


def command() -> str:
    return translate("new_chat", "Command")


def command_example() -> str:
    return translate("new_chat", "Program and arguments")


def none() -> str:
    return translate("new_chat", "none")


def fewer_options() -> str:
    return translate("new_chat", "Fewer options")


def choose_agent() -> str:
    return translate("new_chat", "Choose an agent")


def enter_command() -> str:
    return translate("new_chat", "Enter a command")


def model_from_server() -> str:
    return translate("new_chat", "Empty: the server’s only model")


def enter_address() -> str:
    return translate("new_chat", "Enter the server’s API address")


def invalid_address(example: str) -> str:
    text = translate(
        "new_chat", "This is not a server’s address. Write it like {example}, without user name and password"
    )
    return text.format(example=example)


def show_as() -> str:
    """Label of the choice between terminal and chat view."""
    return translate("new_chat", "Show as")


def as_terminal() -> str:
    """Choice: the agent's own screen."""
    return translate("new_chat", "Terminal")


def as_terminal_hint() -> str:
    """Tooltip of the terminal's choice."""
    return translate("new_chat", "The agent’s own screen")


def as_chat() -> str:
    """Choice: a chat view."""
    return translate("new_chat", "Chat view")


def as_chat_hint() -> str:
    """Tooltip of the chat view's choice."""
    return translate("new_chat", "The agent’s messages, tool calls and questions, as a page")


def use_worktree() -> str:
    return translate("new_chat", "Use a separate git worktree")


def setup_command() -> str:
    return translate("new_chat", "Setup command for new worktrees of this repository")


def setup_example() -> str:
    return translate("new_chat", "Setup command, such as npm ci (optional)")


def setup_hint() -> str:
    return translate("new_chat", "Runs in each new worktree of this repository, before the agent starts")


def use_worktree_hint() -> str:
    return translate("new_chat", "The chat works on its own branch, in its own copy of the files")


def branch() -> str:
    return translate("new_chat", "Branch")


def new_branch() -> str:
    return translate("new_chat", "New branch named after the chat")


def install_command() -> str:
    return translate("new_chat", "Install command")


def preset(name: str) -> str:
    return translate("new_chat", "Preset {name}").format(name=name)


def no_repository() -> str:
    return translate("new_chat", "Not a git repository")


def new_branch_from(start: str) -> str:
    return translate("new_chat", "New branch from {start}, named after the chat").format(start=start)


def install() -> str:
    return translate("new_chat", "Install")


def install_hint() -> str:
    """Tooltip of the button that installs an agent."""
    return translate("new_chat", "Runs this command in a chat of its own")


def installation_name(agent: str) -> str:
    """The name of the chat that installs an agent."""
    return translate("new_chat", "install {agent}").format(agent=agent)


def install_with() -> str:
    return translate("new_chat", "Install it with:")


def see(address: str) -> str:
    return translate("new_chat", "See {address}").format(address=address)


def how_to_install(agent: str, executable: str, how: str) -> str:
    return translate("new_chat", "{agent} isn’t installed ({executable} not found). {how}").format(
        agent=agent, executable=executable, how=how
    )


def wrong_variable(name: str) -> str:
    return translate("new_chat", "Environment: write {name} as NAME=value").format(name=name)


def making_worktree() -> str:
    return translate("new_chat", "git checks out the worktree, and runs its hooks. Escape or Cancel stops it.")


def not_a_directory(path: str) -> str:
    return translate("new_chat", "{path} is not a directory").format(path=path)


def no_such_directory(path: str) -> str:
    return translate("new_chat", "{path} does not exist").format(path=path)


def disk_does_not_answer(path: str) -> str:
    return translate("new_chat", "The disk of {path} does not answer. Is it on a network?").format(path=path)
