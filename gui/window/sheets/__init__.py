"""Sheets over the window; at most one is open.

sheet         base of all sheets: dims the page behind it; Escape closes it
name          renames a chat
export        chooses the file and format of an export
error_output  shows a program's standard error
explain       shows a chat's status details
send          sends text to a chat without opening its tab
save_prompt   saves a prompt
question      asks before an action that cannot be undone
remove_ended  removes ended chats that are chosen by age, agent and project
chooser       the palette, the switcher, and themes
image         shows an image of a chat, as large as it is or as fits
import_theme  asks for the file of another terminal's theme
"""
