// SPDX-License-Identifier: GPL-2.0
// node_server.js NAME PORT: node's http server. GET answers NAME; what is sent
// is answered as its SHA-256, chunked.
"use strict";
const crypto = require("crypto");
const http = require("http");
const [name, port] = process.argv.slice(2);

http.createServer((request, response) => {
	const hash = crypto.createHash("sha256");
	request.on("data", (piece) => hash.update(piece));
	request.on("end", () => {
		response.setHeader("X-Pod", name);
		if (request.method === "GET") {
			response.end(name + "\n");
			return;
		}
		response.write(hash.digest("hex"));
		response.end("\n");
	});
}).listen(Number(port), "::");
