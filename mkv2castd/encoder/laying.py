"""Lays out what ffmpeg cannot take from the film as it goes along: covers, files beside it, the text to draw."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from mkv2castd.encoder.charsets import to_text
from mkv2castd.encoder.extra_options import COVER_FILES, FORMATS, as_found, external_input, within
from mkv2castd.encoder.extra_rules import attachment_tags, is_font
from mkv2castd.encoder.media import External, OtherStream, SubtitleStream, VideoStream
from mkv2castd.encoder.naming import working_file
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import StreamPlan
from mkv2castd.errors import DeviceError, ErrorCode, MediaError
from mkv2castd.model import Action, printable
from mkv2castd.patience import see_through
from mkv2castd.threads import in_thread

# Runs a child on behalf of the attempt: it can be paused and cancelled, hangs are noticed, its words are kept.
# Returns the end of its stderr; raises as the attempt's own child does.
Runner = Callable[[Sequence[str]], Awaitable[str]]

FFMPEG = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "warning", "-progress", "pipe:1", "-y")
_MOST_FONTS = 100
_MOST_BYTES = 32 * 1024 * 1024
# What a text that is none of ffmpeg's own making holds at least once, by its format.
_SIGNS: Mapping[str, str] = MappingProxyType({"subrip": "-->", "webvtt": "-->", "ass": "Dialogue:", "microdvd": "}"})
THE_FILMS_FAULT = frozenset({ErrorCode.FFMPEG_ERROR, ErrorCode.SOURCE_UNREADABLE, ErrorCode.UNSUPPORTED_MEDIA})


class Layer:
    """Lays out for one attempt. `lost`: what could not be laid out, by its index, and why; it fails no film."""

    def __init__(self, plan: Plan, source: Path, temporary: Path, run: Runner) -> None:
        self._plan = plan
        self._source = source
        self._temporary = temporary
        self._run = run
        self._laid: list[Path] = []
        self.lost: dict[int, str] = {}

    def clear(self) -> None:
        """Removes everything again. Blocks."""
        for path in self._laid:
            with suppress(OSError):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def place(self, name: str) -> Path:
        self._laid.append(working_file(self._temporary, name))
        return self._laid[-1]

    async def covers(self) -> dict[int, Path]:
        """Each cover that the container takes as an attached file. One that is converted is tried beforehand in any
        case: a broken one would cost the film."""
        found = {}
        for stream in self._plan.kept:
            cover = isinstance(stream.source, VideoStream) and stream.source.cover
            if stream.attached or (cover and stream.action is Action.CONVERT):
                place = self.place(f"cover-{stream.index}{COVER_FILES[stream.target][1]}")
                if await self._try(self._cover_argv(stream, place), stream.index, "cover art: it cannot be read"):
                    found[stream.index] = place
        return found

    def _cover_argv(self, stream: StreamPlan, place: Path) -> list[str]:
        codec = "copy" if stream.action is Action.COPY else stream.target or ""
        # image2pipe: the one way to write a picture whose file's name means nothing to ffmpeg
        return [
            *(*FFMPEG, *self._input(), "-map", f"0:{stream.index}", "-c", codec, "-frames:v", "1"),
            *("-f", "image2pipe", f"file:{place}"),
        ]

    def _input(self) -> list[str]:
        return ["-protocol_whitelist", "file", "-i", f"file:{self._source}"]

    async def externals(self) -> dict[int, External]:
        """The files beside the film that are needed: texts as UTF-8, VobSub as it lies there."""
        found = {}
        burnt = [self._plan.burn.source] if self._plan.burn is not None else []
        needed = [*(s.source for s in self._plan.kept), *(s.source for s in self._plan.sidecars), *burnt]
        for source in needed:
            if isinstance(source, SubtitleStream) and source.external is not None and source.index not in found:
                laid = await self._external(source.index, source.external)
                if laid is not None:
                    found[source.index] = laid
        return found

    async def _external(self, index: int, external: External) -> External | None:
        if external.codec not in _SIGNS:
            name = printable(external.path.name)
            if not await in_thread(external.path.is_file):
                self.lost[index] = f"{name}: left out: it is not there any more"
                return None
            # what ffmpeg refuses would cost the film
            look = [*FFMPEG, *external_input(external, self._plan), "-map", f"0:{external.track}", "-c", "copy"]
            look += ["-frames:s", "1", "-f", "null", "-"]
            return external if await self._try(look, index, f"{name}: left out: it cannot be read") else None
        place = self.place(f"external-{index}")
        try:
            fault = await see_through(in_thread(_as_utf8, external, place))
        except OSError as error:
            if error.filename != str(external.path):
                raise
            fault = f"cannot be read: {error.strerror}"
        if fault is not None:
            self.lost[index] = f"{printable(external.path.name)}: left out: {fault}"
            return None
        return await self._within(index, external, replace(external, path=place))

    async def _within(self, index: int, external: External, text: External) -> External | None:
        """As ffmpeg reads it, without what lies behind the film's end. What it refuses would cost the film."""
        place = self.place(f"external-{index}-within")
        filters = ",".join(within(self._plan.duration))
        argv = [*FFMPEG, *external_input(text, self._plan), "-map", "0:0", "-c", "copy"]
        argv += [*(("-bsf", filters) if filters else ()), "-f", FORMATS[text.codec], f"file:{place}"]
        why = f"{printable(external.path.name)}: left out: it cannot be read"
        return replace(text, path=place) if await self._try(argv, index, why) else None

    async def burn(self, externals: Mapping[int, External]) -> tuple[Path | None, Path | None]:
        """The text that is drawn, as ASS, and the folder with the film's fonts."""
        burn = self._plan.burn
        if burn is None or burn.bitmap or burn.source.index in self.lost:
            return None, None
        place = self.place("burn.ass")
        fonts = self._fonts() if burn.source.external is None else []
        if burn.source.external is None:
            spoken = [*as_found([burn.source]), *self._input(), "-map", f"0:{burn.source.index}"]
        else:
            spoken = [*external_input(externals[burn.source.index], self._plan), "-map", "0:0"]
        write = [*spoken, "-c:s", "ass", "-f", "ass", f"file:{place}"]
        folder = await self._dump(fonts, write) if fonts else None
        if folder is None:
            await self._run([*FFMPEG, *write])
        await see_through(in_thread(mend_letters, place, burn.source.language))
        return place, folder

    def _fonts(self) -> list[OtherStream]:
        sources = (stream.source for stream in self._plan.streams)
        return [source for source in sources if isinstance(source, OtherStream) and is_font(source)][:_MOST_FONTS]

    async def _dump(self, fonts: list[OtherStream], write: list[str]) -> Path | None:
        """None where a font cannot be taken out: the text is drawn in another one then."""
        folder = self.place("fonts")
        await in_thread(folder.mkdir, exist_ok=True)
        dumped = []
        for font in fonts:
            extension = Path(attachment_tags(font)["filename"]).suffix
            dumped += [f"-dump_attachment:{font.index}", f"file:{folder / f'{font.index}{extension}'}"]
        try:
            await self._run([*FFMPEG, *dumped, *write])
        except (MediaError, DeviceError) as error:
            if error.code not in THE_FILMS_FAULT:
                raise
            return None
        return folder

    async def _try(self, argv: list[str], index: int, why: str) -> bool:
        try:
            await self._run(argv)
        except (MediaError, DeviceError) as error:
            if error.code not in THE_FILMS_FAULT:
                raise
            self.lost[index] = why
            return False
        return True


def mend_letters(text: Path, language: str | None) -> bool:
    """Writes a file of text anew as UTF-8 if it is something else; whether it was. One that is far too long stays as
    it is. Blocks."""
    with text.open("rb") as file:
        raw = file.read(_MOST_BYTES + 1)
    fresh = to_text(raw, language).encode("utf-8") if len(raw) <= _MOST_BYTES else raw
    if fresh == raw:
        return False
    text.write_bytes(fresh)
    return True


def _as_utf8(external: External, place: Path) -> str | None:
    """Writes it to `place`; what is wrong with it, if it is no subtitle."""
    with external.path.open("rb") as file:
        raw = file.read(_MOST_BYTES + 1)
    text = to_text(raw, external.language).replace("\r\n", "\n").replace("\r", "\n")
    if len(raw) > _MOST_BYTES or _SIGNS[external.codec] not in text:
        return "no subtitle is in it"
    place.write_text(text, encoding="utf-8", newline="\n")
    return None
