// The page of `outlive web`. What the server sends is inserted as text, but for fields that end in `_html`.

// ---- Words

const byId = (id) => document.getElementById(id);
const DEVICE = matchMedia('(pointer: coarse)').matches ? 'phone' : 'browser';

/** An element, a div if not named: `h('p.quiet', {onclick}, 'text', child)`. Empty children are left out. */
function h(name, ...children) {
	const [tag, ...classes] = name.split('.');
	const node = document.createElement(tag || 'div');
	node.className = classes.join(' ');
	for (const child of children.flat(4)) {
		if (child?.constructor === Object) set(node, child);
		else if (child) node.append(child);
	}
	return node;
}

function set(node, attributes) {
	for (const [key, value] of Object.entries(attributes)) {
		if (typeof value === 'function') node.addEventListener(key.slice(2), value);
		else node.setAttribute(key, value);
	}
	return node;
}

const ICONS = {
	back: 'M9.5 4.5 6 8l3.5 3.5', fold: 'M6.5 4.5 10 8l-3.5 3.5', plus: 'M8 3.5v9M3.5 8h9', more: 'M4 8h.01M8 8h.01M12 8h.01',
	check: 'm3.5 8.5 3 3 6-7', cross: 'm4.5 4.5 7 7m0-7-7 7', send: 'M8 12.5v-9M4.5 7 8 3.5 11.5 7', stop: 'M4.5 4.5h7v7h-7z',
	clip: 'm11.5 7.5-4 4A2.5 2.5 0 0 1 4 8l5-5a1.7 1.7 0 0 1 2.4 2.4l-5 5', prompts: 'M3 4.5h10M3 8h10M3 11.5h6',
	asks: 'm8 2 6.7 12H1.3z', works: 'M1 8h2.7v6H1zM5 2h2.7v12H5zM9 6h2.7v8H9zM13 1h2.7v13H13z',
	failed: 'M2 2h12v12H2zM5.7 5.7l4.6 4.6m0-4.6-4.6 4.6', no: 'M8 3a5 5 0 1 0 .01 0M4.6 11.4l6.8-6.8', said: 'M3 4.5h10V11H8l-3 2.5V11H3z',
};

function icon(name) {
	const [svg, path] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
	svg.append(set(path, { d: ICONS[name] }));
	return set(svg, { viewBox: '0 0 16 16', class: `is-${name}`, 'aria-hidden': true });
}

/** Characters that are not drawn, or reorder others. */
const UNDRAWN = /(?![\t\n])[\p{C}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}|(?!\ufe0f)\p{DI}|(?<!\p{Emoji})\ufe0f/gu;

/** A text to the letter, which cannot reorder what is around it; what is not drawn shows as U+XXXX. */
function exactly(text) {
	const mark = (found) => `\0U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, 0)}\0`;
	return h('bdi', text.replace(UNDRAWN, mark).split('\0').map((each, at) => (at % 2 ? h('span.u', each) : each)));
}

const bdi = (text) => h('bdi', text);
const quiet = (...children) => h('p.dim', children);
const named = (label, node) => set(node, { 'aria-label': label });
const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const facts = (...parts) => parts.filter(Boolean).join(' · ');

function clock(moment) {
	const at = new Date(moment);
	const weekday = at.toDateString() === new Date(serverMs()).toDateString() ? undefined : 'short';
	return at.toLocaleString([], { hour: '2-digit', minute: '2-digit', weekday });
}

function ageOf(moment, node = h('time.dim')) {
	const seconds = Math.max(1, (now() - Date.parse(moment)) / 1000);
	const [unit, name] = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']].find(([least]) => seconds >= least) ?? [];
	const text = unit ? `${Math.floor(seconds / unit)} ${name}` : '';
	node.dataset.since = moment ?? '';
	if (node.textContent !== text) node.textContent = text;
	return node;
}

function tick() {
	if (document.hidden) return;
	for (const node of document.querySelectorAll('[data-since]')) ageOf(node.dataset.since, node);
}

const recall = (key) => localStorage.getItem(key) ?? '';
const keep = (key, text) => (text ? localStorage.setItem(key, text) : localStorage.removeItem(key));

/** A field that grows with its text, and keeps it. */
function draftField(key, label, rows = 1) {
	const field = Object.assign(named(label, h('textarea.field', { rows, placeholder: label })), { key });
	field.put = (text) => {
		field.value = text;
		keep(key, text);
		field.style.height = 'auto';
		if (field.scrollHeight) field.style.height = `${field.scrollHeight + 2}px`;
		gate();
	};
	field.value = recall(key);
	field.addEventListener('input', () => field.put(field.value));
	requestAnimationFrame(() => field.put(field.value));
	return field;
}

/** What is sent is no draft, whatever becomes of its page. What was not taken is one again. */
function draftAgain(key, text) {
	const field = [...document.querySelectorAll('textarea')].find((each) => each.key === key);
	const all = [text, recall(key)].filter(Boolean).join('\n');
	field ? field.put(all) : keep(key, all);
}

function onEnter(field, button) {
	field.onkeydown = (event) => {
		// 229: it ended a composition; Safari says so only by this.
		if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
		event.preventDefault();
		button.click();
	};
}

// ---- Server

/** The server's no, with its words for people; status 0: no answer came, or none of Outlive's. */
function failure(status = 0, body = { words: 'the connection was lost' }) {
	return Object.assign(new Error(capital(body.words ?? `The server answered ${status}`)), { status, body });
}

const lose = () => Promise.reject(failure());
const isBad = (got) => got instanceof Error;
const orFailure = (promise) => promise.catch((error) => error);
const waitMs = (failures) => [1000, 2000, 5000][failures] ?? 10_000;
const encode = encodeURIComponent;
const uuid = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, 0)).join('');

let key; // `name` is its public half, `own` the other one, which scripts can use and not read.
let challenge = new URL(import.meta.url).search.slice(1);
let number = 0;
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

/** Do something with the kept keys; undefined where this browser keeps none. */
async function inKeys(work) {
	const done = (asked) => new Promise((resolve, reject) => set(asked, { onsuccess: () => resolve(asked.result), onerror: reject }));
	try {
		const opening = indexedDB.open('outlive');
		opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
		return await done(work((await done(opening)).transaction('keys', 'readwrite').objectStore('keys')));
	} catch {}
}

async function signed(url, { method = 'GET', body = '' }) {
	const hash = base64(await crypto.subtle.digest('SHA-256', await new Response(body).arrayBuffer()));
	const own = (number = Math.max(number + 1, Date.now() * 1000 + Math.floor(Math.random() * 1000)));
	const text = new TextEncoder().encode([method, url, hash, challenge, own].join('\n'));
	return [key.name, own, hash, base64(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.own, text))].join(' ');
}

