"""Subcommands that show chats and wait for them; one file for each.

explain  explain a chat's state and activity
logs     the log of the process behind a chat; it never contains the chat's text
ls       list chats and their states
peek     a chat's screen as text
search   search the text of all chats, running and ended
wait     wait for text, an activity, or the end of a chat

transcript_text  waits for text in a structured chat
"""
