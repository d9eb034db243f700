"""The endpoint chat's terminal: input, output, markdown.

screen      the input, and the output above it
typeahead   keeps what is typed before the input is there
transcript  a conversation as lines of the terminal
painting    markdown and code as lines of a terminal
settling    which part of a growing answer will not change any more
osc         title, activity and clipboard, as escape sequences (OSC)
"""
