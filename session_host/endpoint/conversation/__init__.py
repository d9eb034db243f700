"""A conversation with a model: its values and its file.

conversation  the records, and the conversation that results from them
file          an append-only file of JSON lines
attachments   files as text in a message
"""
