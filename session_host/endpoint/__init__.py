"""The chat with any OpenAI-compatible server: the program that runs in a terminal for ``outlive new endpoint``.

It is an agent like any other: it reads keys from its terminal, writes to it, and keeps its conversation in a file of
its own. It must not know of hosts, sessions, windows or the record, and nobody imports it; what it tells of itself,
it tells as any program may (OSC 2, OSC 7501). Run it with ``python -m session_host.endpoint``.

====================  =======================================================================
file                  what it is for
====================  =======================================================================
``typeahead``         what is typed before the program is ready
``conversation``      a conversation as values: records, and what comes of them; pure
``conversation_file`` the same on disk: appended to, locked, a torn end passed over
``options``           command line and defaults; ``addresses`` of servers
``keys``              where the key comes from; ``secret_store`` asks the desktop's
``wire``              the server: a question in, events out; ``wire_errors`` says what failed
``settling``          which part of a growing answer will not change any more; pure
``painting``          markdown and code as lines of a terminal
``transcript``        questions and answers as such lines
``screen``            input, the unfinished tail, the status below; prints what is settled
``signals``           title, activity and clipboard, as escape sequences
``commands``          what begins with a slash; ``verbs`` does it, ``attaching`` reads files for it
``asking``            one question's life: streaming, waiting, stopping, keeping
``chat``              all of it together; ``program`` leads to it from the command line
====================  =======================================================================
"""
