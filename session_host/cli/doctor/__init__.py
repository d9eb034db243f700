"""``outlive doctor``: checks of the installation, one file for each subject.

agents     checks the agents: which are installed, where, whether they run, and whether the login shell finds them
chats      checks the running chats: whether each can be reached, and whether the keeper responds
check      the result of one check of ``outlive doctor``
command    runs all checks, and prints their remedies
kernel     checks the kernel: tests each feature that keeps chats alive
logind     reads whether logind kills a user's processes at logout
logout     checks whether the window's control group or a logout would end chats
files      checks directories, sockets and the store
settings   checks the user's settings files
system     checks Python, engines, Qt, the terminal and git
worktrees  checks the git worktrees of chats
"""
