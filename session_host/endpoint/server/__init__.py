"""The model server: its address, its key, requests and errors.

client           sends a conversation, and yields the events of an answer
parameters       parameters of requests that the user chooses
tagged_thoughts  thoughts that a server sends within the answer
errors           each error as one line with its remedy
addresses        addresses as users write them, and as the client needs them
api_keys         the key: from the environment, a file or the desktop's secret store
secret_store     the desktop's secret store, over D-Bus
"""
