"""The clients' side of a host: sockets, connections, subscriptions, requests.

server               the listening socket: admits clients
connection           one client's conversation
socket_transport     one client's socket: reads at once, queues what it cannot write
output_subscription  one client's share of the output
delayed_ack          acknowledges input, a moment later or with other output
requests             one-shot requests: describe, explain, peek, send, stop, kill, rename
send_request         types a text into the session for a request
shown_text           whether the program shows a text that was typed
"""
