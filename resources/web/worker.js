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

async function tell({ title, body, tag, chat, request, over }) {
	const data = `/#/question/${[chat, request].filter(Boolean).map(encodeURIComponent).join('/')}`;
	await registration.showNotification(title, { body, tag, data, silent: over, icon: '/icon.png' });
	if (over) for (const each of await registration.getNotifications({ tag })) each.close();
}

self.addEventListener('notificationclick', (event) => {
	event.notification.close();
	event.waitUntil(show(event.notification.data));
});

/** Show the question in a page that is open, or in a new one. */
async function show(address) {
	const [page] = await clients.matchAll({ type: 'window', includeUncontrolled: true });
	if (!page) return clients.openWindow(address);
	page.postMessage(address);
	return page.focus();
}
