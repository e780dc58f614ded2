"""What was probed lately, so that a film is not probed twice between its analysis and its turn."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from mkv2castd.encoder.media import Media
from mkv2castd.model import Identity

_LIMIT = 64


class MediaCache:
    """The newest 64 descriptions, each valid for one version of one file."""

    def __init__(self) -> None:
        self._media: OrderedDict[tuple[Path, Identity], Media] = OrderedDict()

    def put(self, path: Path, identity: Identity, media: Media) -> None:
        self._media[path, identity] = media
        if len(self._media) > _LIMIT:
            self._media.popitem(last=False)

    def get(self, path: Path, identity: Identity) -> Media | None:
        return self._media.get((path, identity))
