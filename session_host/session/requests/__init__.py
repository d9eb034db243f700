"""What commands ask of a session, step by step: type a text, stop or kill the program.

send_queue    types what commands send, one request after another
send_request  what a request means: its bytes, and what is wrong with it
shown_text    whether the program shows a text that was typed
end_request   Stop and Kill
"""
