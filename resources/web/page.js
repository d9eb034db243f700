// The page of `outlive web`: the chats of a desk and of its machines, on a phone. One module, without libraries.
//
// In order: elements and words, the server, the connection, parts that pages share, the list, a question, a chat,
// a screen, changes of a file, a new chat, pairing, sheets, routes.
// What comes is inserted as text; only fields that end in `_html` are HTML, which the server made safe.

/* ---------------------------------------------------------------- elements and words */

const byId = (id) => document.getElementById(id);
const DEVICE = matchMedia('(pointer: coarse)').matches ? 'phone' : 'browser';

/** Make an element: `h('p.quiet', {onclick}, 'text', child)`. Strings become text; empty children are left out. */
function h(name, ...children) {
	const [tag, ...classes] = name.split('.');
	const element = document.createElement(tag);
	if (classes.length) element.className = classes.join(' ');
	for (const child of children.flat(3)) {
		if (child?.constructor === Object) setAll(element, child);
		else if (child || child === 0) element.append(child);
	}
	return element;
}

function setAll(element, attributes) {
	for (const [key, value] of Object.entries(attributes)) {
		if (typeof value === 'function') element[key] = value;
		else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
	}
}

/** An icon of index.html, which screen readers leave out. */
function icon(name) {
	const [svg, use] = ['svg', 'use'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
	svg.setAttribute('aria-hidden', 'true');
	use.setAttribute('href', `#${name}`);
	svg.append(use);
	return svg;
}

/** Characters that fonts do not draw, or that reorder others: all but blanks, tabs and selectors of emoji. */
const UNDRAWN =
	/(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\u{e0100}-\u{e01ef}]|(?! )\p{Zs}|(?<!\p{Emoji})[\ufe00-\ufe0f]/gu;

/** A text to the letter, which cannot reorder what is around it: characters that are not drawn show as U+XXXX. */
function exactly(text) {
	const parts = [];
	let at = 0;
	for (const found of text.matchAll(UNDRAWN)) {
		const code = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
		parts.push(text.slice(at, found.index), h('span.u', `U+${code}`));
		at = found.index + found[0].length;
	}
	return h('bdi', parts, text.slice(at));
}

const quiet = (...children) => h('span.small.quiet', children);
const count = (number, word) => `${number.toLocaleString()} ${word}${number === 1 ? '' : 's'}`;
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const facts = (...parts) => parts.filter(Boolean).join(' · ');

/** The local time of a moment, with the day if it is not today. */
function clock(moment) {
	const at = new Date(moment);
	const isToday = at.toDateString() === new Date().toDateString();
	return at.toLocaleString([], { hour: '2-digit', minute: '2-digit', ...(isToday ? {} : { weekday: 'short' }) });
}

function age(moment) {
	const seconds = Math.max(0, Math.floor((now() - Date.parse(moment)) / 1000));
	if (seconds < 60) return `${seconds} s`;
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
	return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** Show the age of a moment in an element; `tick` keeps it true. */
function showAge(element, moment) {
	element.dataset.since = moment ?? '';
	const text = moment ? age(moment) : '';
	if (element.textContent !== text) element.textContent = text;
	return element;
}

function tick() {
	if (!line.isUp || document.hidden) return;
	for (const element of document.querySelectorAll('[data-since]')) showAge(element, element.dataset.since);
}

/** Tell screen readers. */
const say = (text) => (byId('said').textContent = text);

/** The browser's memory of drafts and choices. It may be full or forbidden: then a text is in its field only. */
const memory = {
	get(key) {
		try {
			return localStorage.getItem(key) ?? '';
		} catch {
			return '';
		}
	},
	set(key, value) {
		try {
			value ? localStorage.setItem(key, value) : localStorage.removeItem(key);
		} catch {}
	},
};

/** A field that grows with its text, and has it again when the page comes back. */
function draftField(key, label, rows = 1) {
	const field = h('textarea.field', { rows, placeholder: label, 'aria-label': label });
	const fit = () => {
		field.style.height = 'auto';
		field.style.height = `${field.scrollHeight + 2}px`;
	};
	field.put = (text) => {
		field.value = text;
		memory.set(key, text);
		fit();
		gate();
	};
	field.value = memory.get(key);
	field.addEventListener('input', () => field.put(field.value));
	requestAnimationFrame(fit);
	return field;
}

/* ---------------------------------------------------------------- the server */

/** The server's no: its status, its code and its words for people. */
class Refused extends Error {
	constructor(status, body) {
		super(capital(body.words ?? `The server answered ${status}`));
		Object.assign(this, { status, body, code: body.code });
	}
}

/** No answer came, or none of Outlive's. */
class Lost extends Error {
	message = 'There is no connection';
}

let skewMs = 0; // The server's clock minus this one.
const now = () => (line.isUp ? Date.now() : line.last) + skewMs;
const WAITS_MS = [1000, 2000, 5000, 10_000];
const waitMs = (failures) => WAITS_MS[Math.min(failures, WAITS_MS.length - 1)];
const about = (path, chat) => `/api/${path}?chat=${encodeURIComponent(chat)}`;

async function request(path, { headers, ...options } = {}) {
	try {
		const response = await fetch(path, { cache: 'no-store', ...options, headers: { 'X-Outlive': '1', ...headers } });
		const at = Date.parse(response.headers.get('Date'));
		if (Math.abs(at - Date.now() - skewMs) > 2000) skewMs = at - Date.now();
		return response;
	} catch {
		throw new Lost();
	}
}

async function judged(response) {
	const body = await response.json().catch(() => {
		throw new Lost();
	});
	if (response.ok) return body;
	if (response.status === 401) go('#/pair', { replaces: true });
	throw new Refused(response.status, body);
}

const get = async (path) => judged(await request(path, { signal: AbortSignal.timeout(20_000) }));

async function postOnce(path, body, type = 'application/json', timeoutMs = 20_000) {
	const options = { method: 'POST', body, headers: { 'Content-Type': type }, signal: AbortSignal.timeout(timeoutMs) };
	return judged(await request(path, options));
}

/** Post until there is an answer, for half a minute at most. By the body's id, the server does it once. */
async function post(path, body) {
	const endMs = Date.now() + 30_000;
	for (let failures = 0; ; failures++) {
		try {
			return await postOnce(path, JSON.stringify(body));
		} catch (error) {
			if (!(error instanceof Lost) || Date.now() > endMs) throw error;
			await connected(waitMs(failures));
		}
	}
}

/** A UUID; `crypto.randomUUID` is there only under HTTPS. */
function uuid() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	bytes[6] = (bytes[6] & 15) | 64;
	bytes[8] = (bytes[8] & 63) | 128;
	const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
	return hex.replace(/^(.{8})(....)(....)(....)/, '$1-$2-$3-$4-');
}

/** The events of a stream as [name, data, id]. */
async function* eventsOf(response) {
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	for (let rest = ''; ; ) {
		const { value, done } = await reader.read();
		if (done) return;
		const events = (rest + value).split('\n\n');
		rest = events.pop();
		for (const text of events) {
			const field = (name) => text.match(new RegExp(`^${name}: ?(.*)$`, 'm'))?.[1];
			yield [field('event'), JSON.parse(field('data') ?? '{}'), field('id')];
		}
	}
}

/* ---------------------------------------------------------------- the connection */

const SILENT_MS = 45_000;

/** The stream: whether it is up, when its last event came, the cursor after that, failures since. */
const line = { isUp: false, last: Date.now(), cursor: '', failures: 0, timer: 0, ending: null };
const waiting = new Set();

let me = { machine: '', rights: 'look' };
const may = (right) => me.rights === 'everything' || me.rights === right;

/** Rows by the ids of chats, and the machines that are not reached by name. */
const rows = new Map();
const away = new Map();

/** Begin a new stream behind the last event; the old one ends. */
async function connect() {
	clearTimeout(line.timer);
	line.ending?.abort();
	const ending = (line.ending = new AbortController());
	const tooLate = setTimeout(() => ending.abort(), 10_000);
	const failure = await follow(ending.signal, tooLate).catch((error) => error);
	clearTimeout(tooLate);
	if (line.ending === ending && failure?.status !== 401) lose();
}

async function follow(signal, tooLate) {
	if (!line.cursor) await loadList();
	const response = await request('/api/stream', { signal, headers: { 'Last-Event-ID': line.cursor } });
	if (!response.ok) return judged(response);
	for await (const [name, data, id] of eventsOf(response)) {
		if (signal.aborted) return;
		clearTimeout(tooLate);
		line.last = Date.now();
		if (id) line.cursor = id;
		await onEvent[name]?.(data);
	}
}

const onEvent = {
	hello() {
		const wasLost = line.failures || !byId('lost').hidden;
		line.isUp = true;
		line.failures = 0;
		waiting.forEach((resolve) => resolve());
		showLine();
		if (wasLost) page?.reload?.();
	},
	row(row) {
		rows.set(row.id, row);
		changed(row.id);
	},
	gone({ chat }) {
		rows.delete(chat);
		changed(chat);
	},
	machine(machine) {
		machine.since ? away.set(machine.name, machine) : away.delete(machine.name);
		changed();
	},
	async reset() {
		await loadList();
		page?.reload?.();
	},
};

async function loadList() {
	const [mine, list] = await Promise.all([get('/api/me'), get('/api/chats')]);
	me = mine;
	line.cursor = list.cursor;
	rows.clear();
	away.clear();
	for (const row of [...list.chats, ...list.ended]) rows.set(row.id, row);
	for (const machine of list.machines) away.set(machine.name, machine);
	if (!page) route();
	changed();
}

function changed(chat) {
	listPage.drawSoon();
	page?.changed?.(chat);
}

function lose() {
	line.isUp = false;
	line.timer = setTimeout(connect, waitMs(line.failures++));
	showLine();
}

/** Say whether there is a connection: without one, nothing can be done, and nothing looks current. */
function showLine() {
	const words = line.cursor ? `Not connected since ${clock(line.last)}` : 'Not connected';
	const lost = byId('lost');
	part(lost.firstChild, line.isUp ? '' : words, (text) => text);
	lost.hidden = line.isUp;
	document.body.classList.toggle('lost', !line.isUp);
	gate();
	tick();
}

/** Resolve when there is a connection again, at the latest after a time. */
function connected(ms) {
	return new Promise((resolve) => {
		waiting.add(resolve);
		setTimeout(resolve, ms);
	}).finally(() => waiting.clear());
}

/** Connect anew after a sleep. Until then, what is older than two heartbeats does not count as current. */
function wake() {
	if (document.hidden || page instanceof PairPage) return;
	if (line.isUp && Date.now() - line.last > SILENT_MS) {
		line.isUp = false;
		showLine();
	}
	connect();
}

/* ---------------------------------------------------------------- parts of pages */

const always = () => true;

/** A button. With `isReady`, it does something at the desk: it is off without a connection, and while that is false. */
function button(kind, label, onclick, isReady) {
	const element = h(`button.${kind}`, { type: 'button', onclick }, label);
	return isReady ? gated(element, isReady) : element;
}

function gated(element, isReady) {
	element.classList.add('gated');
	element.isReady = isReady;
	element.disabled = !line.isUp || !isReady();
	return element;
}

/** Turn all buttons on or off that do something at the desk. */
function gate() {
	for (const each of document.querySelectorAll('.gated')) each.disabled = !line.isUp || !each.isReady();
}

function iconButton(name, label, onclick, isReady) {
	const element = button('icon', icon(name), onclick, isReady);
	element.setAttribute('aria-label', label);
	return element;
}

/** The head of a page: where Back goes, the name, what is at the right. */
function head(back, name, ...right) {
	const link = h('a.back', { href: back || '#/' }, icon('back'), back ? 'Back' : 'Chats');
	link.onclick = (event) => {
		event.preventDefault();
		go(back || '#/', { isBack: true });
	};
	return h('header.bar', h('div.side', link), h('h1.cut', { tabindex: -1 }, name), h('div.side', right));
}

/** Added and removed lines as numbers. */
function numbers({ added, removed }) {
	return h('span.small.both', added ? h('span.plus', `+${added}`) : '', removed ? h('span.minus', `−${removed}`) : '');
}

/** Added and removed lines as five squares and bars: one for less than 10 lines, then 40, 150, 600. */
function squares({ added, removed }) {
	const all = added + removed;
	if (!all) return h('span');
	const lit = Math.max(1 + [10, 40, 150, 600].filter((least) => all >= least).length, added && removed ? 2 : 1);
	const bars = removed ? Math.min(Math.max(1, Math.round((lit * removed) / all)), added ? lit - 1 : lit) : 0;
	const kinds = [...'aaaaa'.slice(0, lit - bars), ...'ddddd'.slice(0, bars), ...'ooooo'.slice(lit)];
	const words = `${added ?? 0} added, ${removed ?? 0} removed`;
	return h('span.squares', { role: 'img', 'aria-label': words }, kinds.map((kind) => h(`i.${kind}`)));
}

const MARKS = {
	'needs you': 'asks.amber', working: 'works.blue', starting: 'works.quiet', running: 'runs.quiet', ended: 'over.quiet',
	'stopped by an error': 'failed.bad', 'ended with an error': 'failed.bad', interrupted: 'cut.quiet',
	'no signal': 'unsure.quiet', unreachable: 'unsure.quiet',
};

function markOf(row) {
	const [name, colour] = (MARKS[row.mark] ?? '').split('.');
	return name ? h(`span.${colour}`, icon(name), h('span.unseen', row.mark)) : h('span');
}

const addressOf = (kind, chat, part) => ['#', kind, chat, part].filter((each) => each !== undefined).map((each) => (each === '#' ? each : encodeURIComponent(each))).join('/');
const viewOf = (row) => addressOf(row.kind === 'screen' ? 'screen' : 'chat', row.id);
const machineOf = (row) => row.machine || me.machine;

/** Show in an element what `render` makes of a value, if the value is another one than before. */
function part(element, value, render) {
	const text = JSON.stringify(value) ?? '';
	if (element.shown === text) return;
	element.shown = text;
	element.replaceChildren(...[render(value)].flat(3).filter(Boolean));
}

/** Load what a page shows, which only the newest answer does. A failure shows if the page has nothing yet. */
async function load(self, path, take) {
	const number = (self.loads = (self.loads ?? 0) + 1);
	const got = await get(path).catch((error) => error);
	if (page !== self || number !== self.loads) return;
	self.failure?.remove();
	if (!(got instanceof Error)) {
		self.isLoaded = true;
		take(got);
	} else if (!self.isLoaded) {
		self.failure = h('div.note', { role: 'alert' }, got.message);
		self.main.prepend(self.failure);
	}
}

/* ---------------------------------------------------------------- lines of text and of changes */

const LINE_TAGS = { added: 'ins', removed: 'del', dim: 'div.dim' };

/** Lines, [text, style] each. Changes have a sign, and numbers where hunk heads tell them. */
function lineBlock(lines, isEdit) {
	const isSigned = isEdit || lines.some(([, style]) => style === 'added' || style === 'removed');
	const block = h('div.lines', { role: 'group', 'aria-label': isSigned ? 'Changes' : 'Text' });
	let [before, after, most] = [0, 0, 0];
	for (const [text, style] of lines) {
		const hunk = isSigned && style === 'dim' && text.match(/^@@ -(\d+)\S* \+(\d+)/);
		if (hunk) {
			const skipped = after ? hunk[2] - after : 0;
			[before, after] = [Number(hunk[1]), Number(hunk[2])];
			if (skipped || !(before || after)) block.append(h('div.dim', skipped > 0 ? count(skipped, 'unchanged line') : exactly(text)));
			continue;
		}
		const element = oneLine(isSigned && style !== 'dim' ? text.replace(/^[-+− ]/, '') : text, style);
		block.append(element);
		if (style === 'dim' || !isSigned) before = after = 0;
		else if (before || after) {
			element.dataset.n = style === 'removed' ? before : after;
			if (style !== 'added') before++;
			if (style !== 'removed') after++;
			most = Math.max(most, before, after);
		}
	}
	if (isSigned) block.classList.add('signed');
	if (most) block.style.setProperty('--digits', String(most).length + 1);
	return block;
}

/** One line, wrapped with an indent two columns behind its own. */
function oneLine(text, style) {
	const element = h(LINE_TAGS[style] ?? 'div', exactly(text));
	const indent = text.match(/^[ \t]*/)[0].replaceAll('\t', '    ').length;
	if (indent) element.style.setProperty('--i', Math.min(indent, 16) + 2);
	return element;
}

const textBlock = (text) => lineBlock(text.split('\n').map((each) => [each, '']));

/* ---------------------------------------------------------------- the list */

const GROUPS = ['needs you', 'working', 'running', 'idle', 'no signal', 'interrupted', 'unreachable', 'ended'];

class ListPage {
	items = new Map();
	empty = h('p.note');
	device = h('div.device.small.quiet');
	plus = h('a.icon', { href: '#/new', 'aria-label': 'New chat' }, icon('plus'));
	groups = new Map(GROUPS.map((name) => [name, this.group(name)]));
	main = h('main', this.empty, [...this.groups.values()].map(({ root }) => root), this.device);
	root = [h('header.bar.top', h('h1', { tabindex: -1 }, 'Outlive'), this.plus), this.main];

	group(name) {
		const [number, list] = [h('span'), h('ul')];
		const label = [name === 'ended' ? 'Ended today' : capital(name), number];
		const root =
			name === 'ended'
				? h('details.group', h('summary.cap', label), list)
				: h(`section.group${name === 'needs you' ? '.asks' : ''}`, h('h2.cap', label), list);
		return { root, list, number };
	}

	/** Draw with the next frame: many rows that change at once are drawn once. */
	drawSoon() {
		if (!this.isDue) requestAnimationFrame(() => this.draw());
		this.isDue = true;
	}

	draw() {
		this.isDue = false;
		const focused = document.activeElement;
		const anchor = this.firstInView();
		const top = anchor?.getBoundingClientRect().top;
		for (const id of this.items.keys()) if (!rows.has(id) && !id.startsWith('machine ')) this.items.delete(id);
		for (const [name, { root, list, number }] of this.groups) {
			const own = this.rowsOf(name);
			const entries = name === 'unreachable' ? this.machines(own) : own.map((row) => this.item(row));
			place(list, entries);
			root.hidden = !entries.length;
			number.textContent = entries.length;
		}
		this.drawRest();
		if (anchor?.isConnected) this.main.scrollTop += anchor.getBoundingClientRect().top - top;
		if (focused?.isConnected) focused.focus({ preventScroll: true });
	}

	drawRest() {
		const asking = this.rowsOf('needs you').length;
		document.title = asking ? `(${asking}) Outlive` : 'Outlive';
		const start = may('everything') ? 'Start one with +.' : 'Start one there.';
		const words = rows.size || away.size ? 'Nothing needs you.' : `No chats run on ${me.machine}. ${start}`;
		this.empty.textContent = line.cursor ? words : 'Loading…';
		this.empty.hidden = asking > 0;
		this.plus.hidden = !may('everything');
		part(this.device, me, () => me.device && [
			h('bdi', facts(me.device, RIGHTS[me.rights], `Outlive ${me.version} on ${me.machine}`)),
			button('link', 'Forget this device…', askToLeave),
		]);
	}

	/** The first row in view, to keep it there; none at the top, where new rows should show. */
	firstInView() {
		const edge = this.main.getBoundingClientRect().top;
		const isInView = (row) => row.getBoundingClientRect().bottom > edge;
		return this.main.scrollTop ? [...this.main.querySelectorAll('.row')].find(isInView) : null;
	}

	rowsOf(group) {
		const sign = group === 'ended' || group === 'interrupted' ? -1 : 1;
		const own = [...rows.values()].filter((row) => row.group === group);
		return own.sort((one, other) => (one.order < other.order ? -sign : sign));
	}

	item(row) {
		const item = this.items.get(row.id) ?? h('li');
		this.items.set(row.id, item);
		part(item, row, () => this.link(row));
		return item;
	}

	link(row) {
		const isAsking = row.group === 'needs you';
		return h(
			`a.row.h${row.hue}${MARKS[row.mark]?.endsWith('bad') ? '.failed' : ''}`,
			{ href: isAsking ? addressOf('question', row.id) : viewOf(row), id: `row ${row.id}` },
			h('i.dot'),
			h('span.name', h('bdi.cut', row.name), row.machine ? h('bdi.small.quiet', row.machine) : ''),
			showAge(h('time.small.quiet'), row.since),
			markOf(row),
			h('bdi.words.cut', row.words),
			isAsking ? numbers(row) : squares(row),
		);
	}

	/** The machines that are not reached, each with its chats as they were. */
	machines(own) {
		const names = new Set([...away.keys(), ...own.map((row) => row.machine)]);
		return [...names].map((name) => {
			const item = this.items.get(`machine ${name}`) ?? h('li', h('details', h('summary.away'), h('ul')));
			this.items.set(`machine ${name}`, item);
			const [summary, list] = item.firstChild.children;
			const mine = own.filter((row) => row.machine === name);
			place(list, mine.map((row) => this.item(row)));
			part(summary, { chats: mine.length, ...away.get(name) }, ({ since, why, chats }) => [
				h('div', h('bdi.cut', name), quiet(since ? `since ${clock(since)}` : '')),
				h('bdi.small.quiet', facts(why, `${count(chats, 'chat')}, as they were then. They may still run.`)),
			]);
			return item;
		});
	}
}

const RIGHTS = { look: 'may look', answer: 'may look and answer', everything: 'may do everything' };

function askToLeave() {
	const leave = () => post('/api/leave', {}).then(() => location.reload(), showFailure);
	sheet('Forget this device?', h('p', `It shows no chats until it is paired again on ${me.machine}.`), sheetButtons('Forget', leave));
}

/** Put these elements into a list, in this order; those that are in place stay untouched. */
function place(list, elements) {
	const wanted = new Set(elements);
	for (const element of [...list.children]) if (!wanted.has(element)) element.remove();
	let at = list.firstChild;
	const fresh = document.createDocumentFragment();
	for (const element of elements) {
		if (element === at) at = at.nextSibling;
		else if (at) list.insertBefore(element, at);
		else fresh.append(element);
	}
	list.append(fresh);
}

/* ---------------------------------------------------------------- a question */

/** What became of answers, by chat and request: {state: "sending" | "unsure" | "over", words, detail, isDone, body}. */
const outcomes = new Map();

const isNo = ({ kind }) => kind.startsWith('reject') || kind === 'cancel';

class QuestionPage {
	question = null;
	others = [];
	age = h('time.small.quiet');
	main = h('main');
	below = h('div.below.small.quiet');
	became = h('div.became', { role: 'status' });
	buttons = h('div.buttons');
	foot = h('footer.foot', { hidden: true }, this.below, this.became, this.buttons);
	resized = new ResizeObserver(() => this.showBelow());
	arm = this.arm.bind(this);

	constructor(chat, request) {
		this.chat = chat;
		this.wanted = request;
		this.root = [head('', h('bdi', rows.get(chat)?.name), this.age), this.main, this.foot];
		this.main.onscroll = () => this.showBelow();
		this.resized.observe(this.main);
		document.addEventListener('visibilitychange', this.arm);
	}

	close() {
		this.ends?.disconnect();
		this.resized.disconnect();
		document.removeEventListener('visibilitychange', this.arm);
	}

	changed(chat) {
		if (chat === this.chat) this.reload();
		else this.showFoot();
	}

	reload() {
		return load(this, about('questions', this.chat), (got) => this.take(got));
	}

	/** Take what is open now. The question that is shown stays, even when it is over. */
	take(got) {
		this.row = got.chat;
		const wanted = this.question?.request ?? this.wanted;
		const found = wanted ? got.questions.find(({ request }) => request === wanted) : got.questions[0];
		this.others = got.questions.filter((each) => each !== found);
		if (found && found.digest !== this.question?.digest) this.show(found);
		else if (!found && this.question) this.end(got.over?.find(({ request }) => request === wanted));
		else if (!found) this.showNone(got.elsewhere);
		this.showFoot();
	}

	show(question) {
		if (this.question) say('The question changed. Read it again.');
		this.question = question;
		this.key = `${this.chat} ${question.request}`;
		this.shownLines = question.lines;
		this.form = new AnswerForm(question, gate);
		showAge(this.age, question.at);
		this.foot.hidden = false;
		this.draw();
	}

	draw() {
		const { question, row } = this;
		const endMark = h('i.mark');
		this.isSeen = false;
		this.lines = lineBlock(this.shownLines, question.kind === 'edit');
		this.main.replaceChildren(
			h(
				'div.ask',
				h('h2', icon('asks'), exactly(question.title)),
				h('p.small.quiet', h('bdi', `${row.agent_name} on ${machineOf(row)}`), ' · ', exactly(question.directory), ' ', numbers(question)),
				question.reason ? h('p.small', exactly(question.reason)) : '',
			),
			this.shownLines.length ? this.lines : '',
			this.exactButton(),
			this.form.root,
			endMark,
			question.complete ? h('p.end.small.quiet', 'The end') : h('p.end.bad', 'The agent did not report everything that would run: this can only be declined.'),
			h('div.choices', question.options.filter(({ kind }) => kind === 'choice').map((option) => this.optionButton(option))),
		);
		this.ends?.disconnect();
		this.ends = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && this.see(), { root: this.main });
		this.ends.observe(endMark);
		this.main.scrollTop = 0;
		this.arm();
	}

	/** A button that shows the subject exactly as the agent states it, if it is shown shortened. */
	exactButton() {
		const { exact, lines } = this.question;
		if (!exact) return '';
		const isExact = this.shownLines === exact;
		const toggle = () => {
			this.shownLines = isExact ? lines : exact;
			this.draw();
			this.showFoot();
		};
		return h('p.end', button('link', isExact ? 'Show shortened' : 'Show exactly', toggle));
	}

	/* Whether it can be allowed: its end was in view, and the page stood still since. */

	see() {
		this.isSeen = true;
		this.showBelow();
		gate();
	}

	/** Begin to wait, so a tap that was meant for what was here before allows nothing. */
	arm() {
		this.armedMs = performance.now() + 300;
		setTimeout(gate, 310);
		gate();
	}

	canAllow() {
		return this.isSeen && this.question.complete && performance.now() > this.armedMs;
	}

	canSend(option) {
		return may('answer') && !this.outcome && (isNo(option) || this.canAllow());
	}

	showBelow() {
		if (!this.question) return;
		const left = this.isSeen ? 0 : this.linesBelow();
		const words = left ? `${count(left, 'line')} below` : 'More below';
		part(this.below, this.isSeen || words, () => (this.isSeen ? '' : [h('span', words), h('span', 'Allow waits for the end')]));
	}

	/** How many lines end below the foot's edge. */
	linesBelow() {
		const edge = this.main.scrollTop + this.main.clientHeight + 1;
		const all = this.lines.children;
		let [low, high] = [0, all.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (all[middle].offsetTop + all[middle].offsetHeight > edge) high = middle;
			else low = middle + 1;
		}
		return all.length - low;
	}

	/* The foot: how much is below and the answers; then what became of the answer and where to go. */

	get outcome() {
		return outcomes.get(this.key);
	}

	showFoot() {
		if (!this.question) return;
		const { outcome } = this;
		this.below.hidden = Boolean(outcome) || !may('answer');
		part(this.became, [outcome, me], () => this.becameOf(outcome));
		part(this.buttons, [outcome?.state, this.question, this.next(), me], () => this.buttonsFor(outcome));
		if (outcome) showAge(this.age, '');
		this.showBelow();
		gate();
	}

	becameOf(outcome) {
		if (!outcome && may('answer')) return '';
		const { state, words, detail, isDone } = outcome ?? { words: `Answer it at ${machineOf(this.row)}`, detail: `This ${DEVICE} may only look.` };
		const sign = state && state !== 'sending' && h(`span.${isDone ? 'plus' : 'bad'}`, icon(isDone ? 'check' : 'cross'));
		return [sign, h('div', h('b', words), quiet(detail))];
	}

	buttonsFor(outcome) {
		if (outcome?.state === 'sending') return '';
		if (!outcome && may('answer')) return this.answerButtons();
		const open = button('button', 'Open the chat', () => go(viewOf(this.row)));
		const next = this.next();
		if (outcome?.state === 'unsure') return [button('button.main', 'Try again', () => this.deliver(outcome.body), always), open];
		if (next) return [button('button.main', 'Next question', () => go(next, { replaces: true })), open];
		return [open, button('button', 'Chats', () => go('#/', { isBack: true }))];
	}

	/** The address of the next question: of this chat, else of the next one that waits; undefined if there is none. */
	next() {
		if (this.others.length) return addressOf('question', this.chat, this.others[0].request);
		const row = listPage.rowsOf('needs you').find(({ id }) => id !== this.chat);
		return row && addressOf('question', row.id);
	}

	answerButtons() {
		const { options, forms, complete, takes_words: takesWords } = this.question;
		const offered = options.filter((option) => option.kind !== 'choice' && (complete || isNo(option)));
		const yes = forms.length ? { id: '', kind: '', label: 'Answer', name: '' } : options.find(({ kind }) => kind === 'allow_once');
		const no = options.find(({ kind }) => kind === 'reject_once') ?? options.find(isNo);
		const rest = offered.filter((option) => option !== yes && option !== no);
		const more = iconButton('more', 'More answers', () => this.openMore(rest, takesWords && no));
		more.className = 'button square';
		return [yes && this.optionButton(yes, '.main'), no && this.optionButton(no), (rest.length || (takesWords && no)) && more];
	}

	optionButton(option, kind = '') {
		const isReady = () => this.canSend(option) && (option.id !== '' || this.form.isComplete);
		return button(`button${kind}`, exactly(option.label), () => this.send(option), isReady);
	}

	openMore(options, refusal) {
		const entries = options.map((option) => {
			const isRule = option.kind.endsWith('always');
			const more = [option.name !== option.label && exactly(option.name), !isNo(option) && !this.canAllow() && h('div', 'Waits for the end of the question')];
			return entry([exactly(option.label), isRule && '…'], more, () => (isRule ? this.confirm(option) : this.send(option)), () => this.canSend(option));
		});
		sheet('More answers', entries, refusal && entry('Decline and say why…', '', () => this.sayWhy(refusal), always));
	}

	/** A rule holds for later questions, too: all that it covers is shown before. */
	confirm(option) {
		sheet('This also holds for later', textBlock(option.name), sheetButtons(exactly(option.label), () => this.send(option), () => this.canSend(option)));
	}

	sayWhy(option) {
		const field = draftField(`why ${this.key}`, 'Say what to do instead', 3);
		const isReady = () => this.canSend(option) && field.value.trim() !== '';
		sheet('Decline and say why', field, sheetButtons('Decline', () => this.send(option, field.value), isReady));
		field.focus();
	}

	send(option, text = '') {
		closeSheet();
		const { request, digest } = this.question;
		const answers = option.id === '' ? this.form.answers() : {};
		this.deliver({ id: uuid(), chat: this.chat, request, digest, option: option.id, text, answers });
	}

	/** Deliver an answer. Its id stays the same, so however often it comes, it counts once. */
	async deliver(body) {
		const { key, form, row } = this;
		const put = (outcome) => {
			outcomes.set(key, outcome);
			say(facts(outcome.words, outcome.detail));
			page.showFoot?.();
		};
		put({ state: 'sending', words: 'Sending…' });
		try {
			const { words, at, detail } = await post('/api/answer', body);
			form.forget();
			memory.set(`why ${key}`, '');
			put({ state: 'over', isDone: true, words: facts(words, clock(at)), detail });
		} catch (error) {
			put({ body, ...notTaken(error, machineOf(row)) });
			page?.reload?.();
		}
	}

	/** The question is no longer open, and this page did not answer it. */
	end(over) {
		if (this.outcome && this.outcome.state !== 'unsure') return;
		const words = over ? capital(over.words) : 'No longer open';
		const detail = over ? '' : 'It was answered elsewhere, or the agent withdrew it.';
		outcomes.set(this.key, { state: 'over', words: facts(words, clock(over?.at ?? now())), detail });
		closeSheet();
	}

	showNone(elsewhere) {
		const view = elsewhere ? addressOf('screen', this.chat) : viewOf(this.row);
		const open = button('button', elsewhere ? 'Open the screen' : 'Open the chat', () => go(view, { replaces: true }));
		const words = this.wanted ? 'This question is no longer open.' : 'This chat asks nothing now.';
		part(this.main, elsewhere || words, () => [
			h('div.ask', elsewhere ? [h('h2', icon('asks'), 'Asked in its terminal only'), h('p.quiet', 'Answer it on its screen.')] : h('p', words)),
			elsewhere && textBlock(elsewhere),
			h('div.note', open),
		]);
	}
}