/** Ask; signed anew if the server has another challenge, as after its restart, or has counted this number. */
async function request(path, options = {}) {
	const url = new URL(`/api/${path}`, location).href;
	for (let tries = 3; key && tries--; ) {
		const headers = { 'X-Outlive': 1, 'X-Outlive-Signed': await signed(url, options), ...options.headers };
		const response = await fetch(url, { cache: 'no-store', ...options, headers }).catch(lose);
		if (response.ok) return response;
		const body = await response.json().catch(lose);
		if (!body.challenge || body.code === 'not_paired') {
			if (response.status === 401) break;
			throw failure(response.status, body);
		}
		({ challenge, number = number } = body);
	}
	go('#/pair', true);
	throw failure(401);
}

async function ask(path, options, ms = 20_000) {
	const response = await request(path, { signal: AbortSignal.timeout(ms), ...options });
	return response.json().catch(lose);
}

const postOnce = (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });

/** Post until there is an answer, for half a minute. By the body's id, the server does it once. */
async function post(path, body) {
	const [whole, endMs] = [{ id: uuid(), ...body }, Date.now() + 30_000];
	for (let failures = 0; ; failures++) {
		const got = await orFailure(postOnce(path, whole));
		if (!isBad(got)) return got;
		if (got.status) throw got;
		if (Date.now() > endMs) throw failure(0, { words: 'not confirmed: the connection was lost', code: 'no_answer' });
		await new Promise((resolve) => setTimeout((line.onUp = resolve), waitMs(failures)));
	}
}

const SILENT_MS = 9000;

/** The events of a stream, [name, data, id], until it is silent for too long. */
async function* events(path, signal, headers) {
	const response = await request(path, { signal, headers });
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let heard = Date.now();
	const watch = setInterval(() => Date.now() - heard > SILENT_MS && reader.cancel(), 1000);
	try {
		for (let rest = ''; ; ) {
			const { value, done } = await reader.read();
			if (done) return;
			heard = Date.now();
			const all = (rest + value).split(/\r?\n\r?\n/);
			rest = all.pop();
			for (const each of all) {
				const { event, data, id } = Object.fromEntries(each.split(/\r?\n/).map((text) => text.split(/: ?(.*)/s)));
				if (signal.aborted) return;
				yield [event, JSON.parse(data || '{}'), id];
			}
		}
	} finally {
		clearInterval(watch);
	}
}

// ---- Connection

/** The stream: `last` is when an event came, `cursor` is behind it; the server's clock is `aheadMs` ahead of this one. */
const line = { last: Date.now(), cursor: '', failures: 0, aheadMs: 0 };
const isCurrent = () => line.isUp && !page?.asOf;
const serverMs = (ms = Date.now()) => ms + line.aheadMs;
const now = () => page?.asOf || serverMs(line.isUp ? Date.now() : line.last);

let me = {};
const may = (right) => me.rights === 'everything' || me.rights === right;

const rows = new Map();
const away = new Map();
let tightest;

async function connect() {
	hangUp();
	const ending = (line.ending = new AbortController());
	const tooLate = setTimeout(() => ending.abort(), 10_000);
	const end = await orFailure(follow(ending.signal, tooLate));
	clearTimeout(tooLate);
	if (line.ending !== ending || end?.status === 401) return;
	line.timer = setTimeout(connect, waitMs(line.failures++));
	setUp(false);
}

async function follow(signal, tooLate) {
	if (!line.cursor) await loadList();
	for await (const [name, data, id] of events(streamPath(), signal, { 'Last-Event-ID': line.cursor })) {
		clearTimeout(tooLate);
		line.last = Date.now();
		if (data.now) line.aheadMs = data.now - line.last;
		line.cursor = id || line.cursor;
		await onEvent[name]?.(data);
	}
}

const streamPath = () => (page.kind === 'screen' ? `stream?screen=${encode(page.chat)}` : 'stream');

const onEvent = {
	hello({ version }) {
		const isFirst = line.isUp === undefined;
		line.failures = 0;
		line.isOld = version !== line.version;
		setUp(true);
		if (!renew() && !isFirst) page.reload();
	},
	beat: renew,
	row: (row) => changed(row.id, rows.set(row.id, row)),
	gone: ({ chat }) => changed(chat, rows.delete(chat)),
	limit: ({ limit }) => changed('', (tightest = limit)),
	machine: (machine) => changed('', machine.since ? away.set(machine.name, machine) : away.delete(machine.name)),
	screen: (screen) => page.draw?.(screen),
	screen_lost: (failed) => page.lose?.(failed),
	screen_ended: (end) => page.end?.(end),
	reset: () => loadList().then(() => page.reload()),
};

async function loadList() {
	const [mine, { cursor, chats, ended, machines, limit }] = await Promise.all([ask('me'), ask('chats')]);
	me = mine;
	const isNew = !line.version;
	if (isNew && workers && me.push_key && (me.notified || recall('push'))) seldom().then(({ compare }) => compare(parts, me)).catch(() => {});
	line.version ??= me.version;
	line.cursor = cursor;
	rows.clear();
	away.clear();
	for (const row of [...chats, ...ended]) rows.set(row.id, row);
	for (const machine of machines) away.set(machine.name, machine);
	tightest = limit;
	if (!page || isNew || page.kind === 'pair') route();
	changed('');
}

/** After an upgrade, load the new page once this one is idle. */
function renew() {
	const holds = (field) => (['checkbox', 'radio'].includes(field.type) ? field.checked : field.value);
	const isFree = line.isOld && !page.isBusy && !byId('sheet').open && ![...document.querySelectorAll('input, textarea')].some(holds);
	if (isFree) location.reload();
	return isFree;
}

function changed(chat) {
	listPage.drawSoon();
	page.changed(chat);
}

/** Without a connection, nothing can be done, and nothing looks current. */
function setUp(isUp) {
	line.isUp = isUp;
	byId('lost').firstChild.textContent = line.cursor ? `Not connected since ${clock(serverMs(line.last))}` : 'Not connected';
	if (isUp) line.onUp?.();
	showCurrent();
}

function showCurrent() {
	const isLost = line.isUp === false && page?.kind !== 'pair';
	byId('lost').hidden = !isLost;
	document.body.classList.toggle('lost', isLost || Boolean(page?.asOf));
	gate();
	tick();
}

/** Connect anew, or end the stream of a page that nobody sees. What is old is not current. */
function wake() {
	if (page?.kind === 'pair') return;
	if (document.hidden) return hangUp();
	if (line.isUp && Date.now() - line.last > SILENT_MS) setUp(false);
	connect();
}

