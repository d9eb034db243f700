"""The clients' side of a host: sockets and requests.

server            the listening socket: admits clients
client            one client: gives the rules of its conversation what comes over its socket
socket_transport  one client's socket: reads at once, queues what it cannot write
message_trace     logs each message at the level DEBUG, for those who work on Outlive
requests          one-shot requests: describe, explain, peek, send, stop, kill, rename
"""
