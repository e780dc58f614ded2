"""mkv2castd: makes the films in your folders play on Cast devices.

The house is described in docs/architecture.md; the twenty-minute tour starts in `model`.
"""

__version__ = "0.1.0"
