"""ffmpeg's `-progress` lines → readings → Progress with a percentage that never falls and a measured ETA."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from mkv2castd.encoder import lenient
from mkv2castd.model import Progress, Stage

# Speed is measured over so many seconds of work: long enough to be calm, short enough to notice a change.
_WINDOW_SECONDS = 15.0
_MOST_READINGS = 64
_LEAST_SECONDS = 0.3
_NOT_YET_DONE = 99.9
_LONGEST_LINE = 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """One block of ffmpeg's progress. position: seconds of film done, None while unknown; size in bytes."""

    position: float | None = None
    frame: int | None = None
    fps: float | None = None
    size: int | None = None
    bitrate_kbps: float | None = None
    end: bool = False


class ProgressReader:
    """Gathers lines into readings. No line raises: what is not understood is left out."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def feed(self, line: str) -> Reading | None:
        """The reading that `line` completes, or None. `line` may end with carriage return and line feed."""
        key, equals, value = line[:_LONGEST_LINE].strip().partition("=")
        if not equals or not key.isidentifier():
            return None
        self._fields[key] = value.strip()
        if key != "progress":
            return None
        fields, self._fields = self._fields, {}
        return Reading(
            position=_position(fields),
            frame=lenient.whole(fields.get("frame")),
            fps=_positive(fields.get("fps")),
            size=lenient.whole(fields.get("total_size")),
            bitrate_kbps=_positive(fields.get("bitrate", "").removesuffix("kbits/s")),
            end=fields["progress"] == "end",
        )


def _position(fields: dict[str, str]) -> float | None:
    """out_time_ms is in microseconds too, whatever its name says. Before the first packet it is hugely negative."""
    for key in ("out_time_us", "out_time_ms"):
        microseconds = lenient.whole(fields.get(key))
        if microseconds is not None:
            return microseconds / 1_000_000
    return None


def _positive(value: str | None) -> float | None:
    read = lenient.number(value)
    return read if read is not None and read > 0 else None


class Meter:
    """Turns the readings of one attempt into Progress. duration: the film's, in seconds, or None if unknown."""

    def __init__(self, duration: float | None, stage: Stage) -> None:
        self._duration = duration if duration is not None and duration > 0 else None
        self._stage = stage
        self._percent = 0.0
        self._position: float | None = None
        self._seen: deque[tuple[float, float]] = deque(maxlen=_MOST_READINGS)

    def update(self, reading: Reading, elapsed: float) -> Progress:
        """What to tell now. elapsed: seconds of work so far, pauses left out."""
        if reading.position is not None:
            before = self._position
            self._position = reading.position if before is None else max(before, reading.position)
            self._note(elapsed, self._position)
        speed = self._speed()
        if speed is None and reading.end:
            speed = self._overall(elapsed)
        if self._duration is not None and self._position is not None:
            self._percent = max(self._percent, min(_NOT_YET_DONE, 100 * self._position / self._duration))
        return Progress(
            stage=self._stage,
            percent=round(self._percent, 2),
            eta=self._eta(speed),
            speed=speed,
            frame=reading.frame,
            fps=reading.fps if reading.fps is not None else _rate(reading.frame, elapsed),
            size=reading.size,
            position=self._position,
            bitrate_kbps=reading.bitrate_kbps,
        )

    def _note(self, elapsed: float, position: float) -> None:
        if not self._seen or elapsed > self._seen[-1][0]:
            self._seen.append((elapsed, position))
        while len(self._seen) > 2 and elapsed - self._seen[1][0] >= _WINDOW_SECONDS:
            self._seen.popleft()

    def _speed(self) -> float | None:
        """Film seconds a second over the window; None until there is enough to measure, or nothing moves."""
        if not self._seen:
            return None
        (since, before), (now, after) = self._seen[0], self._seen[-1]
        if now - since < _LEAST_SECONDS or after <= before:
            return None
        return (after - before) / (now - since)

    def _overall(self, elapsed: float) -> float | None:
        """Over the whole work, ffmpeg's start included: all there is to say of a film that took a moment."""
        if self._position is None or self._position <= 0 or elapsed <= 0:
            return None
        return self._position / elapsed

    def _eta(self, speed: float | None) -> float | None:
        if speed is None or speed <= 0 or self._duration is None or self._position is None:
            return None
        return max(0.0, self._duration - self._position) / speed


def _rate(frame: int | None, elapsed: float) -> float | None:
    """Frames a second so far; ffmpeg's own figure is missing in its first report."""
    return frame / elapsed if frame is not None and elapsed > 0 else None
