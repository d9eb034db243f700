"""Requests of commands, step by step: type a text, stop or kill the program.

send_queue    types the input that commands send, one request after another
send_queue_states  its states, as a table
send_request  the bytes of a request, and its errors
shown_text    whether the program shows a typed text
end_request   Stop and Kill
"""