function hangUp() {
	clearTimeout(line.timer);
	line.ending?.abort();
	line.ending = null;
}

// ---- Parts

/** A button. With `isReady`, it does something at the desk: off without a connection, and while that is false. */
function button(kind, label, onclick, isReady) {
	const node = h(`button.${kind}`, { type: 'button', onclick }, label);
	if (isReady) gateOne(Object.assign(node, { isReady }));
	return node;
}

const gateOne = (node) => (node.disabled = !isCurrent() || !node.isReady());
const gate = () => [...document.querySelectorAll('button')].filter((each) => each.isReady).forEach(gateOne);
const always = () => true;
const iconButton = (name, label, onclick, isReady) => named(label, button('icon', icon(name), onclick, isReady));

/** The second tap of a double tap was meant for what was here before: nothing here takes it. */
function settle(node) {
	node.classList.add('settling');
	clearTimeout(node.settling);
	node.settling = setTimeout(() => node.classList.remove('settling'), 400);
}

/** A page: its head, what scrolls, its foot, and what became of the last thing that was done on it. */
function makePage(kind, chat, name, right, back) {
	const [main, foot, said, alert] = [h('main', { tabindex: 0 }), h('footer'), h('p.small', { role: 'status' }), h('p.old', { role: 'alert' })];
	const onclick = (event) => {
		event.preventDefault();
		back || self.isFromList ? history.back() : go('#/', true);
	};
	const link = h('a.back', { href: '#/', onclick }, icon('back'), back || 'Chats');
	const title = h('h1.cut', { tabindex: -1 }, bdi(name ?? rows.get(chat)?.name));
	let [loads, read, again] = [0];
	const self = {
		kind, chat, main, foot, said, root: [h('header', h('div', link), title, h('div', right)), main, foot],
		reload() {},
		close() {},
		changed: (id) => id === chat && self.reload(),

		/** Take the server's newest answer. After a failure, ask again until there is one. */
		async load(path, take, more = '') {
			const number = ++loads;
			const got = await orFailure(ask(path + (chat ? `?chat=${encode(chat)}${more}` : '')));
			if (page !== self || number !== loads) return;
			if (!isBad(got)) take(got, self.got, (self.got = got));
			self.renew(got);
		},

		/** Say why what is shown is not current: then it is as it was, and nothing can be done. */
		renew(failed) {
			clearTimeout(again);
			if (!isBad(failed)) {
				read = serverMs();
				alert.remove();
			} else {
				const words = facts(failed.message, read && `as it was at ${clock(read)}`);
				if (alert.textContent !== words) alert.textContent = words;
				if (!alert.isConnected) main.before(alert);
				if (failed.status !== 404) again = setTimeout(() => page === self && line.isUp !== false && !document.hidden && self.reload(), 3000);
			}
			self.asOf = isBad(failed) && read;
			showCurrent();
		},

		tell(text, isFailure = false) {
			said.textContent = text;
			said.classList.toggle('bad', isFailure);
			gate();
		},

		async act(words, doing) {
			closeSheet();
			self.isBusy = true;
			self.tell(words);
			const got = await orFailure(doing);
			self.isBusy = false;
			self.tell(got.words ?? got.message ?? '', isBad(got));
			return got;
		},

		async order(what) {
			self.goTo(await self.act('', post(what, { chat })));
		},

		goTo: (got) => (got.chat ? go(addressOf(kind, got.chat), true) : self.reload()),
	};
	return self;
}

const numbers = ({ added, removed }) => h('span.small.both', added && h('span.plus', `+${added}`), removed && h('span.bad', `−${removed}`));

const sumOf = (files) => Object.fromEntries(['added', 'removed'].map((key) => [key, files.reduce((sum, file) => sum + file[key], 0)]));

const addressOf = (...path) => `#/${path.map(encode).join('/')}`;
const viewOf = (row) => addressOf(row.kind === 'screen' ? 'screen' : 'chat', row.id);
const machineOf = (row) => row?.machine || me.machine;

/** Show what `render` makes of a value, if it is another than before. */
function part(node, value, render) {
	const text = JSON.stringify(value);
	if (node.shown === text) return node;
	node.shown = text;
	node.replaceChildren(...h('', render(value)).childNodes);
	return node;
}

/** Put elements into a list in this order; those in place stay untouched. */
function place(list, elements) {
	const wanted = new Set(elements);
	for (const node of [...list.children]) if (!wanted.has(node)) node.remove();
	elements.forEach((node, at) => list.children[at] === node || list.insertBefore(node, list.children[at]));
}

// ---- Lines

/** Changes have a sign, and numbers where those are known. */
function lineBlock(lines) {
	const isSigned = lines.some(([, style, number]) => number || style === 'added' || style === 'removed');
	const block = h(`.lines${isSigned ? '.signed' : ''}`, lines.map(oneLine));
	const last = lines.reduce((most, [, , number = 0]) => Math.max(most, number), 0);
	if (last) block.style.setProperty('--digits', String(last).length);
	return block;
}

function oneLine([text, style, number]) {
	const node = h({ added: 'ins', removed: 'del', dim: '.quiet' }[style] ?? 'div', exactly(text));
	if (number) node.dataset.n = number;
	const indent = text.match(/^[ \t]*/)[0].replaceAll('\t', '    ').length;
	if (indent) node.style.setProperty('--i', Math.min(indent, 16) + 2);
	return node;
}

const textBlock = (text) => lineBlock(text.split('\n').map((each) => [each, '']));

// ---- List

const GROUPS = ['needs you', 'working', 'running', 'idle', 'no signal', 'interrupted', 'unreachable', 'ended'];

const topOf = (node) => node.getBoundingClientRect().top;

