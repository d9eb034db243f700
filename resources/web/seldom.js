// What few pages need: the fields of a form, photos, notifications, links, the end.

/** The fields of a question that asks for more than yes or no. What was chosen stays, but for secrets. */
export function makeForm(parts, chat, { request, forms }) {
	const { h, set, named, quiet, facts, exactly, recall, keep, gate, may } = parts;
	const key = `form ${chat} ${request}`;
	const kept = JSON.parse(recall(key) || '{}');
	const fieldset = ({ id, text, options, secret, several, optional, hint, field }) => {
		const mine = kept[id] ?? [];
		const box = ([value, meaning, label = value]) => {
			const input = h('input', { type: several ? 'checkbox' : 'radio', name: id, value });
			input.checked = mine.includes(value);
			return h('label.choice', input, h('span', exactly(label), meaning && quiet(exactly(meaning))));
		};
		const typed = field && named(facts(text, hint), h(field.type ? 'input.field' : 'textarea.field', { ...field, name: id, placeholder: 'Your answer' }));
		if (typed && !secret) typed.value = mine.filter((each) => !options.some(([value]) => value === each)).join();
		const none = optional && options.length && !several && box(['', '', 'No answer']);
		const root = h('fieldset', h('legend', exactly(text), several && quiet('Several answers possible')), options.map(box), none, typed, hint && quiet(hint));
		root.disabled = !may('answer');
		return root;
	};
	const oninput = ({ target }) => {
		for (const each of root.elements) {
			if (each === target || each.name !== target.name) continue;
			if (each.type === 'radio') each.checked = false;
			else if (target.type === 'radio') each.value = '';
		}
		keep(key, JSON.stringify(answersTo(forms.filter(({ secret }) => !secret))));
		gate();
	};
	const root = h('form', { onsubmit: (event) => event.preventDefault(), oninput }, forms.map(fieldset));
	const given = ({ id, several }) => new FormData(root).getAll(id).filter((each) => each.trim()).slice(several ? 0 : -1);
	const answersTo = (some) => Object.fromEntries(some.map((form) => [form.id, given(form)]));
	const isRight = (form) => {
		const { several, optional, least, most } = form;
		const answer = given(form);
		const size = several ? answer.length : answer.join().length;
		return answer.length ? least <= size && size <= most : optional;
	};
	return {
		root,
		forget: () => keep(key, ''),
		answers: () => answersTo(forms),
		isComplete: () => root.checkValidity() && forms.every(isRight),
	};
}

const MOST_PX = 2000;

/** A file with a short name that is not taken: photos as at the desk, in a format that agents read. */
export async function forAgents(file, taken) {
	const isHeic = /hei[cf]/i.test(file.type || file.name);
	const isPhoto = isHeic || /^image\/(jpeg|png|webp|avif|bmp)$/.test(file.type);
	const picture = isPhoto && (await createImageBitmap(file).catch(() => null));
	if (isHeic && !picture) throw Error('This browser cannot read HEIC. Choose JPEG in the settings of the camera, or take a picture of the screen.');
	const side = picture ? Math.max(picture.width, picture.height) : 0;
	const isFine = side <= MOST_PX && /jpeg|png|webp/.test(file.type);
	const body = picture && !isFine ? await scaled(picture, Math.min(1, MOST_PX / side)) : file;
	const ending = body === file ? file.name.match(/\.\w{1,8}$/)?.[0] ?? '' : '.jpg';
	const stem = isPhoto ? 'photo' : file.name.slice(0, file.name.length - ending.length).slice(0, 24);
	for (let number = 1; ; number++) {
		const name = `${stem}${number > 1 ? `-${number}` : ''}${ending}`;
		if (!taken.includes(`[${name}]`)) return [body, name];
	}
}

function scaled(picture, scale) {
	const [width, height] = [picture.width, picture.height].map((each) => Math.round(each * scale));
	const canvas = Object.assign(document.createElement('canvas'), { width, height });
	const pen = canvas.getContext('2d');
	pen.fillStyle = '#fff';
	pen.fillRect(0, 0, width, height);
	pen.drawImage(picture, 0, 0, width, height);
	return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.9));
}

/** Have questions pushed to this browser, also while the page is closed. */
export async function notify({ postOnce, keep }, applicationServerKey, isWanted) {
	if (isWanted && (await Notification.requestPermission()) !== 'granted') throw Error('This browser blocks notifications. Its settings allow them.');
	await navigator.serviceWorker.register('/worker.js');
	const { pushManager } = await navigator.serviceWorker.ready;
	const own = isWanted ? await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }) : {};
	const got = await postOnce('push', own);
	keep('push', own.endpoint);
	return got;
}

/** At each load: what this browser would be pushed is what the server has; browsers end subscriptions without a word. */
export async function compare(parts, { push_key, notified }) {
	const { recall } = parts;
	if (Notification.permission !== 'granted') return notified && parts.postOnce('push', {});
	const registration = await navigator.serviceWorker.getRegistration();
	const own = await registration?.pushManager.getSubscription();
	if (!notified || !own || own.endpoint !== recall('push')) return notify(parts, push_key, true);
}

export function askToOpen({ h, button, sheet, closeSheet, textBlock }, href) {
	const open = h('a.button.main', { href, target: '_blank', rel: 'noopener noreferrer', onclick: closeSheet }, 'Open');
	sheet('Open this address?', textBlock(href), h('.buttons', /^(https?|mailto):/i.test(href) && open, button('button', 'Cancel', closeSheet)));
	return {};
}

/** Nothing of its chats stays here: no draft, no notification, and no key. */
export async function leave({ post, inKeys }, machine) {
	if (!confirm(`Forget this device? It shows no chats until it is paired again on ${machine}.`)) return {};
	await post('leave');
	localStorage.clear();
	await inKeys((keys) => keys.clear());
	for (const each of (await navigator.serviceWorker?.getRegistrations()) ?? []) await each.unregister();
	location.reload();
	return {};
}
