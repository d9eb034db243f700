"""Background work of the window: tasks, threads and processes.

tasks            owns each task: it is awaited or cancelled
store_thread     the record, in a thread of its own
search_thread    searches, in a thread of their own
search_indexing  the search index, brought up to date by a process
export           a chat's export, in a process
login_path       the login shell's PATH, where an icon started the window
malloc_trim      freed memory, given back to the system
"""