function makeListPage() {
	const self = makePage('list');
	const { main, act, said, foot } = self;
	const items = new Map();
	const [empty, device] = [h('p.note'), h('div')];
	const plus = named('New chat', h('a.icon', { href: '#/new' }, icon('plus')));
	const groups = GROUPS.map((name) => {
		const [tag, head] = name === 'ended' ? ['details', 'summary'] : ['section', 'h2'];
		return h(`${tag}.${name.split(' ')[0]}`, h(`${head}.cap`, capital(name), name === 'ended' && ' today', h('span')), h('ul'));
	});
	let isDue;
	main.append(empty, ...groups, h('.note.small', said, device));

	function rowsOf(group) {
		const sign = group === 'ended' || group === 'interrupted' ? -1 : 1;
		return [...rows.values()].filter((row) => row.group === group).sort((one, other) => sign * ((one.order > other.order) - (one.order < other.order)));
	}

	const item = (key, child) => items.get(key) ?? items.set(key, h('li', child && h(child))).get(key);

	/** The link stays when it changes: a tap ends where it began. */
	function itemOf(row) {
		const link = item(row.id, 'a').firstChild;
		const href = row.group === 'needs you' ? addressOf('question', row.id) : viewOf(row);
		return part(link, row, () => set(link, { class: `row h${row.hue}`, href, id: `row ${row.id}` }) && [
			h('i.dot'),
			h('span.name', h('bdi.cut', row.name), row.machine && h('bdi.dim', row.machine)),
			ageOf(row.since),
			h('span', row.icon && icon(row.icon), h('span.unseen', row.mark)),
			h('bdi.words.cut', row.words),
		]).parentNode;
	}

	const machineItem = (machine) => part(item(`machine ${machine.name}`), machine, ({ name, since, why, chats }) => [
		h('.away', h('bdi.cut', name), quiet(`since ${since}`)),
		h('.away', quiet(bdi(facts(why, `${count(chats, 'chat')}, as they were then. They may still run.`)))),
	]);

	function draw() {
		const focused = document.activeElement;
		// Rows in view stay, except at the top.
		const anchor = main.scrollTop && [...main.querySelectorAll('li')].find((each) => topOf(each) >= topOf(main));
		const top = anchor && topOf(anchor);
		const asking = rowsOf('needs you').length;
		isDue = 0;
		groups.forEach((root, at) => {
			const own = rowsOf(GROUPS[at]);
			place(root.lastChild, [...(GROUPS[at] === 'unreachable' ? [...away.values()].map(machineItem) : []), ...own.map(itemOf)]);
			root.hidden = !root.lastChild.firstChild;
			root.firstChild.lastChild.textContent = own.length;
		});
		document.title = `${asking ? `(${asking}) ` : ''}Outlive`;
		plus.hidden = !may('everything');
		empty.hidden = asking && may('answer');
		empty.textContent = asking ? `This ${DEVICE} may only look: answer on ${me.machine}.` : rows.size || away.size ? 'Nothing needs you.' : `No chats run on ${me.machine}. Start one ${plus.hidden ? 'there' : 'with +'}.`;
		part(device, me, () => [
			quiet(bdi(facts(me.device, `Outlive ${me.version} on ${me.machine}`))),
			me.push_key && window.PushManager && button('link', me.notified ? 'No notifications' : 'Notify me', () => act('', notify(!me.notified)), always), ' \u00a0 ',
			button('link', 'Forget this device…', () => act('', seldom().then(({ leave }) => leave(parts, me.machine))), always),
		]);
		part(foot, tightest, () => tightest && limitLine(tightest));
		if (anchor?.isConnected) main.scrollTop += topOf(anchor) - top;
		if (focused?.isConnected) focused.focus({ preventScroll: true });
	}

	async function notify(isWanted) {
		const got = await (await seldom()).notify(parts, me.push_key, isWanted);
		me = await ask('me');
		drawSoon();
		return got;
	}

	function drawSoon() {
		isDue ||= requestAnimationFrame(draw);
	}

	return Object.assign(self, { draw, drawSoon, rowsOf, changed() {}, root: [h('header', h('h1', { tabindex: -1 }, 'Outlive'), plus), main, foot] });
}

/** What few pages need. */
const seldom = () => import(`/seldom.js?${challenge}`);

// ---- Question

/** What became of answers: {state: "sending" | "unsure" | "over", words, detail, isDone, body}. */
const outcomes = new Map();
const isNo = ({ kind }) => kind.startsWith('reject') || kind === 'cancel';

