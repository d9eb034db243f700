"""The sheet that starts a chat.

sheet              the sheet for a new chat
field_grid         fields with their labels
fields             composite fields of the sheet
request            the user's launch request, read from the fields
agent_tiles        the agents as tiles
directory_browser  chooses a directory from lists
"""
