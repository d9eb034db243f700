"""The agent process of a chat with Codex: an app-server that others can use, too, and its first client. Program.

Run it with ``python -m session_host.codex_relay SOCKET -- COMMAND...``. It starts the command, which is a server that
listens on the Unix socket, and connects to it. Each line from stdin is a message to the server, each message of the
server is a line on stdout. So the host has two pipes, as for any other agent. The agent's own terminal, run with
``--terminal SOCKET -- COMMAND...``, can show the same live thread. It knows nothing of hosts, sessions, or what the
messages mean.

    options   reads the command line
    program   passes on bytes until stdin, the server or a signal ends it
    link      the host's lines as WebSocket messages, and back; pure
    server    the server's process and its socket
    terminal  the agent's own terminal, which ends with the server
    child     a child process that does not outlive this one

The server speaks WebSocket, a JSON-RPC message in each text message, and a client that does not read holds up the
others. So the program reads the server's messages even while the host is replaced and reads nothing.
"""