/** What to show for an answer that was not taken; it can be tried again where the question may still be open. */
function notTaken(error, machine) {
	if (error instanceof Lost) {
		return { state: 'unsure', words: 'Not confirmed: the connection was lost', detail: 'Try again: it is the same answer, and counts once.' };
	}
	const { at, detail } = error.body;
	const words = facts(error.message, at && clock(at));
	const open = {
		unreachable: `The question is still open. Try again when ${machine} is reached.`,
		no_answer: 'Try again: it is the same answer, and counts once.',
		too_many: 'Wait a moment, then try again.',
		not_allowed: `What this ${DEVICE} may do is chosen on ${me.machine}.`,
	}[error.code];
	return { state: open ? 'unsure' : 'over', words, detail: detail ?? open ?? 'This answer had no effect.' };
}

/** The fields of a question that asks for more than yes or no. */
class AnswerForm {
	constructor({ request, forms }, onChange) {
		this.fields = forms.map((form) => this.field(form, `form ${request} ${form.id}`));
		this.root = forms.length ? h('form', { onsubmit: (event) => event.preventDefault(), oninput: onChange }, this.fields.map(({ root }) => root)) : '';
	}

	field({ id, text, options, free, secret, several }, draft) {
		const boxes = options.map(([name]) => h('input', { type: several ? 'checkbox' : 'radio', name: id, value: name }));
		const labels = options.map(([name, meaning], at) => h('label.choice', boxes[at], h('span', exactly(name), meaning && h('small.small.quiet', exactly(meaning)))));
		let typed = null;
		if (secret) typed = h('input.field', { type: 'password', autocomplete: 'off', placeholder: 'Your answer' });
		else if (free || !options.length) typed = draftField(draft, 'Your answer');
		typed?.setAttribute('aria-label', text);
		if (typed && !several) {
			typed.addEventListener('input', () => boxes.forEach((box) => (box.checked = false)));
			boxes.forEach((box) => box.addEventListener('input', () => (typed.value = '')));
		}
		const root = h('fieldset', { disabled: !may('answer') }, h('legend', exactly(text), several && quiet(' (several answers possible)')), labels, typed);
		return { id, draft, boxes, typed, root };
	}

