"""The settings window: pages made from the table of settings, and pages for keys and agents.

window     the window: pages, search
context    the parts of the application that the window uses
page       one page: its sections and rows
row        one setting: label, help, control, reset, problem
controls   the controls by kind of value
values     reads and writes the settings' files for the rows
preview    a small window and terminal in the colours, font and cursor that are set
keymap     which keys belong to which action, and to programs in terminals (pure)
keys_page, key_row, text_form   the page Keys
agents_page, agent_form   the page Agents
setup_list, setup_form    the repositories with a setup of their worktrees, on the page General

It must not know chats, tabs or the main window; ``context`` has values and functions of them.
"""
