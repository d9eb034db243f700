"""The model server: its address, its key, requests and errors.

client        a conversation in, the events of an answer out, by the official client
errors        each error as one line that says what to do
addresses     addresses as users write them, and as the client wants them
api_keys      the key: from the environment, a file or the desktop's secret store
secret_store  the desktop's secret store, over D-Bus
"""