	forget() {
		for (const { draft } of this.fields) memory.set(draft, '');
	}

	/** The answers by the forms' ids. */
	answers() {
		return Object.fromEntries(this.fields.map(({ id, boxes, typed }) => {
			const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
			return [id, typed?.value.trim() ? [...chosen, typed.value] : chosen];
		}));
	}

	get isComplete() {
		return Object.values(this.answers()).every((given) => given.length);
	}
}

/* ---------------------------------------------------------------- a chat */

const TURNS_SHOWN = 8;
const OUTCOMES = { interrupted: 'Stopped', failed: 'Failed', limit: 'Stopped by a limit' };

class ChatPage {
	turns = new Map();
	earlier = h('div');
	list = h('div');
	plan = h('div.block');
	files = h('div.block');
	limits = h('div.block');
	note = h('p.quiet');
	above = h('div');
	said = h('p.small', { role: 'status' });
	main = h('main', h('div.chat', this.note, this.earlier, this.list, this.plan, this.files, this.limits));
	foot = h('footer.foot', { hidden: true }, this.above, this.said);

	constructor(chat) {
		this.chat = chat;
		this.field = draftField(`chat ${chat}`, 'Ask the agent');
		this.field.className = '';
		this.field.onkeydown = (event) => {
			if (event.key === 'Enter' && !event.shiftKey && DEVICE === 'browser' && !event.isComposing) {
				event.preventDefault();
				if (this.canSend()) this.send(false);
			}
		};
		this.pick = h('input', { type: 'file', hidden: true, onchange: () => this.upload(this.pick.files[0]) });
		this.go = button('go', icon('send'), () => this.send(false), () => this.canSend());
		this.prompts = iconButton('prompts', 'Saved prompts', () => this.openPrompts());
		this.stop = iconButton('stop', 'Stop the turn', () => this.act('interrupt'), always);
		this.more = iconButton('more', 'Other ways to send', () => this.openMore());
		const clip = iconButton('clip', 'Add a photo or file', () => this.pick.click(), () => !this.isUploading);
		this.box = h('div.box', this.field, h('div.tools', clip, this.pick, this.prompts, h('i'), this.stop, this.more, this.go));
		this.end = button('button', 'Resume', () => this.act('resume'), always);
		this.foot.append(this.box, this.end);
		this.root = [head('', h('bdi', rows.get(chat)?.name), iconButton('more', 'More', () => openChatMenu(this.got, chat))), this.main, this.foot];
		this.poll = setInterval(() => this.isWorking && line.isUp && !document.hidden && this.reload(), 5000);
	}

