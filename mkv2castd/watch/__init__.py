"""Noticing films: which paths count, when they are complete, what changed."""
