"""The bridge between the client and Qt: sessions and the store as Qt objects and signals.

``SessionsModel`` holds one ``Chat`` for each session; a running one follows its host through the
client. This room has no widgets and paints nothing; it knows the client, the record and the
catalog, and turns what they say into signals. Nothing in it polls.

    sessions_model  all chats, kept true to the record and the runtime directory
    chat            one session as a QObject
    facts           what is shown of a session
    ended_chat      what is left of a chat that is over, and what can be done with it
    removals        removing ended chats, with time to undo
    upgrade         chats on another version, and giving them the installed one
    checkouts       the git working trees of chats
    record_watcher  tells when the record or the runtime directory changed
    age_timer       tells when relative times read differently
    background/     threads, processes and tasks in the background
"""