	close() {
		clearInterval(this.poll);
	}

	changed(chat) {
		if (chat === this.chat) this.due ??= setTimeout(() => this.reload(), 500);
	}

	reload() {
		clearTimeout(this.due);
		this.due = undefined;
		return load(this, about('chat', this.chat), (got) => this.take(got));
	}

	take(got) {
		const { main } = this;
		const isFirst = !this.got;
		const isAtEnd = main.scrollTop + main.clientHeight > main.scrollHeight - 40;
		this.got = got;
		this.isWorking = got.turns.at(-1)?.outcome === 'running';
		this.showTurns(got.turns);
		this.note.textContent = got.note || (got.turns.length ? '' : 'No turns yet.');
		part(this.plan, got.plan, (plan) => plan.length && [h('h2.cap.note-head', `Plan · ${plan.filter((step) => step[1] === 'completed').length} of ${plan.length} done`), h('ol', plan.map(planStep))]);
		part(this.files, got.files, (files) => files.map((file) => this.fileLink(file)));
		part(this.limits, got.limits, (limits) => limits.map(limitLine));
		this.showFoot();
		if (isFirst) this.list.lastChild?.scrollIntoView();
		else if (isAtEnd) main.scrollTop = main.scrollHeight;
	}

	/* Turns: earlier ones as lines, the last one open */

