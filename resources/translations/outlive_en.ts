<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
<context>
    <name>changes</name>
    <message numerus="yes">
        <source>{n:,} file(s) changed</source>
        <translation>
            <numerusform>{n:,} file changed</numerusform>
            <numerusform>{n:,} files changed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} more changed file(s) are not listed</source>
        <translation>
            <numerusform>{n:,} more changed file is not listed</numerusform>
            <numerusform>{n:,} more changed files are not listed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>More than {size} MB changed: {n:,} file(s) are listed without their lines</source>
        <translation>
            <numerusform>More than {size} MB changed: {n:,} file is listed without its lines</numerusform>
            <numerusform>More than {size} MB changed: {n:,} files are listed without their lines</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>comments</name>
    <message numerus="yes">
        <source>Comment on {n:,} line(s)</source>
        <translation>
            <numerusform>Comment on {n:,} line</numerusform>
            <numerusform>Comment on {n:,} lines</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} comment(s)</source>
        <translation>
            <numerusform>{n:,} comment</numerusform>
            <numerusform>{n:,} comments</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} comment(s) not saved yet</source>
        <translation>
            <numerusform>{n:,} comment not saved yet</numerusform>
            <numerusform>{n:,} comments not saved yet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} comment(s) put into the prompt box of {chat}, without Enter.</source>
        <translation>
            <numerusform>{n:,} comment put into the prompt box of {chat}, without Enter.</numerusform>
            <numerusform>{n:,} comments put into the prompt box of {chat}, without Enter.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} comment(s) pasted into {chat}, without Enter.</source>
        <translation>
            <numerusform>{n:,} comment pasted into {chat}, without Enter.</numerusform>
            <numerusform>{n:,} comments pasted into {chat}, without Enter.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} comment(s) copied.</source>
        <translation>
            <numerusform>{n:,} comment copied.</numerusform>
            <numerusform>{n:,} comments copied.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>chat</name>
    <message numerus="yes">
        <source>{n:,} prompt(s) wait(s), since you stopped the turn</source>
        <translation>
            <numerusform>{n:,} prompt waits, since you stopped the turn</numerusform>
            <numerusform>{n:,} prompts wait, since you stopped the turn</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} unchanged line(s)</source>
        <translation>
            <numerusform>{n:,} unchanged line</numerusform>
            <numerusform>{n:,} unchanged lines</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Show {n:,} unchanged line(s)</source>
        <translation>
            <numerusform>Show {n:,} unchanged line</numerusform>
            <numerusform>Show {n:,} unchanged lines</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} line(s) shown</source>
        <translation>
            <numerusform>{n:,} line shown</numerusform>
            <numerusform>{n:,} lines shown</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} line(s) added</source>
        <translation>
            <numerusform>{n:,} line added</numerusform>
            <numerusform>{n:,} lines added</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} line(s) removed</source>
        <translation>
            <numerusform>{n:,} line removed</numerusform>
            <numerusform>{n:,} lines removed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} line(s) hidden</source>
        <translation>
            <numerusform>{n:,} line hidden</numerusform>
            <numerusform>{n:,} lines hidden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} token(s)</source>
        <translation>
            <numerusform>{n:,} token</numerusform>
            <numerusform>{n:,} tokens</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} more character(s)</source>
        <translation>
            <numerusform>{n:,} more character</numerusform>
            <numerusform>{n:,} more characters</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Edited {n:,} file(s)</source>
        <translation>
            <numerusform>Edited {n:,} file</numerusform>
            <numerusform>Edited {n:,} files</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>and {n:,} more file(s)</source>
        <translation>
            <numerusform>and {n:,} more file</numerusform>
            <numerusform>and {n:,} more files</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} token(s) in all turns</source>
        <translation>
            <numerusform>{n:,} token in all turns</numerusform>
            <numerusform>{n:,} tokens in all turns</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>discard</name>
    <message numerus="yes">
        <source>Discarded {n} change(s) in {path}</source>
        <translation>
            <numerusform>Discarded {n} change in {path}</numerusform>
            <numerusform>Discarded {n} changes in {path}</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>fork</name>
    <message numerus="yes">
        <source>Edit the prompt and send it. Since it was first sent, {n:,} file(s) changed.</source>
        <translation>
            <numerusform>Edit the prompt and send it. Since it was first sent, {n:,} file changed.</numerusform>
            <numerusform>Edit the prompt and send it. Since it was first sent, {n:,} files changed.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>notice</name>
    <message numerus="yes">
        <source>{n:,} chat(s) running</source>
        <translation>
            <numerusform>{n:,} chat running</numerusform>
            <numerusform>{n:,} chats running</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} chat(s) need(s) you</source>
        <translation>
            <numerusform>{n:,} chat needs you</numerusform>
            <numerusform>{n:,} chats need you</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} chat(s) finished</source>
        <translation>
            <numerusform>{n:,} chat finished</numerusform>
            <numerusform>{n:,} chats finished</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} chat(s) stopped by an error</source>
        <translation>
            <numerusform>{n:,} chat stopped by an error</numerusform>
            <numerusform>{n:,} chats stopped by an error</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} chat(s) notified you</source>
        <translation>
            <numerusform>{n:,} chat notified you</numerusform>
            <numerusform>{n:,} chats notified you</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} chat(s) ended unexpectedly</source>
        <translation>
            <numerusform>{n:,} chat ended unexpectedly</numerusform>
            <numerusform>{n:,} chats ended unexpectedly</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} need(s) you</source>
        <translation>
            <numerusform>{n:,} needs you</numerusform>
            <numerusform>{n:,} need you</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>A restart of the computer interrupted {n:,} chat(s).</source>
        <translation>
            <numerusform>A restart of the computer interrupted {n:,} chat.</numerusform>
            <numerusform>A restart of the computer interrupted {n:,} chats.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Updated {n:,} running chat(s) to {version}. Nothing was interrupted.</source>
        <translation>
            <numerusform>Updated {n:,} running chat to {version}. Nothing was interrupted.</numerusform>
            <numerusform>Updated {n:,} running chats to {version}. Nothing was interrupted.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Updated {done} of {n:,} running chat(s).</source>
        <translation>
            <numerusform>Updated {done} of {n:,} running chat.</numerusform>
            <numerusform>Updated {done} of {n:,} running chats.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>page</name>
    <message numerus="yes">
        <source>The chat does not answer. {n:,} character(s) wait.</source>
        <translation>
            <numerusform>The chat does not answer. {n:,} character waits.</numerusform>
            <numerusform>The chat does not answer. {n:,} characters wait.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} character(s) wait: they are sent when {machine} is back.</source>
        <translation>
            <numerusform>{n:,} character waits: it is sent when {machine} is back.</numerusform>
            <numerusform>{n:,} characters wait: they are sent when {machine} is back.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} character(s) that you typed meanwhile are not sent yet.</source>
        <translation>
            <numerusform>{n:,} character that you typed meanwhile is not sent yet.</numerusform>
            <numerusform>{n:,} characters that you typed meanwhile are not sent yet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Paste {n:,} line(s)?</source>
        <translation>
            <numerusform>Paste {n:,} line?</numerusform>
            <numerusform>Paste {n:,} lines?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Paste {n:,} line(s), {characters:,} characters?</source>
        <translation>
            <numerusform>Paste {n:,} line, {characters:,} characters?</numerusform>
            <numerusform>Paste {n:,} lines, {characters:,} characters?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Paste {n:,} character(s)?</source>
        <translation>
            <numerusform>Paste {n:,} character?</numerusform>
            <numerusform>Paste {n:,} characters?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>({n:,} more character(s))</source>
        <translation>
            <numerusform>({n:,} more character)</numerusform>
            <numerusform>({n:,} more characters)</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Stop all {n:,} running chats?</source>
        <translation>
            <numerusform>Stop {n:,} running chat?</numerusform>
            <numerusform>Stop all {n:,} running chats?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Stop {n:,} chat(s)</source>
        <translation>
            <numerusform>Stop {n:,} chat</numerusform>
            <numerusform>Stop {n:,} chats</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove {n:,} chat(s)</source>
        <translation>
            <numerusform>Remove {n:,} chat</numerusform>
            <numerusform>Remove {n:,} chats</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>prompts</name>
    <message numerus="yes">
        <source>Copied the last answer ({n:,} line(s))</source>
        <translation>
            <numerusform>Copied the last answer ({n:,} line)</numerusform>
            <numerusform>Copied the last answer ({n:,} lines)</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Copied the answer so far ({n:,} line(s)); it is still being written</source>
        <translation>
            <numerusform>Copied the answer so far ({n:,} line); it is still being written</numerusform>
            <numerusform>Copied the answer so far ({n:,} lines); it is still being written</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The last prompt has no answer; copied the one before ({n:,} line(s))</source>
        <translation>
            <numerusform>The last prompt has no answer; copied the one before ({n:,} line)</numerusform>
            <numerusform>The last prompt has no answer; copied the one before ({n:,} lines)</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Copied the answer to this prompt ({n:,} line(s))</source>
        <translation>
            <numerusform>Copied the answer to this prompt ({n:,} line)</numerusform>
            <numerusform>Copied the answer to this prompt ({n:,} lines)</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>restore</name>
    <message numerus="yes">
        <source>{n:,} file(s) changed</source>
        <translation>
            <numerusform>{n:,} file changed</numerusform>
            <numerusform>{n:,} files changed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Restore {n:,} file(s) to before {prompt}?</source>
        <translation>
            <numerusform>Restore {n:,} file to before {prompt}?</numerusform>
            <numerusform>Restore {n:,} files to before {prompt}?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} large or unreadable file(s) stay as they are.</source>
        <translation>
            <numerusform>{n} large or unreadable file stays as it is.</numerusform>
            <numerusform>{n} large or unreadable files stay as they are.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n} submodule(s) stay as they are.</source>
        <translation>
            <numerusform>{n} submodule stays as it is.</numerusform>
            <numerusform>{n} submodules stay as they are.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Restoring {n:,} file(s)…</source>
        <translation>
            <numerusform>Restoring {n:,} file…</numerusform>
            <numerusform>Restoring {n:,} files…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} file(s) restored.</source>
        <translation>
            <numerusform>{n:,} file restored.</numerusform>
            <numerusform>{n:,} files restored.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The restore is undone: {n:,} file(s).</source>
        <translation>
            <numerusform>The restore is undone: {n:,} file.</numerusform>
            <numerusform>The restore is undone: {n:,} files.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sheet</name>
    <message numerus="yes">
        <source>{n:,} line(s)</source>
        <translation>
            <numerusform>{n:,} line</numerusform>
            <numerusform>{n:,} lines</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>window</name>
    <message numerus="yes">
        <source>{n:,} character(s) for {names} are not sent yet.</source>
        <translation>
            <numerusform>{n:,} character for {names} is not sent yet.</numerusform>
            <numerusform>{n:,} characters for {names} are not sent yet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Tabs closed. {n:,} chat(s) keep(s) running.</source>
        <translation>
            <numerusform>Tabs closed. {n:,} chat keeps running.</numerusform>
            <numerusform>Tabs closed. {n:,} chats keep running.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} running chat(s)</source>
        <translation>
            <numerusform>{n:,} running chat</numerusform>
            <numerusform>{n:,} running chats</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} chat(s) on {machines}</source>
        <translation>
            <numerusform>{n:,} chat on {machines}</numerusform>
            <numerusform>{n:,} chats on {machines}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} chat(s)</source>
        <translation>
            <numerusform>{n:,} chat</numerusform>
            <numerusform>{n:,} chats</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QShortcut</name>
    <message>
        <source>Return</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Keypad Enter</translation>
    </message>
    <message>
        <source>PgUp</source>
        <translation>PageUp</translation>
    </message>
    <message>
        <source>PgDown</source>
        <translation>PageDown</translation>
    </message>
    <message>
        <source>Ins</source>
        <translation>Insert</translation>
    </message>
    <message>
        <source>Del</source>
        <translation>Delete</translation>
    </message>
    <message>
        <source>Meta</source>
        <translation>Super</translation>
    </message>
