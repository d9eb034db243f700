"""The window's texts, and how it groups and orders chats. No widgets.

Each text is a function in a ``…_texts`` module. The function returns the whole text in the user's language; callers
never join pieces of text. ``lupdate`` finds the English text in the call of ``translate``; both plural forms are in
``resources/translations/outlive_en.ts``. Errors of ``session_host`` are always in English.

action_texts      menus, command palette
changes_texts     the window with the changes of a chat's directory
broadcast_texts   typing into several panes at once
chat_texts        a chat view: messages, tool calls, the prompt box
color_texts       the colours by which the user marks chats
comment_texts     comments on changes, and the text that is made of them for an agent
common_texts      recurring buttons and field names
conversation_texts  the list of an agent's earlier conversations
diff_texts        diffs in a chat view, and in the window with all changes
discard_texts     changes that the user discards
find_texts        the find bar
fork_texts        forks of chats
guide_texts       the guide window
image_texts       the images of a prompt
key_texts         the page Keys of the settings window; problems in keys.toml
limit_texts       the limits of the user's subscription
link_texts        links, files and directories that cannot be opened
mode_texts        a terminal's keyboard modes: selecting, and opening links by letters
mute_texts        muting chats, and a notification once a chat is quiet
new_chat_texts    the sheet New chat
notify_command_texts  the user's command for notifications
notice_texts      banners
page_texts        a chat's page: terminal, bars, questions
program_texts     notifications of programs in shells
prompt_texts      a shell's prompts and the output of its commands
sheet_texts       the other sheets: status details, export, rename, search, send, error output
search_words      words that find settings
saved_prompt_texts  saved prompts
request_texts     the open requests of such a chat
several_texts     resuming, ending and removing several chats at once
restore_texts     restore points: their names, the question before a restore, its result
settings_texts    the settings window
setup_texts       the repositories with a setup of their worktrees, in the settings window
agent_settings_texts  its page Agents
tray_texts        desktop notifications, the tray's menu
window_texts      sidebar, tabs, status line, the page without a chat
phrases           age, directory and end of a chat
activity_phrases  an agent's activity, its source and age
explanation       an Explanation as table rows
second_lines      the line that distinguishes chats of the same name
groups            a chat's group in the sidebar, its mark, and the order
translation       loads the translation
"""