	showTurns(turns) {
		const hidden = this.showsAll ? 0 : Math.max(0, turns.length - TURNS_SHOWN);
		const showAll = () => {
			this.showsAll = true;
			this.showTurns(this.got.turns);
		};
		part(this.earlier, hidden, () => hidden && button('link', `Show ${count(hidden, 'earlier turn')}`, showAll));
		place(this.list, turns.slice(hidden).map((turn) => this.turn(turn, turn === turns.at(-1))));
	}

	turn(turn, isLast) {
		const element = this.turns.get(turn.turn) ?? h('section.turn');
		this.turns.set(turn.turn, element);
		element.isOpen ??= isLast;
		element.draw = () => part(element, [turn, element.isOpen, isLast], () => (element.isOpen ? this.openTurn(turn, element, isLast) : this.closedTurn(turn, element)));
		element.classList.toggle('open', element.isOpen);
		element.draw();
		return element;
	}

	toggle(element) {
		element.isOpen = !element.isOpen;
		element.classList.toggle('open', element.isOpen);
		element.draw();
		element.querySelector('button').focus({ preventScroll: true });
	}

	closedTurn(turn, element) {
		const right = turn.added || turn.removed ? numbers(turn) : showAge(h('time.small.quiet'), turn.at);
		return h('button.fold', { type: 'button', 'aria-expanded': 'false', onclick: () => this.toggle(element) }, icon('fold'), h('bdi.cut', turn.prompt), right);
	}

	openTurn(turn, element, isLast) {
		const answer = h('div.answer');
		const steps = h('div.steps', { hidden: true });
		const prompt = isLast ? promptText(turn.prompt) : h('button', { type: 'button', 'aria-expanded': 'true', onclick: () => this.toggle(element) }, promptText(turn.prompt));
		this.fillAnswer(turn, answer, steps);
		return [prompt, this.facts(turn, steps), steps, answer, turn.outcome === 'running' ? this.live(turn) : outcomeLine(turn)];
	}

	async fillAnswer(turn, answer, steps, isAsked = false) {
		if (turn.answer_html !== null) answer.innerHTML = turn.answer_html;
		if (turn.answer_html !== null && !isAsked) return;
		try {
			const got = await get(`${about('turn', this.chat)}&turn=${encodeURIComponent(turn.turn)}`);
			if (turn.answer_html === null) answer.innerHTML = got.answer_html;
			part(steps, got.steps, (all) => all.map(stepOf));
		} catch (error) {
			(isAsked ? steps : answer).textContent = error.message;
		}
	}

	facts(turn, steps) {
		const words = [turn.steps && h('span', turn.steps), numbers(turn), turn.seconds !== null && h('span', `${turn.steps ? '· ' : ''}${duration(turn.seconds)}`)];
		if (!turn.steps) return h('div.fold.facts', words);
		const toggle = (event) => {
			steps.hidden = !steps.hidden;
			event.currentTarget.setAttribute('aria-expanded', String(!steps.hidden));
			if (!steps.hidden) this.fillAnswer(turn, h('div'), steps, true);
		};
		return h('button.fold.facts', { type: 'button', 'aria-expanded': 'false', onclick: toggle }, icon('fold'), words);
	}

	live(turn) {
		return h('p.live', icon('works'), h('bdi', this.got.chat.group === 'working' ? this.got.chat.words : 'Working'), showAge(h('time.small.quiet'), turn.at));
	}

	fileLink(file) {
		const [, directory, name] = file.path.match(/^(.*\/)?(.*)$/);
		return h('a.file', { href: addressOf('diff', this.chat, file.path) }, h('bdi.mono.path', h('span.cut', directory), h('span.cut', name)), numbers(file), squares(file), icon('fold'));
	}

	/* What can be done */