</context>
<context>
    <name>QLineEdit</name>
    <message>
        <source>&amp;Undo</source>
        <translation>Undo</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>Redo</translation>
    </message>
    <message>
        <source>Cu&amp;t</source>
        <translation>Cut</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>Copy</translation>
    </message>
    <message>
        <source>&amp;Paste</source>
        <translation>Paste</translation>
    </message>
    <message>
        <source>Select All</source>
        <translation>Select all</translation>
    </message>
</context>
<context>
    <name>QWidgetTextControl</name>
    <message>
        <source>&amp;Undo</source>
        <translation>Undo</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>Redo</translation>
    </message>
    <message>
        <source>Cu&amp;t</source>
        <translation>Cut</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>Copy</translation>
    </message>
    <message>
        <source>&amp;Paste</source>
        <translation>Paste</translation>
    </message>
    <message>
        <source>Select All</source>
        <translation>Select all</translation>
    </message>
    <message>
        <source>Copy &amp;Link Location</source>
        <translation>Copy link</translation>
    </message>
</context>
<context>
    <name>several</name>
    <message numerus="yes">
        <source>{n:,} chat(s), {size}</source>
        <translation>
            <numerusform>{n:,} chat, {size}</numerusform>
            <numerusform>{n:,} chats, {size}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{n:,} pinned chat(s) stay(s)</source>
        <translation>
            <numerusform>{n:,} pinned chat stays</numerusform>
            <numerusform>{n:,} pinned chats stay</numerusform>
        </translation>
    </message>
</context>
</TS>
