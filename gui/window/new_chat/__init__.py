"""The sheet that starts a chat.

sheet              the sheet
fields             fields that are more than a line of text
request            what the user wants started, read out of the fields
agent_tiles        the agents as tiles
directory_browser  choosing a directory from lists
"""
