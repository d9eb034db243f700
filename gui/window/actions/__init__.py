"""The window's actions, shared by keys, menus and the palette.

context           the parts of a window that its actions use
groups            the actions on chats, for keys, menus and pages
actions           Qt actions, the palette and the window's menu
action_table         the table of keys
saved_prompts     inserts saved prompts, and saves them
broadcasting      types into several panes at once
window_keys       the keys of one window, read again when the settings change
text_keys         the user's keys that type a text
commands          what each action does
command_list      lists what was run in a shell, or asked in a chat view
switching         the lines of the list that switches to another chat
starting          starts chats: with the sheet, like another one, a shell
notifications     lists what can be muted, or notified of
chat_actions      renames, pins, exports, stops, kills and removes chats
prompt_changes    opens the changes since a prompt, from its menu and after a fork
resuming          resumes ended chats
continuing        lists conversations, also from outside of Outlive, and continues one
settings_problems the problems of the settings files, for ``outlive doctor``
resume_all        resumes several chats, or all that a restart of the computer interrupted
left_shells       closes the tabs of shells that the user has left, and removes their records
end_report        reports how many of the chats that the user stopped at once have ended
several_chats     actions on the chats that are selected in the sidebar
other_tabs        closes the tabs beside the shown one
chat_menu         the menu of one chat
empty_parts       the menus of the sidebar itself and beside the tabs
color_menu        the colours in that menu and in the palette
agent_settings    chooses the agent's model, mode or effort
theme_actions     chooses a theme, and imports one
view_actions      the size of the text, the sidebar, the status line, full screen
page_wiring       connects a page's signals with the actions
pasting_images    pastes the file's name of an image
exporting         exports a chat, and opens its text in the editor
forking           forks chats, whole or before a prompt
copying           copies answers of agents
open_links        opens the target of a link
desktop_opening   gives an address to the desktop, and notices if nothing opens it
directory_actions opens a chat's directory, copies its path, shows its changes
editors           the command of the user's editor, with line and column
pane_actions      the handlers of actions on panes
upgrade_offer     offers the installed version to running chats
single_window     opens a window of which there is at most one
settings_actions  opens the settings window
guide_actions     opens the guide window
changes_actions   opens the windows with the changes of chats' directories
inserting_comments  puts the comments on changes where the user writes to a chat
"""