function questionPage(chat, wanted) {
	const age = ageOf();
	const self = makePage('question', chat, null, age);
	const { main, foot } = self;
	const [below, became, buttons] = [h('.below.dim'), h('.became', { role: 'status' }), h('.buttons')];
	const ends = new IntersectionObserver((entries) => {
		isSeen ||= entries.at(-1).isIntersecting;
		showFoot();
	}, { root: main });
	let [row, question, others, form, lines, key, isSeen, armedMs] = [null, null, []];
	let makeForm = () => ({ root: '', forget() {}, answers: () => ({}) });
	foot.append(below, became, buttons);
	main.onscroll = showBelow;
	showFoot();

	async function load(got) {
		if (!got.questions.some(({ forms }) => forms.length)) return take(got);
		const found = await orFailure(seldom());
		if (isBad(found)) return self.renew(failure());
		makeForm = (question) => found.makeForm(parts, chat, question);
		if (page === self) take(got);
	}

	function take({ chat: its, questions, elsewhere, over, note }) {
		const request = question?.request ?? wanted;
		const found = request ? questions.find((each) => each.request === request) : questions[0];
		row = its;
		others = questions.filter((each) => each !== found);
		if (found && found.digest !== question?.digest) show(found);
		else if (!found && question) end(over);
		else if (!found) showNone(elsewhere, note);
		showFoot();
	}

	function show(next) {
		const { title, directory, reason, complete, exact } = next;
		const endMark = h('i.mark');
		became.textContent = question ? 'The question changed. Read it again.' : '';
		question = next;
		key = facts(chat, question.request, question.digest);
		form = makeForm(question);
		lines = lineBlock(question.lines);
		main.replaceChildren(
			h(
				'.ask',
				h('h2', icon('asks'), exactly(title)),
				quiet(bdi(`${row.agent_name} on ${machineOf(row)}`), ' · ', exactly(directory), ' ', numbers(question)),
				reason && h('p.small', exactly(reason)),
			),
			lines,
			exact ? h('div', h('p.cap.ask', 'Exactly, as the agent states it'), lineBlock(exact)) : '',
			form.root,
			endMark,
			complete ? h('p.end.quiet', 'The end') : h('p.end.bad', 'The agent did not report everything that would run: this can only be declined.'),
		);
		isSeen = false;
		ends.disconnect();
		ends.observe(endMark);
		main.scrollTop = 0;
		ageOf(question.at, age);
		arm();
	}

	/** A tap that was meant for what was here before allows nothing. */
	function arm() {
		armedMs = performance.now() + 300;
		setTimeout(gate, 310);
		gate();
	}

	function canSend(option) {
		const canAllow = isSeen && question.complete && performance.now() > armedMs;
		return may('answer') && !outcomes.has(key) && (isNo(option) || canAllow);
	}

	function showBelow() {
		if (!question) return;
		const edge = main.scrollTop + main.clientHeight + 1;
		const all = lines.children;
		let [low, high] = [0, all.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (all[middle].offsetTop + all[middle].offsetHeight > edge) high = middle;
			else low = middle + 1;
		}
		const left = all.length - low;
		const yes = yesOf(question);
		const words = isSeen ? [] : [left ? `${count(left, 'line')} below` : 'More below', yes && `${yes.label} waits for the end`];
		part(below, words, () => words.map((text) => h('span', text)));
	}

	function showFoot() {
		foot.hidden = !question;
		if (!question) return;
		const outcome = outcomes.get(key);
		below.hidden = outcome || !may('answer');
		if (outcome) ageOf('', age);
		if (outcome || !may('answer')) part(became, [outcome, me], () => becameOf(outcome));
		const { shown } = buttons;
		if (part(buttons, [outcome?.state, question, next(), me], () => buttonsFor(outcome)).shown !== shown) settle(foot);
		showBelow();
		gate();
	}

	function becameOf(outcome) {
		const { state, words, detail, isDone } = outcome ?? { words: `Answer it at ${machineOf(row)}`, detail: `This ${DEVICE} may only look.` };
		const sign = outcome && state !== 'sending' && h(`span.${isDone ? 'plus' : 'bad'}`, icon(isDone ? 'check' : 'cross'));
		return [sign, h('div', h('b', words), quiet(detail))];
	}

	function buttonsFor(outcome) {
		if (outcome?.state === 'sending') return '';
		if (!outcome && may('answer')) return answerButtons();
		const open = button('button', 'Open the chat', () => go(viewOf(row)));
		if (outcome?.state === 'unsure') return [button('button.main', 'Try again', () => deliver(outcome.body), always), open];
		if (next()) return [button('button.main', 'Next question', () => go(next(), true)), open];
		return open;
	}

	function next() {
		if (others.length) return addressOf('question', chat, others[0].request);
		const waiting = listPage.rowsOf('needs you').find(({ id }) => id !== chat);
		return waiting && addressOf('question', waiting.id);
	}

	const yesOf = ({ options, forms }) => (forms.length ? { id: '', kind: '', label: 'Answer' } : options.find(({ kind }) => kind === 'allow_once'));

	function answerButtons() {
		const { options, complete } = question;
		const yes = yesOf(question);
		const no = options.find(({ kind }) => kind === 'reject_once') ?? options.find(isNo);
		const shown = [yes, ...options.filter(({ kind }) => kind === 'choice'), no].filter(Boolean);
		const rest = options.filter((option) => !shown.includes(option) && (complete || isNo(option)));
		const refusal = question.takes_words && no;
		const more = named('More answers', button('button.square', icon('more'), () => openMore(rest, refusal)));
		return [shown.map((option) => answerButton(option, option === yes ? '.main' : '')), (rest.length || refusal) && more];
	}

	function answerButton(option, kind) {
		return button(`button${kind}`, exactly(option.label), () => send(option), () => canSend(option) && (option.id || form.isComplete()));
	}

	function openMore(options, refusal) {
		const entries = options.map((option) => {
			const waits = !isNo(option) && !isSeen && h('div', 'Waits for the end of the question');
			return entry(exactly(option.label), [option.name !== option.label && exactly(option.name), waits], () => send(option), () => canSend(option));
		});
		const field = refusal && draftField(`why ${key}`, 'Say what to do instead', 2);
		const isReady = () => canSend(refusal) && field.value.trim();
		sheet('More answers', entries, refusal && [field, h('.buttons', button('button', 'Decline and say why', () => send(refusal, field.value), isReady))]);
	}

	function send(option, text = '') {
		const { request, digest } = question;
		deliver({ id: uuid(), chat, request, digest, option: option.id, text, answers: option.id ? {} : form.answers() });
	}

	async function deliver(body) {
		const put = (outcome) => {
			outcomes.set(key, { body, ...outcome });
			page.resize?.();
		};
		closeSheet();
		put({ state: 'sending', words: 'Sending…' });
		const got = await orFailure(post('answer', body));
		if (isBad(got)) {
			put(notTaken(got));
			page.reload();
		} else {
			form.forget();
			keep(`why ${key}`, '');
			put({ state: 'over', isDone: true, words: facts(got.words, clock(got.at)), detail: got.detail });
		}
	}

	/** An answer that was not taken can be tried again where the question may still be open. */
	function notTaken({ message, body: { code, at } }) {
		const [detail, words = message] = {
			unreachable: [`The question is still open. Try again when ${machineOf(row)} is reached.`, `Not delivered: ${machineOf(row)} is unreachable`],
			no_answer: ['Try again: it is the same answer, and counts once.'],
			too_many: ['The question is still open. Try again in a moment.', `Not delivered: ${message}`],
		}[code] ?? [];
		return { state: detail ? 'unsure' : 'over', words: facts(words, at && clock(at)), detail: detail ?? 'This answer had no effect.' };
	}

	function end({ words, at, detail }) {
		if (outcomes.has(key)) return;
		closeSheet();
		form.forget();
		keep(`why ${key}`, '');
		outcomes.set(key, { state: 'over', words: facts(capital(words), clock(at || now())), detail });
	}

	function showNone(elsewhere, note) {
		const words = note || (elsewhere ? `Asked in its terminal only. ${may('answer') ? 'Answer it on its screen.' : `This ${DEVICE} may only look: answer it on ${machineOf(row)}.`}` : 'This question is no longer open.');
		const open = elsewhere ? ['Open the screen', addressOf('screen', chat)] : ['Open the chat', viewOf(row)];
		main.replaceChildren(h('p.note', words), elsewhere && textBlock(elsewhere), h('.note', button('button', open[0], () => go(open[1], true))));
	}

	return Object.assign(self, {
		arm,
		reload: () => self.load('questions', load),
		changed: (id) => (id === chat ? self.reload() : showFoot()),
		resize: showFoot,
	});
}

// ---- Chat

/** The prompts that are on their way, by their chats. */
const sending = new Map();

