"""Telling the world: the WebSocket protocol, REST and the page."""
