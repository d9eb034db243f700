"""All sessions and their states: the store's rows, merged with the hosts' answers.

listing            lists all sessions or finds one, with blocking sockets
session_info       one session's facts: its row, checked against processes and hosts
store_access       opens the store, and completes it where it was lost
rebuild            rebuilds a lost store from copies of its rows and the running hosts
periods            dates as people write them; pure
selection          chooses chats by date, agent and project; pure
last_screen        the last screen of an ended session
program_directory  the directory of a running session's program
shell_jobs         whether a shell has jobs
unresponsive_host  names a host that does not answer, and kills its session without it
upgrade            moves running sessions to the installed version
"""
