// Shows what the server pushes, also while the page is closed. Browsers want each message to be shown, its end too.

self.addEventListener('install', () => skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));

/** This is the update of every worker at this address: one that another server left here ends with its registration. */
async function takeOver() {
	await clients.claim();
	if (location.pathname === '/worker.js') return;
	await registration.unregister();
	for (const each of await clients.matchAll({ type: 'window' })) each.navigate(each.url);
}

self.addEventListener('push', (event) => event.waitUntil(tell(event.data.json())));

/** What became of a question stays until the next one: browsers end a subscription that shows nothing. */
async function tell({ title, body, tag, chat, request, over }) {
	const address = `/#/question/${[chat, request].filter(Boolean).map(encodeURIComponent).join('/')}`;
	await registration.showNotification(title, { body, tag, data: { address, over }, silent: over, renotify: !over, icon: '/icon.png' });
	for (const each of await registration.getNotifications()) if (each.data.over && each.tag !== tag) each.close();
}

self.addEventListener('notificationclick', (event) => {
	event.notification.close();
	event.waitUntil(show(event.notification.data.address));
});

/** Show the question in the page that shows its chat, in another one, or in a new one. */
async function show(address) {
	const pages = await clients.matchAll({ type: 'window', includeUncontrolled: true });
	const page = pages.find(({ url }) => url.includes(`/${address.split('/')[3]}`)) ?? pages.find(({ focused }) => focused) ?? pages[0];
	if (!page) return clients.openWindow(address);
	page.postMessage(address);
	return page.focus();
}
