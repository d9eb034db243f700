"""All sessions and their states: the record in the store, merged with the hosts' answers.

listing            all sessions or one, asked without an event loop
session_info       one session's facts: the record, settled against processes and hosts
store_access       the record opened, and completed where it was lost
rebuild            a damaged record, made again from the hosts that run
last_screen        the last screen of a session that ended
unresponsive_host  a host that does not answer: its name, and ending its session without it
upgrade            running sessions onto the installed version
"""
