"""How much of a film cannot be decoded, by ffmpeg's complaints; a little is usual in recordings off the air.

Only complaints about what is lost count, once a frame or a packet: missing references at the start of a recording,
clocks that jump and the like do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mkv2castd.encoder.wholeness import clock
from mkv2castd.errors import ErrorCode, MediaError

# As ffmpeg 5.1 and 7.1 print them: a frame that was patched up, and a packet that gave no frame at all.
_PATCHED = re.compile(r"corrupt decoded frame")
_LOST = re.compile(
    r"Error while decoding stream #\d+:\d+|Error submitting packet to decoder|Decoding error: Invalid data"
    r"|error submitting a packet to the muxer: Invalid data"
)
_STREAM = re.compile(r"(?:stream |ist)#(\d+):(\d+)")
_REPEATED = re.compile(r"Last message repeated (\d+) times")
# A second of film may lose so many packets and patched frames on average, and any film so many in all.
_A_SECOND, _IN_ALL = 0.5, 20


@dataclass(slots=True)
class Complaints:
    """Counts what ffmpeg says is lost of picture and sound, line by line. subtitles: which of the film's streams are
    none of these; every input but the film itself holds nothing else."""

    subtitles: frozenset[int] = frozenset()
    patched: int = 0
    lost: int = 0
    _last: str = ""

    def add(self, line: str) -> None:
        again = _REPEATED.search(line)
        count = int(again[1]) if again is not None else 1
        said = self._last if again is not None else line
        self._last = said
        if _PATCHED.search(said):
            self.patched += count
        elif _LOST.search(said) and not self._is_of_a_subtitle(said):
            self.lost += count

    def _is_of_a_subtitle(self, said: str) -> bool:
        found = _STREAM.search(said)
        return found is not None and (found[1] != "0" or int(found[2]) in self.subtitles)


def require_little_damage(found: Complaints, duration: float | None, frames: int | None, *, encoded: bool) -> None:
    """duration: of the film, in seconds; frames: of the picture that were made; encoded: the picture was.

    Raises MediaError (source_unreadable) where so much is lost that the result would be no film.
    """
    if encoded and frames == 0:
        raise MediaError(
            ErrorCode.SOURCE_UNREADABLE, "not one frame of the picture can be decoded: copy the film here again"
        )
    total = found.patched + found.lost
    if total <= max(_IN_ALL, _A_SECOND * (duration if duration is not None else 0.0)):
        return
    length = f" of {clock(duration)}" if duration is not None else ""
    raise MediaError(
        ErrorCode.SOURCE_UNREADABLE,
        f"the film{length} is damaged: {found.patched} frames came out broken and {found.lost} packets could not be "
        "decoded. Copy it here again, or set accept_damaged = true in its folder to convert what is there",
    )
