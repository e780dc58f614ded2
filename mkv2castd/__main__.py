"""argv → the command."""

from __future__ import annotations

import sys

from mkv2castd.cli import command


def main() -> int:
    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
