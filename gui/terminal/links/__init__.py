"""Links in the terminal's text: finds, shows and opens them.

links         links in plain text, and which of them may be opened; pure
headings      locations in a file that is named some lines above; pure, except that it reads the lines
hovering      the link under a cell
file_lookup   finds out in threads whether a name is a file
link_pointer  links under the mouse: underlined, opened by a click; and the mouse cursor, hidden during typing
"""
