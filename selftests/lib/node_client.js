// SPDX-License-Identifier: GPL-2.0
// node_client.js REQUESTS SOCKETS URL...: so many keep-alive requests to each URL by
// node's http agent, SOCKETS at a time. Prints how often each answer came ("URL COUNT
// STATUS X-POD"), and how many sockets it took ("URL sockets N").
"use strict";
const http = require("http");
const [requests, sockets, ...urls] = process.argv.slice(2);

function ask(url, then) {
	const agent = new http.Agent({ keepAlive: true, maxSockets: Number(sockets) });
	const answers = new Map();
	const used = new Set();
	let left = Number(requests);

	function done(answer) {
		answers.set(answer, (answers.get(answer) || 0) + 1);
		if (--left)
			return;
		for (const [answer, count] of [...answers].sort())
			console.log(`${url} ${count} ${answer}`);
		console.log(`${url} sockets ${used.size}`);
		agent.destroy();
		then();
	}

	for (let i = 0; i < Number(requests); i++) {
		http.get(url, { agent, headers: { "x-user": `user-${i}` } }, (response) => {
			used.add(response.socket);
			response.resume();
			response.on("end", () =>
				done(`${response.statusCode} ${response.headers["x-pod"]}`));
		}).on("error", (error) => done(`error ${error.code}`));
	}
}

function next() {
	if (!urls.length)
		process.exit(0);
	ask(urls.shift(), next);
}

next();
