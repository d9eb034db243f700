"""Background work of the window: tasks, threads and processes.

tasks            owns each task, and awaits or cancels it
store_thread     runs the store in its own thread
search_thread    runs searches in their own thread
search_indexing  updates the search index in a separate process
export           exports a chat in a separate process
prepare_start    prepares the start of a chat while its sheet is open
login_path       the login shell's PATH, for a window started from an icon
"""
