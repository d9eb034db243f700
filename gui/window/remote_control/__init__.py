"""The window's socket: commands of ``outlive window``, and a second start of the program.

server           serves the socket: one JSON object per line
handlers         handles the requests: tabs, show, grab, close, raise, new_chat
single_instance  one window for each user: a second start raises the first
"""
