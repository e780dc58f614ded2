// node follow.mjs URL OPTIONS: a client whose every event is a line of JSON on standard output. SIGTERM closes the
// client; the process ends by itself as soon as the client has nothing left to do.

import "./websocket.mjs";
import { WebSocketClient } from "./client.mjs";

const [url, options] = process.argv.slice(2);
const client = new WebSocketClient(url, JSON.parse(options));
const EVENTS = ["open", "message", "close", "error", "status", "analysis", "progress", "cancel_response"];

for (const event of EVENTS) {
  client.on(event, (data) => {
    // "error" is both what the daemon says and what the platform says; only the first is a plain object
    const told = data !== undefined && Object.getPrototypeOf(data) === Object.prototype;
    console.log(JSON.stringify({ event, attempts: client.reconnectAttempts, data: told ? data : null }));
  });
}
process.on("SIGTERM", () => client.close());
client.connect();