	showFoot() {
		const { can, queue, ends, prompts, chat } = this.got;
		const isMine = may('everything');
		const isAsking = chat.group === 'needs you';
		part(this.above, [chat.words, isAsking, queue, ends, isMine], () => [
			isAsking && h('a.band', { href: addressOf('question', this.chat) }, icon('asks'), h('bdi', chat.words), icon('fold')),
			queue.map(({ text, held }) => h('p.queued.small.quiet', held ? 'Held' : 'Next', h('bdi.cut', text))),
			ends && h('p.small.quiet', capital(ends)),
			!isMine && h('p.small.quiet', `This ${DEVICE} ${RIGHTS[me.rights]}. That is chosen on ${me.machine}.`),
		]);
		this.box.hidden = !(isMine && can.send);
		this.end.hidden = !(isMine && can.resume);
		this.stop.hidden = !(can.interrupt && this.isWorking);
		this.more.hidden = !this.isWorking;
		this.prompts.hidden = !prompts.length;
		const label = this.isWorking ? 'Queue' : 'Send';
		part(this.go, label, () => (this.isWorking ? label : icon('send')));
		this.go.setAttribute('aria-label', label);
		this.field.placeholder = `Ask ${chat.agent_name}`;
		this.foot.hidden = false;
		gate();
	}

	canSend() {
		return !this.isSending && this.field.value.trim() !== '';
	}

	tell(text, isBad = false) {
		this.said.textContent = text;
		this.said.classList.toggle('bad', isBad);
	}

	/** Send the field's text. If nobody knows whether it came, sending it again is the same sending. */
	async send(now) {
		const text = this.field.value;
		if (this.unsure?.text !== text || this.unsure?.now !== now) this.unsure = { id: uuid(), chat: this.chat, text, now };
		this.isSending = this.field.readOnly = true;
		gate();
		this.tell('Sending…');
		try {
			const { words } = await post('/api/send', this.unsure);
			this.unsure = null;
			this.field.put('');
			this.tell(words);
		} catch (error) {
			if (error instanceof Refused) this.unsure = null;
			this.tell(`Not ${error instanceof Lost ? 'confirmed' : 'sent'}: ${error.message}. The text is still here.`, true);
		}
		this.isSending = this.field.readOnly = false;
		this.reload();
		gate();
	}

	async act(what) {
		closeSheet();
		const chat = await doToChat(what, this.chat, (text) => this.tell(text));
		if (chat && chat !== this.chat) go(addressOf('chat', chat), { replaces: true });
		else this.reload();
	}

	async upload(file) {
		this.pick.value = '';
		if (!file) return;
		if (file.size > 10 * 1024 * 1024) return this.tell(`${file.name} is larger than 10 MB, the most that can be added.`, true);
		this.isUploading = true;
		gate();
		this.tell(`Adding ${file.name}…`);
		try {
			const { path } = await postOnce(`${about('upload', this.chat)}&name=${encodeURIComponent(file.name)}`, file, 'application/octet-stream', 120_000);
			const text = this.field.value;
			this.field.put(`${text}${text && !/\s$/.test(text) ? ' ' : ''}${path} `);
			this.tell(`Added ${file.name}`);
		} catch (error) {
			this.tell(`${file.name} was not added: ${error.message}`, true);
		}
		this.isUploading = false;
		gate();
	}

	openPrompts() {
		const use = (text) => {
			closeSheet();
			this.field.put(this.field.value + text);
			this.field.focus();
		};
		sheet('Saved prompts', this.got.prompts.map(({ name, text }) => entry(h('bdi', name), h('bdi', text), () => use(text))));
	}

	openMore() {
		const sendNow = () => {
			closeSheet();
			this.send(true);
		};
		sheet('Send', entry('Send now', 'The agent gets it while it works', sendNow, () => this.canSend()), entry('Queue', 'It is sent when the turn ends', () => { closeSheet(); this.send(false); }, () => this.canSend()));
	}
}

