// SPDX-License-Identifier: GPL-2.0
// node_client.js URL REQUESTS SOCKETS: keep-alive requests by node's http agent,
// SOCKETS at a time. Prints how often each answer came ("COUNT STATUS X-POD"),
// and how many sockets it took ("sockets N").
"use strict";
const http = require("http");
const [url, requests, sockets] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: Number(sockets) });
const answers = new Map();
const used = new Set();
let left = Number(requests);

function report() {
	for (const [answer, count] of [...answers].sort())
		console.log(`${count} ${answer}`);
	console.log(`sockets ${used.size}`);
	process.exit(0);
}

function done(answer) {
	answers.set(answer, (answers.get(answer) || 0) + 1);
	if (--left === 0)
		report();
}

for (let i = 0; i < Number(requests); i++) {
	http.get(url, { agent, headers: { "x-user": `user-${i}` } }, (response) => {
		used.add(response.socket);
		response.resume();
		response.on("end", () =>
			done(`${response.statusCode} ${response.headers["x-pod"]}`));
	}).on("error", (error) => done(`error ${error.code}`));
}
