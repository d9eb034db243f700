"""The user's settings files, and the window's saved layout.

    preferences        the user's own files in the configuration directory: read, never written
    endpoint_defaults  what New chat offers for a model server
    layout             the window's layout: written at each change, kept in the store

This room knows neither widgets nor chats; ids of chats are words to it.
"""
