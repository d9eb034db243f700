"""The window's socket: commands of ``outlive window``, and a second start.

server           one JSON object a line, from commands and from a second start
verbs            tabs, show, grab, close, raise
single_instance  one window for each user: a second start raises the first
"""
