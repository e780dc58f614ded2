"""Judges an output by the file alone, the device table of `devices` and what is true of the clip it was made from.

`judge(seen, wanted, facts)` returns a list of faults as sentences; none of them: it plays on every device that was
named, and what it shows and sounds like is what the clip showed and sounded like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.matrix import checker_look, checker_picture, checker_times
from tests.matrix.devices import CONTAINERS, SOUND, Device, devices
from tests.matrix.facts import Facts
from tests.matrix.seen import Seen, Stream

_TITLES = ("comment", "visual_impaired", "hearing_impaired", "descriptions")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the file was to be: the devices by name, and the container that was asked for; None: any that plays."""

    devices: tuple[str, ...]
    container: str | None = None

    @property
    def all(self) -> tuple[tuple[str, Device], ...]:
        return devices(self.devices)


def judge(seen: Seen, wanted: Wanted, facts: Facts) -> list[str]:
    """Every fault, each once."""
    found = [*playing(seen, wanted), *checker_times.faults(seen, facts), *checker_look.faults(seen, facts)]
    found += [*_hdr(seen, wanted, facts), *_kept(seen, facts, outgoing=wanted.container is not None)]
    return list(dict.fromkeys(found))


def playing(seen: Seen, wanted: Wanted) -> Iterator[str]:
    """Faults that keep the file from playing, whatever it was made from."""
    yield from _container(seen, wanted)
    yield from checker_picture.faults(seen, wanted.all)
    name = seen.container
    if name in CONTAINERS:
        for number, stream in enumerate(seen.of("audio")):
            yield from _track(stream, number, name)
        for stream in seen.of("subtitle"):
            if stream.codec not in CONTAINERS[name].subtitles:
                yield f"{name} holds no subtitles in {stream.codec}"
    for line in seen.complaints:
        yield f"decoding complains: {line}"


def _container(seen: Seen, wanted: Wanted) -> Iterator[str]:
    name = seen.container
    if name is None or name not in CONTAINERS:
        yield f"the container {seen.format.get('format_name')} ({seen.brand}) does not play"
        return
    if wanted.container is not None and name != wanted.container:
        yield f"{wanted.container} was asked for, this is {name}"
    if name == "mp4" and not seen.index_first:
        yield "moov does not lie before mdat"
    films = seen.pictures
    if len(films) != 1:
        yield f"{len(films)} film pictures instead of one"
    if films and seen.of("video")[0] is not films[0]:
        yield "the first video track is not the film"
    row = CONTAINERS[name]
    if films and films[0].codec not in row.video:
        yield f"{films[0].codec} does not play in {name}"
    if seen.of("attachment") and not row.attachments:
        yield f"{name} holds no attachments"


def _track(stream: Stream, number: int, container: str) -> Iterator[str]:
    said, row = f"sound track {number + 1}", SOUND.get(stream.codec)
    if row is None:
        yield f"{said}: no device is certain to play {stream.codec}"
        return
    if stream.codec not in CONTAINERS[container].audio:
        yield f"{said}: {stream.codec} does not play in {container}"
    channels, rate = stream.told.get("channels"), int(stream.told.get("sample_rate", 0))
    if number == 0 and channels not in (1, 2):
        yield f"{said}: {channels} channels, the first one has to be stereo or mono"
    if not 0 < rate <= row.rate:
        yield f"{said}: {rate} Hz are more than {row.rate}"
    if row.profiles and stream.told.get("profile") not in row.profiles:
        yield f"{said}: {stream.codec} of profile {stream.told.get('profile')}"
    if int(stream.told.get("bits_per_raw_sample") or 0) > row.bits:
        yield f"{said}: {stream.told['bits_per_raw_sample']} bits a sample"
    if not stream.frames:
        yield f"{said}: nothing in it can be decoded"


def _hdr(seen: Seen, wanted: Wanted, facts: Facts) -> Iterator[str]:
    """HDR stays where every device shows it; what said how it was graded stays with it."""
    if not seen.pictures or facts.hdr is None:
        return
    picture = seen.pictures[0]
    transfer = picture.told.get("color_transfer")
    if not all(facts.hdr in device.hdr for _, device in wanted.all):
        if wanted.container is not None and transfer != "bt709":
            yield f"tone mapped pictures are BT.709, this says {transfer}"
        return
    if transfer != facts.hdr:
        yield f"HDR ({facts.hdr}) was lost: the transfer is {transfer}"
    if picture.told.get("color_primaries") != "bt2020":
        yield f"HDR with the primaries {picture.told.get('color_primaries')}"
    if facts.bits > 8 and not str(picture.told.get("pix_fmt", "")).endswith("10le"):
        yield f"HDR in {picture.told.get('pix_fmt')}"
    if facts.mastering and "Mastering display metadata" not in picture.side_data:
        yield "the mastering display metadata was lost"
    if facts.light and "Content light level metadata" not in picture.side_data:
        yield "the light levels were lost"


def _kept(seen: Seen, facts: Facts, outgoing: bool) -> Iterator[str]:
    """What came with the film: every language, chapters, subtitles, fonts, the title. outgoing: it was made by us;
    a source that plays as it is may have things in any order."""
    tracks, shelf = seen.of("audio"), CONTAINERS.get(seen.container or "")
    if not facts.sounds and tracks:
        yield "a sound track was invented"
    if facts.sounds and not tracks:
        yield "the sound was lost"
    there = [stream.tags.get("language", "und") for stream in tracks]
    for language in facts.languages:
        if language not in there:
            yield f"the language {language} was lost"
    if outgoing and tracks and facts.not_first is not None:
        flags = tracks[0].told.get("disposition", {})
        if tracks[0].tags.get("title") == facts.not_first or any(flags.get(name) for name in _TITLES):
            yield f"the first sound track is {facts.not_first!r}"
    if seen.chapters != facts.chapters:
        yield f"{seen.chapters} chapters instead of {facts.chapters}"
    if facts.title is not None:
        tags = {name.lower(): value for name, value in seen.format.get("tags", {}).items()}
        if tags.get("title") != facts.title:
            yield f"the title is {tags.get('title')!r} instead of {facts.title!r}"
    if shelf is not None:
        yield from _subtitles(seen, facts, shelf.subtitles)
        fonts = [s for s in seen.of("attachment") if "font" in s.tags.get("mimetype", "")]
        if shelf.attachments and len(fonts) != facts.fonts:
            yield f"{len(fonts)} fonts instead of {facts.fonts}"


def _subtitles(seen: Seen, facts: Facts, held: frozenset[str]) -> Iterator[str]:
    bitmap = ("dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "xsub")
    there = [stream.tags.get("language", "und") for stream in seen.of("subtitle") if stream.codec not in bitmap]
    for language in facts.text:
        if language not in there:
            yield f"the subtitles in {language} were lost"
    pictures = [stream for stream in seen.of("subtitle") if stream.codec in bitmap]
    if not held.isdisjoint(bitmap) and len(pictures) != facts.bitmaps:
        yield f"{len(pictures)} tracks of bitmap subtitles instead of {facts.bitmaps}"