function chatPage(chat) {
	const self = makePage('chat', chat, null, iconButton('more', 'More', () => openChatMenu(self)));
	const { main, foot, act, order } = self;
	const turns = new Map();
	const [list, rest, above] = [h('div'), h('div'), h('div')];
	const field = draftField(`chat ${chat}`, 'Ask the agent');
	const isReady = () => !self.isBusy;
	const canSend = () => !self.isBusy && field.value.trim();
	const pick = h('input', { type: 'file', hidden: '', onchange: () => upload(pick.files[0]) });
	const clip = iconButton('clip', 'Add a photo or file', () => pick.click(), isReady);
	const prompts = iconButton('prompts', 'Saved prompts', openPrompts);
	const stop = iconButton('stop', 'Stop the turn', () => order('interrupt'), isReady);
	const sendNow = button('link', 'Send now', () => send(true), canSend);
	const sendLater = button('go', '', () => send(false), canSend);
	const tools = h('.tools');
	const box = h('.box', field, tools);
	const left = quiet(`Earlier turns are not shown here. Read them on ${machineOf(rows.get(chat))}.`);
	const resume = button('button', 'Resume', () => order('resume'), isReady);
	const timer = setInterval(() => isWorking && !document.hidden && self.reload(), 5000);
	const [sentKey, filesKey] = [`sent ${chat}`, `files ${chat}`];
	let [isWorking, isSent, due] = [];
	main.append(h('.chat', list, rest));
	foot.append(above, self.said, box, resume);
	foot.hidden = true;
	if (DEVICE === 'browser') onEnter(field, sendLater);

	function take({ chat: row, turns: all, earlier, note, plan, files, limits }, previous) {
		const view = () => main.scrollTop + main.clientHeight;
		const isAtEnd = view() > rest.offsetTop - 40;
		isWorking = all.at(-1)?.outcome === 'running';
		place(list, [...(earlier ? [left] : []), ...all.map((turn) => turnOf(turn, turn === all.at(-1)))]);
		part(rest, [note, plan, files, limits, all.length], () => [
			(note || !all.length) && h('p.quiet', note || 'No turns yet.'),
			plan.length && h('.block', h('h2.cap', 'Plan'), h('ol', plan.map(planStep))),
			files.length && h('details.block', h('summary.fold', icon('fold'), bdi(`Changed files in ${row.directory}: ${files.length}`), numbers(sumOf(files))), files.map(fileLink)),
			limits.map(limitLine),
		]);
		showFoot();
		if (!previous) goOn();
		// The newest turn is what one sees: all of it, else its begin.
		if (!previous || isAtEnd || isSent) main.scrollTop = Math.min(list.lastChild?.offsetTop ?? 0, rest.offsetTop - main.clientHeight);
		isSent &&= all.length === previous?.turns.length;
	}

	function turnOf(turn, isLast) {
		let node = turns.get(turn.turn);
		if (!node) {
			node = h('details.turn', { ontoggle: () => drawTurn(node) }, h('summary.fold'), h('div'));
			node.open = isLast;
			turns.set(turn.turn, node);
		}
		node.turn = turn;
		drawTurn(node);
		return node;
	}

	function drawTurn({ turn, open, children: [head, body] }) {
		const right = turn.added || turn.removed ? numbers(turn) : ageOf(turn.at);
		part(head, [turn, open], () => [icon('fold'), h(open ? 'bdi.prompt' : 'bdi.cut', turn.prompt), open ? '' : right]);
		if (open) part(body, turn, bodyOf);
	}

	function bodyOf(turn) {
		const { answer_html: html, outcome, error, at, steps, took } = turn;
		const [answer, list] = [h('.answer'), h('div')];
		const { words, group } = self.got.chat;
		const done = [h('span', steps), numbers(turn), took];
		const openSteps = () => loadTurn(turn, list, (got) => list.replaceChildren(...got.steps.map(stepOf)));
		if (html === null) loadTurn(turn, answer, (got) => (answer.innerHTML = got.answer_html));
		else answer.innerHTML = html;
		const end = {
			running: h('p.live', icon('works'), bdi(group === 'working' ? words : 'Working'), ageOf(at)),
			interrupted: quiet('Stopped'),
			failed: h('p.small.bad', facts('Failed', error)),
			limit: [quiet(turn.limit), doOf(turn)],
		}[outcome];
		const did = steps && h('details', { ontoggle: openSteps }, h('summary.fold.quiet', icon('fold'), done), list);
		return [did, ...(turn.decided ?? []).map(decidedOf), answer, end];
	}

	function decidedOf({ kind, words, at }) {
		return h('p.decided.dim', icon({ allowed: 'check', declined: 'no', answered: 'said' }[kind] ?? 'cross'), bdi(words), at && h('span', at));
	}

	const doOf = ({ ways }) => may('everything') && h('p.buttons', ways.map(([name, path, what]) => button('button', name, () => follow(post(path, { chat, ...what })))));

	async function loadTurn({ turn }, node, show) {
		const got = await orFailure(ask(`turn?chat=${encode(chat)}&turn=${encode(turn)}`));
		if (isBad(got)) node.textContent = got.message;
		else show(got);
	}

	function fileLink(file) {
		const [, directory, name] = file.path.match(/^(.*\/)?(.*)$/);
		return h('a.file', { href: addressOf('diff', chat, file.path) }, h('bdi.mono', h('span.cut', directory), h('span.cut', name)), numbers(file), icon('fold'));
	}

	function showFoot() {
		const { can, queue, ends, prompts: saved, chat: row, runtime } = self.got;
		const isMine = may('everything');
		const asks = row.group === 'needs you' && row.words;
		const waits = isWorking && runtime === 'structured';
		part(above, [asks, queue, ends, me], () => [
			asks && h('a.band', { href: addressOf('question', chat) }, icon('asks'), bdi(asks), icon('fold')),
			queue.map((it) => [quiet(it.held ? 'Held: ' : 'Next: ', bdi(it.text)), doOf(it)]),
			ends && quiet(capital(ends)),
			!isMine && quiet(`This ${DEVICE} may not send. Pair it again to change that.`),
		]);
		box.hidden = !(isMine && can.send);
		resume.hidden = !(isMine && can.resume);
		part(tools, [waits, can, saved], () => [clip, pick, saved.length && prompts, h('i'), waits && [can.interrupt && stop, sendNow], sendLater]);
		part(named(waits ? 'Queue' : 'Send', sendLater), waits, () => (waits ? 'Queue' : icon('send')));
		field.placeholder = `Ask ${row.agent_name}`;
		foot.hidden = false;
		gate();
	}

	/** While nobody knows whether a text came, it is the same sending: sent again, or after the page was left. */
	function send(now, text = withPaths(field.value)) {
		const kept = sentBefore();
		const { at = Date.now(), ...what } = kept.text === text && kept.now === now ? kept : { id: uuid(), chat, text, now };
		keep(sentKey, JSON.stringify({ ...what, at }));
		if (withPaths(field.value) === text) field.put('');
		const doing = post('send', what).catch((error) => {
			draftAgain(field.key, text);
			throw error;
		});
		sending.set(chat, doing);
		follow(doing);
	}

	const sentBefore = () => JSON.parse(recall(sentKey) || '{}');

	async function follow(doing) {
		isSent = true;
		const got = await act('Sending…', doing);
		if (got.status !== 0) keep(sentKey, '');
		if (!isBad(got)) keep(filesKey, '');
		sending.delete(chat);
		self.goTo(got);
	}

	/** Go on with what was on its way when the page was left; if that is long ago, it is a draft again. */
	function goOn() {
		const { text, now, at } = sentBefore();
		if (sending.has(chat)) follow(sending.get(chat));
		else if (text && !withPaths(field.value).includes(text)) Date.now() - at < 600_000 ? send(now, text) : draftAgain(field.key, text);
	}

	/** Files have short names in the field, and their paths in what is sent. */
	const files = () => JSON.parse(recall(filesKey) || '{}');
	const withPaths = (text) => Object.entries(files()).reduce((all, [name, path]) => all.replaceAll(name, path), text);

	async function upload(file) {
		const { name, path } = await act(`Adding ${file.name}…`, (async () => {
			const [body, name] = await (await seldom()).forAgents(file, Object.keys(files()));
			const path = `upload?chat=${encode(chat)}&name=${encode(name)}`;
			return { name: `[${name}]`, ...(await ask(path, { method: 'POST', body: new Blob([body], { type: 'application/octet-stream' }) }, 300_000)) };
		})());
		pick.value = '';
		if (!path) return;
		keep(filesKey, JSON.stringify({ ...files(), [name]: path }));
		field.put(`${field.value.replace(/(\S)$/, '$1 ')}${name} `);
	}

	function openPrompts() {
		const use = (text) => () => {
			closeSheet();
			field.put(field.value + text);
		};
		sheet('Saved prompts', self.got.prompts.map(({ name, text }) => entry(bdi(name), bdi(text), use(text))));
	}

	return Object.assign(self, {
		reload() {
			due = clearTimeout(due);
			return self.load('chat', take);
		},
		changed(id) {
			if (id === chat) due ??= setTimeout(self.reload, 500);
		},
		close() {
			clearInterval(timer);
			clearTimeout(due);
		},
	});
}

