"""The agents that Outlive can start, as data (one TOML file each), and the rules for their status.

    agent            one agent of the catalog
    catalog          reads the catalog: the product's files, and the user's
    conditions       conditions for a variable of the catalog
    arguments        selects a chat's own arguments, without its prompt
    environment      the environment of an agent
    merged_settings  variables with settings, merged with the user's own
    shell_integration  variables with which a shell marks its prompts
    session_files    the files that an agent is started with
    login_shell      the PATH of the user's login shell
    probe            asks an installed program for its version and options
    conversations/   where agents keep their conversations
    status/          the meaning of an agent's signals, and the ranking of their sources; pure

This package must not know hosts, sockets or windows.
"""
