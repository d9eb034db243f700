"""The endpoint chat's terminal: input, output, markdown.

screen           the input, and the output above it
typeahead        keeps input that is typed before the prompt is ready
transcript       formats a conversation as lines of the terminal
painting         formats markdown and code as lines of a terminal
markdown_stream  finds the part of a growing answer that will not change any more
osc              title, activity and clipboard, as escape sequences (OSC)
"""
