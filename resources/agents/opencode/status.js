// Tells the host of this terminal what opencode is doing: opencode's plugin, given to it by its environment.
//
// On the Unix socket named by OUTLIVE_SOCKET it sends Hello once and then Reports, messages of
// session_host/protocol/messages.py: four bytes of length, and msgpack. What is answered is thrown away.
// Only changes are told, so that being loaded twice into one process tells nothing twice. Nothing is awaited and nothing
// is thrown: a host that is gone, slow or full costs opencode nothing; the one that follows it is told the last state
// again. Sessions of sub-agents (with parentID) count as their root's: their own turns are not told, what they ask is.
import net from "node:net"

const KEY = Symbol.for("outlive.status")
const PROTOCOL_VERSION = 1
const BACKLOG = 200
const RETRY_MS = 2000
const DETAIL_CHARACTERS = 400

function packed(value) {
  if (typeof value === "number") return Buffer.from([value])
  const text = Buffer.from(value, "utf8")
  if (text.length < 32) return Buffer.concat([Buffer.from([0xa0 | text.length]), text])
  if (text.length < 256) return Buffer.concat([Buffer.from([0xd9, text.length]), text])
  return Buffer.concat([Buffer.from([0xda, text.length >> 8, text.length & 255]), text])
}

function frame(...values) {
  const payload = Buffer.concat([Buffer.from([0x90 | values.length]), ...values.map(packed)])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(payload.length)
  return Buffer.concat([length, payload])
}

function oneLine(value) {
  return String(value ?? "").replace(/\s+/g, " ").trim().slice(0, DETAIL_CHARACTERS)
}

class Line {
  constructor(path) {
    this.path = path
    this.waiting = []
    this.last = null
    this.socket = null
    this.up = false
    this.blocked = false
    this.notBefore = 0
    this.timer = null
  }

  send(event, conversation, detail) {
    const report = frame("Report", "plugin", event, conversation, detail, "", process.env.OUTLIVE_REPORT_ID ?? "")
    if (event !== "conversation") this.last = report
    if (this.waiting.length >= BACKLOG) this.waiting.shift()
    this.waiting.push(report)
    this.flush()
  }

  flush() {
    if (!this.socket) return this.open()
    while (this.up && !this.blocked && this.waiting.length) {
      if (!this.socket.write(this.waiting.shift())) this.blocked = true
    }
  }

  open() {
    if (Date.now() < this.notBefore) return this.again()
    this.notBefore = Date.now() + RETRY_MS
    const socket = net.connect({ path: this.path })
    this.socket = socket
    socket.unref?.()
    const gone = () => {
      if (this.socket !== socket) return
      this.socket = null
      this.up = this.blocked = false
      socket.destroy()
      this.again()
    }
    socket.on("connect", () => {
      this.up = true
      socket.write(frame("Hello", PROTOCOL_VERSION, "control", "", ""))
      // What was on its way to a host that was killed is lost: the next host hears the last state once more.
      if (!this.waiting.length && this.last) this.waiting.push(this.last)
      this.flush()
    })
    socket.on("drain", () => {
      this.blocked = false
      this.flush()
    })
    socket.on("data", () => {})
    socket.on("error", gone)
    socket.on("close", gone)
  }

  again() {
    this.timer ??= setTimeout(() => {
      this.timer = null
      this.flush()
    }, RETRY_MS + 50)
    this.timer.unref?.()
  }
}

class Status {
  constructor(path) {
    this.line = new Line(path)
    this.parents = new Map() // session -> its parent, sub-agents only
    this.told = new Map() // root -> last event and detail told
    this.titles = new Map()
    this.asking = new Map() // root -> Map("kind session request" -> text)
    this.busy = new Map() // root -> the last event that is no question
    this.line.send("start", "", "")
  }

  root(session) {
    for (let steps = 0; steps < 20 && this.parents.has(session); steps++) session = this.parents.get(session)
    return session
  }

  tell(conversation, event, text) {
    const detail = oneLine(text)
    const key = `${event} ${detail}`
    if (this.told.get(conversation) === key) return
    this.told.set(conversation, key)
    this.line.send(event, conversation, detail)
  }

  info(info) {
    if (!info?.id) return
    if (info.parentID) return void this.parents.set(info.id, info.parentID)
    if (this.titles.get(info.id) === info.title) return
    this.titles.set(info.id, info.title)
    this.line.send("conversation", info.id, oneLine(info.title))
  }

  state(session, event, detail) {
    if (this.parents.has(session)) return // a sub-agent's own turn
    // It is idle right after an error or an interrupt, which is to be seen until the next turn.
    if (event === "idle" && ["error", "interrupted"].includes(this.busy.get(session)?.[0])) return
    this.busy.set(session, [event, detail])
    if (["idle", "interrupted"].includes(event)) this.asking.delete(session) // no reply is due
    if (!this.asking.get(session)?.size) this.tell(session, event, detail)
  }

  // Of several questions the terminal shows one: permissions before the others, then by session and request.
  asks(kind, session, request, text) {
    const root = this.root(session)
    if (!this.asking.has(root)) this.asking.set(root, new Map())
    const open = this.asking.get(root)
    open.set(`${kind} ${session} ${request}`, text)
    this.tell(root, "needs_input", open.get([...open.keys()].sort()[0]))
  }

  answered(kind, session, request) {
    const root = this.root(session)
    const open = this.asking.get(root)
    if (!open?.delete(`${kind} ${session} ${request}`)) return
    if (open.size) return this.tell(root, "needs_input", open.get([...open.keys()].sort()[0]))
    const [event, detail] = this.busy.get(root) ?? ["working"]
    this.tell(root, event, detail)
  }

  take({ type, properties: p }) {
    switch (type) {
      case "session.created":
      case "session.updated":
        return this.info(p.info)
      case "session.status":
        if (p.status.type === "busy") return this.state(p.sessionID, "working")
        if (p.status.type === "retry") return this.state(p.sessionID, "retry", p.status.message)
        return this.state(p.sessionID, "idle")
      case "session.idle":
        return this.state(p.sessionID, "idle")
      case "session.error":
        if (!p.sessionID) return // as of some errors
        if (p.error?.name === "MessageAbortedError") return this.state(p.sessionID, "interrupted") // Esc
        return this.state(p.sessionID, "error", p.error?.data?.message ?? p.error?.name)
      case "permission.asked":
        return this.asks("permission", p.sessionID, p.id, permissionText(p))
      case "question.asked":
        return this.asks("question", p.sessionID, p.id, p.questions?.map((q) => q.question).join(" / "))
      case "permission.replied":
        return this.answered("permission", p.sessionID, p.requestID)
      case "question.replied":
      case "question.rejected":
        return this.answered("question", p.sessionID, p.requestID)
    }
  }
}

function permissionText(p) {
  const what = p.metadata?.command ?? p.metadata?.filepath ?? p.patterns?.join(" ") ?? ""
  return what ? `${p.permission}: ${what}` : p.permission
}

export const OutliveStatus = async () => {
  const path = process.env.OUTLIVE_SOCKET
  if (!path) return {}
  const status = (globalThis[KEY] ??= new Status(path))
  return {
    event: async ({ event }) => {
      try {
        status.take(event)
      } catch {
        // Of an event of another shape nothing is told.
      }
    },
  }
}
