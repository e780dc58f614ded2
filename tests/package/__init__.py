"""The package, installed on a Debian that has booted: run by scripts/test-package, chapter by chapter."""
