// Where Node has no WebSocket of its own, that of ws: it has the same face.

import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket;
