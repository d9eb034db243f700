"""Sheets over the window; at most one is open.

sheet         a sheet: the page behind it is dimmed, Escape closes it
name          a chat's name
export        the file and format of an export
error_output  what a chat's program wrote to its standard error
explain       what stands behind a chat's state
send          a text for a chat, without its tab
question      questions before something that cannot be undone
chooser       the palette and the switcher
"""
