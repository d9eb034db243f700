// What a device sees that is not let in: it asks, shows two words, and waits for the desk.

const looks = new CSSStyleSheet();
looks.replaceSync(`
	.pair { max-width: 30rem; padding: 56px 24px 16px; }
	.pair img { width: 40px; border-radius: 10px; }
	.pair h1 { font-size: 1.375rem; margin: 12px 0 6px; }
	.code { display: block; margin-top: 24px; container-type: inline-size; overflow: clip; }
	.code input {
		width: 120%; min-height: 52px; outline: none; font: 1.25rem var(--mono); letter-spacing: calc(12.5cqi - 1ch); padding-left: calc(6.25cqi - .5ch);
		background: linear-gradient(90deg, transparent 10%, var(--quiet) 0 90%, transparent 0) left bottom / 12.5cqi 2px repeat-x;
	}
	.code :focus { --quiet: var(--accent); }
	.pair .cap { padding: 32px 0 4px; }
	.pair .note { padding: 24px 0 0; }
	.pair .both { display: flex; margin: 16px 0 6px; }
	.both b { flex: 1; padding: 16px 8px; font-size: 1.375rem; text-align: center; border: var(--box); border-radius: 8px; }
	main:has(.pair) + footer { text-align: center; }
`);

/** The page; `parts` are those of page.js, `scanned` is the code of the picture. */
export function pairPage(parts, scanned) {
	const { h, named, quiet, button, makePage, orFailure, isBad, postOnce, ask, waitMs, base64, inKeys, DEVICE } = parts;
	const self = makePage('pair');
	const { main, foot, said } = self;
	const code = named('Code, eight characters', h('input', { autocomplete: 'off', autocapitalize: 'characters', spellcheck: false, oninput }));
	const asks = button('button.main', 'Ask', () => send(code.value));
	const [buttons, left] = [h('.buttons'), h('span')];
	let [endMs, key, isKept] = [];
	const ticking = setInterval(drawLeft, 1000);
	foot.append(said, buttons, h('p.dim', location.host));
	document.adoptedStyleSheets = [looks];

	function oninput() {
		code.value = code.value.toUpperCase().replace(/[^A-Z0-9]/g, '').slice(0, 8);
		asks.disabled = code.value.length % 8; // None is needed if it has asked before.
	}

	function draw(title, control, ...content) {
		buttons.replaceChildren(control);
		main.replaceChildren(h('.pair', h('img', { src: '/icon.svg', alt: '' }), h('h1', { tabindex: -1 }, title), content));
	}

	function drawForm() {
		code.value = '';
		draw('Ask to be let in', asks,
			quiet('Type the eight characters that Outlive shows at the desk under Phone…, or scan its picture with the camera.'),
			h('label.code', code),
			!isKept && h('p.note', `This browser keeps nothing here, as in a private window: this ${DEVICE} is let in until the page is closed.`),
		);
	}

	function drawAsking({ words, name, left_s: leftS, is_lost: isLost, certificate }) {
		endMs = Date.now() + leftS * 1000;
		draw('Say yes at the desk', button('button', 'Cancel', cancel),
			quiet(`The desk shows this ${DEVICE} and these two words. If they are the same, say yes there.`),
			h('.both', words.map((word) => h('b', word))),
			h('p.below.dim', h('span', `Asked as ${name}`), left),
			h('h2.cap', 'What happens then'),
			quiet(isLost && 'This browser has lost its key, so the desk is asked again. ', `What this ${DEVICE} may do is chosen at the desk. The page opens here by itself; nothing is typed.`),
			certificate && [h('h2.cap', 'The certificate'), quiet('Your browser warned, since the desk made its certificate itself. Both sides show the same end of it:'), h('p.mono', certificate)],
		);
		drawLeft();
	}

	function drawLeft() {
		const seconds = Math.max(0, Math.round((endMs - Date.now()) / 1000));
		left.textContent = `${seconds > 59 ? `${Math.floor(seconds / 60)} min ` : ''}${seconds % 60} s left`;
	}

	/** Ask with a code, or without one for the place of a device that has lost its key, until there is an answer. */
	async function send(typed) {
		self.tell('');
		sessionStorage.code = typed; // For a page that is loaded again.
		let got = await orFailure(postOnce('ask', { code: typed }));
		if (got.state === 'asks') drawAsking(got);
		for (let failures = 0; parts.isShown(self) && got.state === 'asks'; ) {
			const next = await orFailure(ask('asking', {}, 30_000));
			if (next.state || next.status) got = next;
			else await new Promise((resolve) => setTimeout(resolve, waitMs(failures++)));
		}
		if (!parts.isShown(self)) return;
		sessionStorage.clear();
		if (got.state === 'let_in') return enter();
		drawForm();
		if (got.state === 'refused') self.tell(endMs ? `${Date.now() < endMs ? 'The desk said no' : 'Nobody said yes at the desk'}.` : '', true);
		else if (isBad(got)) self.tell(got.message, true);
	}

	async function enter() {
		await inKeys((keys) => keys.put(key, 1));
		navigator.storage?.persist?.();
		history.replaceState(null, '', '/');
		parts.enter();
	}

	/** A new key each time: a kept one that is not let in may be one that another server has left here. */
	async function makeKey() {
		const { privateKey: own, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
		key = { own, name: base64(await crypto.subtle.exportKey('raw', publicKey)) };
		isKept = await inKeys((keys) => keys.put(key, 'asks'));
		parts.use(key);
	}

	function cancel() {
		endMs = 0;
		self.act('', postOnce('withdraw', {}));
	}

	self.reload = async () => {
		if (!crypto.subtle) return draw('This address keeps no key', '', quiet(`Each ${DEVICE} has a key, which browsers make only for https and for localhost. Open the page at such an address.`));
		await makeKey();
		send(scanned ?? sessionStorage.code ?? '');
	};
	return Object.assign(self, { root: [main, foot], changed() {}, close: () => clearInterval(ticking) });
}
