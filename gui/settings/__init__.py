"""The user's settings files, and the window's saved layout.

    preferences        reads the user's own files in the configuration directory; never writes them
    endpoint_defaults  the defaults of New chat for a model server
    layout             the window's layout: saved in the store at each change

This room knows neither widgets nor chats; ids of chats are only strings here.
"""
