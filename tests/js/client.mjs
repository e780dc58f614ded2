// A reconnecting client of the daemon's sockets, as programs of the mkv2castUI world have one.
//
// Events: "open", "close", "error", "message" (every message), and each message once more under its own type.
// A lost or refused connection is tried again every reconnectInterval milliseconds, at most maxReconnectAttempts
// times in a row; a connection that stands starts the count anew; after close() nothing is tried any more.

export class WebSocketClient {
  constructor(url, options = {}) {
    this.url = url;
    this.reconnectInterval = options.reconnectInterval || 5000;
    this.maxReconnectAttempts = options.maxReconnectAttempts || 10;
    this.reconnectAttempts = 0;
    this.handlers = new Map();
    this.ws = null;
  }

  connect() {
    const socket = new globalThis.WebSocket(this.url);
    this.ws = socket;
    socket.addEventListener("open", () => {
      this.reconnectAttempts = 0;
      this.emit("open");
    });
    socket.addEventListener("message", ({ data: text }) => {
      const told = JSON.parse(text);
      for (const event of ["message", told.type]) this.emit(event, told);
    });
    socket.addEventListener("error", (fault) => this.emit("error", fault));
    socket.addEventListener("close", () => {
      this.emit("close");
      this.tryReconnect();
    });
  }

  tryReconnect() {
    if (this.reconnectAttempts >= this.maxReconnectAttempts) return;
    this.reconnectAttempts += 1;
    setTimeout(() => this.connect(), this.reconnectInterval);
  }

  on(event, handler) {
    this.handlers.set(event, [...(this.handlers.get(event) ?? []), handler]);
  }

  emit(event, data) {
    for (const handler of this.handlers.get(event) ?? []) handler(data);
  }

  close() {
    this.maxReconnectAttempts = 0;
    this.ws.close();
  }
}
