"""A conversation with a model: values, and the file that they are appended to.

conversation  the records, and the conversation that comes of them
file          JSON lines that are only appended to
attachments   files as text in a message
"""
