"""Data that outlives a process: session descriptors, journal, store and search index.

    descriptors/  the descriptors that a session's next host gets, and files in memory
    journal/      a session's output with its times, on disk
    store/        a row for each session, and the window's layout: SQLite
    search/       the full-text index of all journals
    last_transcript  the transcript of an ended structured session

This package does not know the peers of sockets, event loops or windows.
"""
