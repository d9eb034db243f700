"""The bridge: hosts and the record on one side, Qt objects and signals on the other.

``SessionsModel`` holds one ``Chat`` for each session; a running one follows its host through the
client. This room has no widgets and paints nothing; it knows the client, the record and the
catalog, and turns what they say into signals. Nothing in it polls.

    groups     which group of the sidebar a chat stands in; pure
    words      how long ago, how it ended; pure
    facts      what is said of a session
    apart      what tells chats apart in lists; pure
    chat       one session as a QObject
    model      all of them, kept true to the record and the runtime directory
    storage    the record, in a thread of its own
    watching   tells when the record or the runtime directory changed
    upgrading  chats on another version, and giving them the installed one
    exporting  a chat as a file
    knowing    how it is known what an agent does; pure
    explaining what stands behind a state, in rows; pure
    ages       tells when ages read differently
    aftermath  what is left of a chat that is over, and what can be done with it
    indexing   the search index kept up to date in the background
    finder     searching all chats, in a thread of its own
    memory     freed memory, given back to the system
    tasks      owner of what runs in the background
"""
