"""The bridge between the client and Qt: sessions and the store as Qt objects and signals.

``Sessions`` holds a ``Chat`` for each running session, which follows its host through the
client; of an ended one only the record, until it is shown. This package has no widgets and
paints nothing; it knows the client, the store and the catalog, and turns their events into
signals. It never polls.

    sessions        all chats, and what the window does with them
    chat_list       the list of chats, updated from the store
    chat            one session as a QObject
    chat_viewer     a viewer of a chat, for one page that shows it
    additional_viewer  the viewer of each page after the first
    facts           properties of a chat that the window shows
    plain_text      a line of Markdown as plain text
    shell_titles    a shell's default titles, which repeat its directory
    ended_list      the ended chats as records, and chats of those that are shown
    ended_chat      the last screen or transcript of an ended chat, whether it can be resumed, its error output
    earlier_conversations  the conversations that an agent keeps, and chats in them
    new_chat_request  the user's request for a new chat
    requests        sends requests to a chat's host
    answers         reads the answers of a chat's agent
    search_scopes   words of a search that name an agent, a project or a time
    next_chat       the chat that the user should look at next
    one_question    counts a question once that a chat and its live terminal both show
    color_labels    the colours by which the user marks chats
    muting          chats that send no notifications
    quiet_watch     chats that are reported once they write nothing more
    drafts          the unsent prompts of chats
    review_comments the comments on chats' changes that were not sent yet
    text_files      private files with chats' texts, for the user's editor
    pasted_images   private files with images that the user pasted into terminals
    restore_points  the restore points of a chat: listed, compared with its files, restored
    removals        removes ended chats, with time to undo
    shells          which shells go when the user leaves them, or closes their tabs
    chat_order      the user's order of chats, and the pinned ones
    upgrade         upgrades chats that run on another version
    git_status      the git status of chats' working trees
    changes_reader  reads the changes of a chat's directory
    discarding      discards such changes, and undoes that
    repository_files  the files of a git repository, without ignored ones
    worktree_setup  the command that sets up a repository's worktrees, read and written
    store_watcher   reports changes of the store or the runtime directory
    age_timer       reports when relative times must be updated
    clock_changes   reports that the system's clock was set, or that the computer slept
    background/     threads, processes and tasks in the background
"""