function duration(seconds) {
	return seconds < 60 ? `${Math.floor(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** A prompt, its first sentence in bold; a long one is folded. */
function promptText(text) {
	const first = text.match(/^[^]{16,}?(?:[.!?](?=\s)|\n|$)/)?.[0] ?? text;
	const element = h('span.prompt', h('bdi', h('b', first), text.slice(first.length)));
	if (text.length < 500 && text.split('\n').length < 8) return element;
	element.classList.add('long');
	const unfold = (event) => {
		event.stopPropagation();
		element.classList.remove('long');
		event.currentTarget.remove();
	};
	return [element, button('link', 'Show the whole prompt', unfold)];
}

function outcomeLine({ outcome, error }) {
	return OUTCOMES[outcome] ? h(`p.small${outcome === 'interrupted' ? '.quiet' : '.bad'}`, facts(OUTCOMES[outcome], error)) : '';
}

function stepOf({ title, lines }) {
	const name = h('bdi.cut', title);
	return lines.length ? h('details', h('summary.fold', icon('fold'), name), lineBlock(lines)) : h('p.fold', h('span'), name);
}

function planStep([text, state]) {
	const [kind, name] = { completed: ['done', 'check'], in_progress: ['now', 'fold'] }[state] ?? ['', 'over'];
	return h(`li.step.${kind || 'later'}`, icon(name), h('bdi', text), h('span.unseen', state.replace('_', ' ')));
}

function limitLine({ name, used, resets_at: resets }) {
	const percent = Math.round(used * 100);
	const bar = h('i');
	bar.style.width = `${Math.min(100, percent)}%`;
	return h('p.limit.small', h('bdi', name), h(`span.meter${percent >= 90 ? '.full' : percent >= 75 ? '.high' : ''}`, bar), h('span', `${percent} %`), h('span', resets && `until ${clock(resets)}`));
}

/** Stop a turn, end or resume a chat; returns the chat's id, undefined if it failed. */
async function doToChat(what, chat, tell) {
	try {
		const got = await post(`/api/${what}`, { id: uuid(), chat });
		tell(got.words);
		say(got.words);
		return got.chat ?? chat;
	} catch (error) {
		tell(error.message);
	}
}

function openChatMenu(got, chat) {
	if (!got) return;
	const can = may('everything') ? got.can : { screen: got.can.screen };
	const isScreen = page instanceof ScreenPage;
	const act = (what) => () => page.act(what);
	const askToEnd = () => sheet('End this chat?', h('p', 'What it runs is stopped. You can resume an agent later.'), sheetButtons('End the chat', act('stop')));
	sheet(
		h('bdi', got.chat.name),
		h('p.small.quiet', h('bdi', facts(got.chat.agent_name, `on ${machineOf(got.chat)}`, got.chat.directory))),
		isScreen && got.chat.kind !== 'screen' && entry('Conversation', '', () => go(addressOf('chat', chat), { replaces: true })),
		!isScreen && can.screen && entry('Screen', '', () => go(addressOf('screen', chat))),
		can.interrupt && entry('Stop the turn', '', act('interrupt'), always),
		can.stop && entry('End the chat…', '', askToEnd, always),
		can.resume && entry('Resume', '', act('resume'), always),
	);
}

/* ---------------------------------------------------------------- a screen */

const KEYS = [['Esc'], ['Tab'], ['Ctrl+C'], ['Left', '←'], ['Up', '↑'], ['Down', '↓'], ['Right', '→'], ['1'], ['2'], ['3'], ['y'], ['n'], ['Enter']];
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

class ScreenPage {
	age = h('time.small.quiet');
	pre = h('pre', { role: 'group', 'aria-label': 'Screen' });
	main = h('main.screen', { tabindex: 0 }, this.pre);
	words = h('span', { role: 'status' });
	wrap = button('link.small', '', () => this.setWrap(!this.isWrapped));
	resized = new ResizeObserver(() => this.measure());

	constructor(chat) {
		this.chat = chat;
		const row = rows.get(chat);
		this.row = row;
		this.field = h('input', { placeholder: 'Type a line', 'aria-label': 'Type a line', autocapitalize: 'off', autocomplete: 'off', autocorrect: 'off', spellcheck: 'false' });
		this.field.value = memory.get(`line ${chat}`);
		this.field.oninput = () => memory.set(`line ${chat}`, this.field.value);
		this.field.onkeydown = (event) => event.key === 'Enter' && !event.isComposing && this.canType() && this.typeLine();
		const go = button('go', icon('enter'), () => this.typeLine(), () => this.canType());
		go.setAttribute('aria-label', 'Send the line');
		const keys = KEYS.map(([key, label]) => this.key(key, label ?? key));
		this.foot = h('footer.foot.typing', h('div.said.small.quiet', this.words, this.wrap), may('everything') && h('div', h('div.keys', keys.slice(0, 7)), h('div.keys', keys.slice(7)), h('div.keys', this.field, go)));
		showAge(this.age, row?.since);
		this.root = [head('', h('bdi', row?.name), this.age, iconButton('more', 'More', () => this.openMenu())), this.main, this.foot];
		this.setWrap(memory.get('wrap') === 'on');
		this.resized.observe(this.main);
		this.main.onscroll = () => (this.isAtEnd = this.main.scrollTop + this.main.clientHeight > this.main.scrollHeight - 24);
		this.isAtEnd = true;
	}

	close() {
		this.ending?.abort();
		clearTimeout(this.again);
		this.resized.disconnect();
	}

	/** Follow the screen; when its stream breaks, keys wait for the next one. */
	async reload() {
		this.close();
		this.resized.observe(this.main);
		const { signal } = (this.ending = new AbortController());
		try {
			const response = await request(`/api/screen/stream?chat=${encodeURIComponent(this.chat)}`, { signal });
			if (!response.ok) await judged(response);
			for await (const [name, data] of eventsOf(response)) {
				if (signal.aborted) return;
				this.lastMs = Date.now();
				if (name === 'screen') this.take(data);
				if (name === 'ended') return this.end('The chat has ended.');
			}
		} catch (error) {
			if (error instanceof Refused) return this.end(error.message);
		}
		if (!signal.aborted) {
			this.end('');
			this.again = setTimeout(() => this.reload(), 2000);
		}
	}

	end(words) {
		this.isLive = false;
		this.tell(words);
		gate();
	}

	check() {
		if (Date.now() - this.lastMs > SILENT_MS) this.reload();
	}

	take(screen) {
		this.screen = screen;
		this.isLive = true;
		const used = lastUsed(screen);
		const drawn = [...this.pre.children];
		screen.rows.slice(0, used).forEach((runs, at) => {
			const cursor = screen.cursor?.[0] === at ? screen.cursor[1] : -1;
			const row = drawn[at] ?? this.pre.appendChild(h('div'));
			part(row, [runs, cursor], () => (cursor < 0 ? runs.map(runOf) : withCursor(runs, cursor)));
		});
		drawn.slice(used).forEach((row) => row.remove());
		if (this.isAtEnd) this.main.scrollTop = this.main.scrollHeight;
		this.measure();
		gate();
	}

	setWrap(on) {
		this.isWrapped = on;
		memory.set('wrap', on ? 'on' : '');
		this.main.classList.toggle('wrap', on);
		this.wrap.textContent = on ? 'Do not wrap' : 'Wrap lines';
		this.measure();
	}

	/** Say how much of the width is shown, unless there is something else to say. */
	measure() {
		if (!this.screen || this.isTelling) return;
		const probe = this.pre.appendChild(h('span', '0'.repeat(100)));
		const shown = Math.floor((this.main.clientWidth - 28) / (probe.getBoundingClientRect().width / 100));
		probe.remove();
		const { columns } = this.screen;
		const width = this.isWrapped || shown >= columns ? count(columns, 'column') : `${shown} columns of ${columns} shown`;
		this.words.textContent = facts(this.row && machineOf(this.row), width);
	}

	tell(text) {
		this.isTelling = Boolean(text);
		this.words.textContent = text;
		this.words.className = text ? 'txt' : '';
		this.measure();
	}

	key(key, label) {
		const element = button(key.length > 3 && !label.match(/[←-↓]/) ? 'long' : 'key', label, () => this.press({ keys: [key] }, label), () => this.canType());
		if (label !== key) element.setAttribute('aria-label', key);
		return element;
	}

	canType() {
		return Boolean(this.screen) && this.isLive && !this.isSending;
	}

	async typeLine() {
		const text = this.field.value;
		if (await this.press({ text, enter: true }, 'The line')) {
			this.field.value = '';
			memory.set(`line ${this.chat}`, '');
		}
	}

	/** Send keys for the screen that is shown; if it is another one by now, they are refused. */
	async press(what, name) {
		this.isSending = true;
		gate();
		let isSent = false;
		try {
			await post('/api/keys', { id: uuid(), chat: this.chat, keys: [], text: '', enter: false, hash: this.screen.hash, ...what });
			isSent = true;
			this.tell('');
		} catch (error) {
			if (error.body?.screen) this.take(error.body.screen);
			this.tell(error.code === 'screen_changed' ? `${name} was not sent: the screen had changed. Look again.` : `${name} was not sent: ${error.message}`);
		}
		this.isSending = false;
		gate();
		return isSent;
	}

	async openMenu() {
		try {
			openChatMenu(await get(about('chat', this.chat)), this.chat);
		} catch (error) {
			this.tell(error.message);
		}
	}

	async act(what) {
		closeSheet();
		const chat = await doToChat(what, this.chat, (text) => this.tell(text));
		if (chat && chat !== this.chat) go(addressOf('screen', chat), { replaces: true });
	}
}

/** How many rows there are up to the last one with text or the cursor. */
function lastUsed({ rows: all, cursor }) {
	let used = all.length;
	while (used > 1 && used - 1 !== cursor?.[0] && !all[used - 1].some(([text, , ground]) => text.trim() || ground)) used--;
	return used;
}

function runOf([text, colour, ground, style = '']) {
	if (!colour && !ground && !style) return document.createTextNode(text);
	const element = h('span', text);
	const value = (name) => (name.startsWith('#') ? name : `var(--${name})`);
	if (colour) element.style.color = value(colour);
	if (ground) element.style.background = value(ground);
	element.className = [...style].map((letter) => `run-${letter}`).join(' ');
	return element;
}

/** A row's runs with the cursor at a column; a wide character has two columns, a mark none. */
function withCursor(runs, column) {
	const nodes = [];
	let at = 0;
	let isDrawn = false;
	for (const [text, ...style] of runs) {
		let from = 0;
		for (const found of text.matchAll(/[^\p{M}]\p{M}*/gu)) {
			if (!isDrawn && at >= column) {
				isDrawn = true;
				nodes.push(runOf([text.slice(from, found.index), ...style]), h('span.cursor', found[0]));
				from = found.index + found[0].length;
			}
			at += WIDE.test(found[0]) ? 2 : 1;
		}
		nodes.push(runOf([text.slice(from), ...style]));
	}
	if (!isDrawn) nodes.push(' '.repeat(Math.max(0, column - at)), h('span.cursor', ' '));
	return nodes;
}

/* ---------------------------------------------------------------- changes of a file */

class DiffPage {
	main = h('main');

	constructor(chat, path) {
		this.chat = chat;
		this.path = path;
		this.root = [head(addressOf('chat', chat), h('bdi', path.split('/').at(-1))), this.main];
	}

	changed(chat) {
		if (chat === this.chat) this.reload();
	}

	reload() {
		return load(this, `${about('diff', this.chat)}&path=${encodeURIComponent(this.path)}`, ({ path, lines }) => {
			part(this.main, lines, () => [h('p.ask.small.quiet', exactly(path)), lines.length ? lineBlock(lines, true) : h('p.note', 'This file has no changes now.')]);
		});
	}
}

/* ---------------------------------------------------------------- a new chat */

class StartPage {
	main = h('main');
	prompt = draftField('new chat', 'What to do first', 3);
	said = h('p.small.bad', { role: 'status' });

	constructor() {
		this.id = uuid();
		this.start = button('button.main', 'Start', () => this.send(), () => Boolean(this.got) && !this.isSending);
		this.foot = h('footer.foot', this.said, h('div.buttons', this.start));
		this.root = [head('', 'New chat'), this.main, this.foot];
	}

	reload() {
		return load(this, '/api/start', (got) => this.take(got));
	}

	take(got) {
		if (this.got) return;
		this.got = got;
		const select = (name, names) => {
			const field = h('select.field', names.map((text, at) => h('option', { value: at }, text)));
			field.value = Math.max(0, names.indexOf(memory.get(name)));
			field.onchange = () => memory.set(name, names[field.value]);
			return field;
		};
		this.agent = select('start agent', got.presets.map(({ agent_name: agent, preset }) => facts(agent, preset)));
		this.directory = select('start directory', got.directories.map(({ shown, machine }) => facts(shown, machine || me.machine)));
		const label = (text, field) => h('label', h('span.cap', text), field);
		this.main.replaceChildren(h('div.form', label('Agent', this.agent), label('Directory', this.directory), label('First prompt', this.prompt)));
		gate();
	}

	async send() {
		const { agent, preset } = this.got.presets[this.agent.value];
		const { path, machine } = this.got.directories[this.directory.value];
		this.isSending = true;
		this.said.textContent = 'Starting…';
		gate();
		try {
			const { chat } = await post('/api/start', { id: this.id, agent, preset, directory: path, machine, prompt: this.prompt.value });
			this.prompt.put('');
			go(rows.has(chat) ? viewOf(rows.get(chat)) : addressOf('chat', chat), { replaces: true });
		} catch (error) {
			if (error instanceof Refused) this.id = uuid();
			this.said.textContent = `Not started: ${error.message}`;
		}
		this.isSending = false;
		gate();
	}
}

/* ---------------------------------------------------------------- pairing */

const MAY = [['look', 'Look', 'chats, answers, changes, screens'], ['answer', 'Answer', 'questions of agents'], ['everything', 'Send, stop and start', 'prompts, keys, chats']];

class PairPage {
	cells = h('div', { 'aria-hidden': 'true' }, Array.from('12345678', () => h('span')));
	input = h('input', { 'aria-label': 'Pairing code, eight characters', maxlength: 9, autocomplete: 'one-time-code', autocapitalize: 'characters', spellcheck: 'false' });
	name = h('input.field', { value: guessName(), maxlength: 60 });
	said = h('p.small.bad', { role: 'alert' });
	left = h('span');
	body = h('div.pair');
	main = h('main', this.body);

	constructor(code = '') {
		this.input.value = code;
		this.input.oninput = () => this.showCode();
		this.pair = h('button.button.main', { type: 'button', onclick: () => this.send() }, 'Pair');
		this.address = h('p.small.quiet');
		this.foot = h('footer.foot', this.said, h('div.buttons', this.pair), this.address);
		this.root = [this.main, this.foot];
		this.clock = setInterval(() => this.showTime(), 1000);
	}

	close() {
		clearInterval(this.clock);
	}

	async reload() {
		const got = await get('/api/pairing').catch((error) => error);
		if (page === this) this.show(got);
	}

	show(got) {
		this.got = got;
		const isOpen = got.open && got.tries > 0;
		const again = button('button', 'Try again', () => this.reload());
		this.foot.hidden = !isOpen;
		if (got instanceof Error) return this.body.replaceChildren(h('p.note', got.message, again));
		this.address.textContent = `The connection is yours: ${got.address}`;
		const rights = MAY.slice(0, 1 + MAY.findIndex(([right]) => right === got.rights));
		this.tries = h('span', count(got.tries, 'tr').replace(/tr$/, 'try').replace(/trs$/, 'tries'));
		this.body.replaceChildren(
			icon('logo'),
			h('h1', { tabindex: -1 }, `Pair this ${DEVICE} with ${got.machine}`),
			...(isOpen
				? [
						h('p.quiet', `Type the eight characters that ${got.machine} shows under Phone…, or scan its picture with the camera.`),
						h('label.code', this.input, this.cells),
						h('p.small.quiet.row-of', this.tries, this.left),
						h('label.named', h('span.cap', `Name of this ${DEVICE}`), this.name),
						h('h2.cap', `This ${DEVICE} may`),
						h('ul', MAY.map((right) => rightLine(right, rights.includes(right), got.machine))),
						h('p.small.quiet', `Chosen on ${got.machine}, and changed there.`),
					]
				: [h('p.quiet', `No pairing is open. On ${got.machine}, choose Phone… in Outlive, or run: outlive web pair`), again]),
		);
		this.showCode();
		this.showTime();
	}

	showCode() {
		const code = this.code();
		[...this.cells.children].forEach((cell, at) => {
			cell.textContent = code[at] ?? '';
			cell.className = at === code.length ? 'next' : '';
		});
		this.pair.disabled = code.length !== 8 || Boolean(this.isSending);
	}

	code() {
		return this.input.value.toUpperCase().replace(/[^A-Z0-9]/g, '').slice(0, 8);
	}

	showTime() {
		if (!this.got?.open) return;
		const seconds = (Date.parse(this.got.until) - Date.now() - skewMs) / 1000;
		this.left.textContent = `${duration(Math.max(0, seconds))} left`;
		if (seconds < 0) this.show({ ...this.got, open: false });
	}

	async send() {
		this.isSending = true;
		this.showCode();
		try {
			me = await postOnce('/api/pair', JSON.stringify({ code: this.code(), name: this.name.value }));
			go('#/', { replaces: true });
			connect();
		} catch (error) {
			this.said.textContent = error.message;
			if (error.code === 'wrong_code') this.input.value = '';
			if (error instanceof Refused) await this.reload();
		}
		this.isSending = false;
		this.showCode();
	}
}

function rightLine([, title, what], isChosen, machine) {
	return h(`li.may${isChosen ? '' : '.no'}`, icon(isChosen ? 'check' : 'cross'), h('div', title, h('p.small.quiet', isChosen ? what : `not chosen on ${machine}`)));
}

/** What to call this device at the desk, until its user types a name. */
function guessName() {
	const agent = navigator.userAgent;
	const system = ['iPhone', 'iPad', 'Android', 'Windows', 'Mac', 'Linux'].find((each) => agent.includes(each)) ?? 'Device';
	return DEVICE === 'phone' ? system : `Browser on ${system}`;
}

/* ---------------------------------------------------------------- sheets */

/** Open a sheet over the page; Escape, Back and a click beside it close it. */
function sheet(title, ...content) {
	const dialog = byId('sheet');
	closeSheet();
	dialog.replaceChildren(h('h2', { id: 'sheet-title' }, title), ...content.flat(3).filter(Boolean));
	dialog.onclick = (event) => event.target === dialog && closeSheet();
	dialog.showModal();
}

function closeSheet() {
	const dialog = byId('sheet');
	if (dialog.open) dialog.close();
}

/** A line of a sheet, which says what it does. */
function entry(label, more, onclick, isReady) {
	return button('entry', [label, more && h('small', more)], onclick, isReady);
}

function sheetButtons(label, act, isReady = always) {
	return h('div.buttons', button('button.main', label, act, isReady), button('button', 'Cancel', closeSheet));
}

function showFailure(error) {
	sheet('Not done', h('p', error.message), h('div.buttons', button('button', 'Close', closeSheet)));
}

/** A link of an agent's answer opens outside, after its whole address was seen. */
function askToOpen(event) {
	const link = event.target.closest?.('.answer a');
	if (!link) return;
	event.preventDefault();
	const address = link.getAttribute('href') ?? '';
	const isWeb = /^(https?|mailto):/i.test(address);
	const open = h('a.button.main', { href: address, target: '_blank', rel: 'noopener noreferrer', onclick: closeSheet }, 'Open');
	sheet('Open this address?', textBlock(address), h('div.buttons', isWeb && open, button('button', 'Cancel', closeSheet)));
}

/* ---------------------------------------------------------------- routes */

const listPage = new ListPage();
let page = null;

/** The addresses that led here: Back in a page's head goes back instead of ahead, if it can. */
const trail = [];
const here = () => (location.hash.length > 2 ? location.hash : '#/');

function go(address, { replaces, isBack } = {}) {
	if (address === here()) return;
	if (isBack && trail.at(-2) === address) return history.back();
	if (replaces) {
		trail.pop();
		location.replace(address);
	} else location.hash = address;
}

const PAGES = {
	question: (chat, request) => new QuestionPage(chat, request),
	chat: (chat) => new ChatPage(chat),
	screen: (chat) => new ScreenPage(chat),
	diff: (chat, path) => new DiffPage(chat, path),
	new: () => new StartPage(),
	pair: (code) => new PairPage(code),
};

function route() {
	const address = here();
	if (trail.at(-2) === address) trail.pop();
	else if (trail.at(-1) !== address) trail.push(address);
	const [kind, ...rest] = address.slice(2).split('/').map(decodeURIComponent);
	show(PAGES[kind]?.(...rest) ?? listPage);
}

function show(next) {
	closeSheet();
	if (page === listPage) listPage.top = listPage.main.scrollTop;
	const left = page?.chat;
	page?.close?.();
	page = next;
	byId('page').replaceChildren(...page.root);
	if (page === listPage) {
		listPage.draw();
		listPage.main.scrollTop = listPage.top ?? 0;
	}
	(document.getElementById(`row ${left}`) ?? document.querySelector('h1'))?.focus({ preventScroll: true });
	page?.reload?.();
}

/** Begin: a pairing code leaves the address bar before anything else happens. */
function begin() {
	const code = location.hash.match(/^#pair=(.*)/)?.[1];
	if (code) history.replaceState(null, '', `/#/pair/`);
	addEventListener('hashchange', route);
	addEventListener('online', wake);
	addEventListener('offline', wake);
	addEventListener('pageshow', (event) => event.persisted && wake());
	document.addEventListener('visibilitychange', wake);
	document.addEventListener('click', askToOpen);
	byId('lost').lastChild.onclick = connect;
	visualViewport?.addEventListener('resize', fitKeyboard);
	setInterval(tick, 1000);
	setInterval(checkSilence, 5000);
	if (code) show(new PairPage(decodeURIComponent(code)));
	else if (here().startsWith('#/pair')) route();
	else connect();
}

function checkSilence() {
	if (line.isUp && Date.now() - line.last > SILENT_MS) wake();
	page?.check?.();
}

/** The page ends above the keyboard of a phone. */
function fitKeyboard() {
	if (visualViewport.scale === 1) document.body.style.setProperty('--height', `${visualViewport.height}px`);
}

begin();
