"""The program between a chat and ``codex app-server``: starts the server, and passes messages between both.

Run it with ``python -m session_host.codex_relay SOCKET -- COMMAND...``. It starts the command, which is a server that
listens on the Unix socket, and connects to it as a client. Each line from stdin is a message to the server; each
message of the server is a line on stdout. So the host has two pipes, as for any other agent. The agent's own terminal,
run with ``--terminal SOCKET -- COMMAND...``, is another client of the same server. The program knows nothing of hosts
and sessions, and does not interpret the messages.

The server speaks WebSocket, a JSON-RPC message in each text message, and a client that does not read holds up the
others. So the program reads the server's messages even while the host is replaced and reads nothing.
"""