function stepOf({ title, lines }) {
	const name = h('bdi.cut', title);
	return lines.length ? h('details', h('summary.fold', icon('fold'), name), lineBlock(lines)) : h('p.fold', name);
}

function planStep([text, state]) {
	const [kind, name] = { completed: ['quiet', 'check'], in_progress: ['now', 'fold'] }[state] ?? ['later', 'stop'];
	return h(`li.step.${kind}`, icon(name), bdi(text), h('span.unseen', state));
}

function limitLine({ name, used, until }) {
	const [meter, percent] = [h('i.meter'), Math.floor(used * 100)];
	meter.style.setProperty('--used', `${percent}%`);
	return h('p.limit.dim', bdi(name), h(percent < 75 ? 'span' : percent < 90 ? 'span.amber' : 'span.bad', meter, `${percent} %`), until && h('span', `until ${until}`));
}

function openChatMenu({ kind, got, order }) {
	if (!got) return;
	const { chat, can } = got;
	const isMine = may('everything');
	const other = kind === 'chat' ? can.screen && 'screen' : chat.kind !== 'screen' && 'chat';
	const end = () => confirm('End this chat? What runs in it is stopped.') && order('stop');
	sheet(
		bdi(chat.name),
		quiet(bdi(facts(chat.agent_name, `on ${machineOf(chat)}`, chat.directory))),
		other && entry(other === 'chat' ? 'Conversation' : 'Screen', '', () => go(addressOf(other, chat.id), true)),
		isMine && can.stop && entry('End the chat…', '', end, always),
		isMine && can.resume && entry('Resume', '', () => order('resume'), always),
	);
}

// ---- Screen

const KEYS = [['Esc', 'Tab', 'Ctrl+C', 'Left', 'Up', 'Down', 'Right'], ['1', '2', '3', 'y', 'n', 'Enter']];
const ARROWS = { Left: '←', Up: '↑', Down: '↓', Right: '→' };

function screenPage(chat) {
	const self = makePage('screen', chat, null, [ageOf(rows.get(chat)?.since), iconButton('more', 'More', openMenu)]);
	const { main, foot, said, tell } = self;
	const [pre, width] = [h('pre'), h('span')];
	const wrap = button('link', '', () => setWrap(!recall('wrap')));
	let [isAtEnd, isLive, screen] = [true];
	named('Screen', main).append(pre);
	main.onscroll = () => (isAtEnd = main.scrollTop + main.clientHeight > main.scrollHeight - 24);
	foot.className = 'typing';
	foot.append(said, h('.below.dim', width, wrap), may('answer') ? keyboard() : quiet(`This ${DEVICE} may only look.`));
	setWrap(recall('wrap'));

	function keyboard() {
		const isAll = may('everything');
		const canType = () => isLive && !self.isBusy && (isAll || rows.get(chat)?.group === 'needs you');
		const field = set(draftField(`line ${chat}`, 'Type a line'), { autocapitalize: 'off', spellcheck: false });
		const sendLine = async () => {
			const text = field.value;
			field.put('');
			if (isBad(await press('The line', { text, enter: true }))) draftAgain(field.key, text);
		};
		const enter = named('Send the line', button('go', '↵', sendLine, canType));
		const key = (name) => named(name, button(/[+n]./.test(name) ? 'key.long' : 'key', ARROWS[name] ?? name, () => press(name, { keys: [name] }), canType));
		onEnter(field, enter);
		const more = isAll ? h('.keys', field, enter) : quiet(`This ${DEVICE} may press keys while the chat asks something.`);
		return h('div', KEYS.map((names) => h('.keys', names.filter((name) => isAll || !/Tab|Ctrl/.test(name)).map(key))), more);
	}

	async function openMenu() {
		const got = await self.act('', ask(`chat?chat=${encode(chat)}`));
		if (!isBad(got)) openChatMenu({ ...self, got });
	}

	const reload = () => (isLive = false);

	function lose(body) {
		isLive = false;
		self.renew(failure(404, body));
	}

	function end({ words }) {
		isLive = false;
		tell(words);
	}

	function draw(next) {
		const drawn = [...pre.children];
		screen = next;
		isLive = true;
		self.renew();
		main.style.setProperty('--text', screen.text);
		main.style.setProperty('--page', screen.ground);
		screen.rows.forEach((runs, at) => part(drawn[at] ?? pre.appendChild(h('div')), runs, () => runs.map(runOf)));
		drawn.slice(screen.rows.length).forEach((row) => row.remove());
		if (isAtEnd) main.scrollTop = main.scrollHeight;
		measure();
		gate();
	}

	function setWrap(isOn) {
		keep('wrap', isOn && 'on');
		main.className = isOn ? 'screen wrap' : 'screen';
		wrap.textContent = isOn ? 'Do not wrap' : 'Wrap lines';
		measure();
	}

	function measure() {
		if (!screen) return;
		const probe = pre.appendChild(h('span', '0'.repeat(100)));
		const shown = Math.floor(((main.clientWidth - 28) * 100) / probe.offsetWidth);
		const { columns } = screen;
		probe.remove();
		width.textContent = facts(machineOf(rows.get(chat)), recall('wrap') || shown >= columns ? `${columns} columns` : `${shown} columns of ${columns} shown`);
	}

	/** Keys are for the screen that is shown; if that has changed, they are refused. */
	async function press(name, what) {
		const got = await self.act('', post('keys', { chat, keys: [], text: '', enter: false, hash: screen.hash, ...what }));
		if (!isBad(got)) tell('');
		else if (got.body.screen) {
			draw(got.body.screen);
			tell(`${name} was not sent: the screen had changed. Look again.`, true);
		}
		return got;
	}

	return Object.assign(self, { reload, draw, lose, end, changed: gate, resize: measure });
}

