"""The clients' side of a host: sockets and requests.

server            the listening socket: accepts and admits clients
client            one client: passes the bytes of its socket to the rules of its connection
socket_transport  one client's socket: reads eagerly, writes directly, queues when the socket is full
message_trace     logs each message at level DEBUG, for developers of Outlive
requests          one-shot requests: describe, explain, peek, send, stop, kill, rename
"""
