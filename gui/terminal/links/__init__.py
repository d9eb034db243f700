"""Links in the terminal's text: found, shown, opened.

links         links in plain text, and which of them may be opened; pure
hovering      the link under a cell
file_lookup   whether a name is a file, looked up in threads
link_pointer  links under the mouse: underlined, opened by a click
"""