function runOf([text, colour, ground, style = '']) {
	if (!colour && !ground && !style) return text;
	const node = h(['span', ...style].join('.run-'), text);
	node.style.color = colour;
	node.style.background = ground;
	return node;
}

// ---- Changes of a file

function diffPage(chat, path) {
	const self = makePage('diff', chat, path.split('/').at(-1), '', 'Back');
	const show = (lines) => [h('p.ask.dim', exactly(path)), lines.length ? lineBlock(lines) : h('p.note', 'This file has no changes now.')];
	self.reload = () => self.load('diff', ({ lines }) => part(self.main, lines, show), `&path=${encode(path)}`);
	return self;
}

// ---- New chat

function startPage() {
	const self = makePage('new', '', 'New chat');
	const prompt = draftField('new chat', 'What to do first', 3);
	const [agents, directories] = [h('select.field'), h('select.field', { onchange: fill })];
	const place = () => self.got.directories[directories.selectedIndex];
	const presets = () => self.got.presets.filter(({ machine }) => machine === place()?.machine);
	let id = uuid();
	self.foot.append(self.said, h('.buttons', button('button.main', 'Start', start, () => self.got && !self.isBusy)));

	const offer = (field, all) => part(field, all, () => all.map(({ shown }) => h('option', shown)));

	/** Offer the agents of the directory's machine. */
	function fill() {
		offer(agents, presets());
	}

	function take(got) {
		const label = (text, field) => h('label', h('span.cap', text), field);
		offer(directories, got.directories);
		fill();
		self.main.replaceChildren(h('.form', label('Directory', directories), label('Agent', agents), label('First prompt', prompt)));
	}

	async function start() {
		const { agent, preset } = presets()[agents.selectedIndex];
		const { path: directory, machine } = place();
		const text = prompt.value;
		prompt.put('');
		const { chat, status } = await self.act('Starting…', post('start', { id, agent, preset, directory, machine, prompt: text }));
		if (status !== 0) id = uuid();
		if (!chat) return draftAgain(prompt.key, text);
		go(viewOf(rows.get(chat) ?? { id: chat }), true);
	}

	self.reload = () => self.got || self.load('start', take);
	return self;
}

// ---- Sheets

function sheet(title, ...content) {
	const dialog = byId('sheet');
	closeSheet();
	dialog.replaceChildren(h('div', h('h2', { id: 'sheet-title' }, title), content));
	dialog.onclick = ({ target }) => {
		if (target === dialog) closeSheet();
	};
	dialog.showModal();
	settle(dialog);
}

function closeSheet() {
	if (byId('sheet').open) settle(byId('page'));
	byId('sheet').close();
}

const entry = (label, more, onclick, isReady) => button('entry', [label, more && h('small', more)], onclick, isReady);

/** A link opens outside, after its whole address was seen. */
function askToOpen(event) {
	const href = event.target.closest('.answer a')?.getAttribute('href');
	if (!href || event.button > 1) return;
	event.preventDefault();
	page.act('', seldom().then((found) => found.askToOpen(parts, href)));
}

// ---- Routes

const parts = { h, set, named, quiet, facts, exactly, button, makePage, orFailure, isBad, postOnce, ask, waitMs, base64, inKeys, recall, keep, gate, may, post, sheet, closeSheet, textBlock, DEVICE };
const PAGES = { question: questionPage, chat: chatPage, screen: screenPage, diff: diffPage, new: startPage };
const listPage = makeListPage();
let page = null;

const go = (address, replaces) => location[replaces ? 'replace' : 'assign'](address);

function route() {
	const code = location.hash.match(/^#pair=(.*)/)?.[1];
	if (code) history.replaceState(null, '', '#/pair'); // It leaves the address bar first.
	const [kind, ...rest] = (code ? ['pair', code] : location.hash.slice(2).split('/')).map(decodeURIComponent);
	if (kind !== 'pair') return show(PAGES[kind]?.(...rest) ?? listPage);
	const isShown = (self) => page === self;
	const enter = () => connect((line.cursor = ''));
	const use = (made) => (key = made);
	import(`/pair.js?${challenge}`).then(({ pairPage }) => show(pairPage({ ...parts, use, isShown, enter }, ...rest)), () => setTimeout(route, 2000));
}

function show(next) {
	const left = page?.chat;
	closeSheet();
	if (page === listPage) listPage.top = listPage.main.scrollTop;
	const before = page && streamPath();
	page?.close();
	next.isFromList = page === listPage;
	page = next;
	if (before && before !== streamPath()) wake();
	byId('page').replaceChildren(...page.root);
	settle(byId('page'));
	showCurrent();
	if (page === listPage) {
		listPage.draw();
		listPage.main.scrollTop = listPage.top;
	}
	(byId(`row ${left}`) ?? document.querySelector('h1'))?.focus({ preventScroll: true });
	page.reload();
}

for (const name of ['online', 'offline']) addEventListener(name, wake);
addEventListener('hashchange', route);
addEventListener('pageshow', ({ persisted }) => persisted && wake());
document.addEventListener('visibilitychange', () => {
	page?.arm?.();
	wake();
});
for (const name of ['click', 'auxclick']) document.addEventListener(name, askToOpen);
const workers = navigator.serviceWorker;
if (workers) {
	workers.onmessage = ({ data }) => go(data);
	workers.getRegistrations().then((all) => all.forEach((each) => each.active?.scriptURL.endsWith('/worker.js') || each.unregister()));
}
byId('lost').lastChild.onclick = connect;
// The page ends above the keyboard of a phone.
visualViewport.onresize = visualViewport.onscroll = () => {
	const { scale, height, offsetTop } = visualViewport;
	for (const [name, px] of [['--height', height], ['--top', offsetTop]]) if (scale === 1) document.body.style.setProperty(name, `${px}px`);
};
addEventListener('resize', () => page?.resize?.());
setInterval(tick, 1000);
key = await inKeys((keys) => keys.get(1));
if (/^#\/?pair/.test(location.hash)) route();
else connect();
