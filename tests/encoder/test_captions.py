"""Which subtitles are kept, go beside the output, are drawn into the picture or are left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder import captions, extra_rules
from mkv2castd.encoder.captions import Captions
from mkv2castd.encoder.media import External, SubtitleStream
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.model import Action, Container
from tests.encoder.films import audio, film, font, result_of, subtitle, video

TEXTS = ("subrip", "ass", "mov_text", "webvtt", "eia_608")
# An ffmpeg with few decoders.
BARE = Tools(decoders=frozenset({"h264", "aac"}))
PICTURES = ("hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub")


def told(*tracks: SubtitleStream, container: Container = Container.MKV, **facts: Any) -> Captions:
    settings = {key: facts.pop(key) for key in ("subtitles", "burn_forced_only", "languages") if key in facts}
    tools = facts.pop("tools", UNASKED)
    media = film(video(), audio(1, language="eng"), *tracks, container="avi", **facts)
    return captions.caption(media, container, Settings(container=container, **settings), tools)


def endings(*tracks: SubtitleStream, **facts: Any) -> list[str]:
    return [sidecar.ending for sidecar in told(*tracks, **facts).sidecars]


class TestBeside:
    def test_every_text_goes_beside_and_stays_inside(self) -> None:
        found = told(*(subtitle(number, codec) for number, codec in enumerate((*TEXTS, *PICTURES), 2)))
        assert [sidecar.source.codec for sidecar in found.sidecars] == list(TEXTS)
        assert [stream.action for stream in found.streams[: len(TEXTS)]] == [
            *(Action.COPY, Action.COPY, Action.CONVERT, Action.COPY, Action.CONVERT)
        ]
        assert found.burn is None

    @pytest.mark.parametrize(
        ("facts", "ending"),
        [
            ({}, ""),
            ({"language": "eng"}, ".en"),
            ({"language": "und"}, ""),
            ({"language": "gsw"}, ".gsw"),
            ({"language": "ger", "dispositions": frozenset({"forced"})}, ".de.forced"),
            ({"language": "ger", "title": "Forced (signs)"}, ".de.forced"),
            ({"language": "eng", "dispositions": frozenset({"hearing_impaired"})}, ".en.sdh"),
            ({"language": "eng", "title": "English [SDH]"}, ".en.sdh"),
            ({"language": "eng", "title": "English CC"}, ".en.sdh"),
            ({"dispositions": frozenset({"forced"})}, ".forced"),
            ({"language": "eng", "title": "Accented"}, ".en"),
        ],
    )
    def test_names_that_media_centres_read(self, facts: dict[str, Any], ending: str) -> None:
        assert endings(subtitle(2, "subrip", **facts)) == [ending]

    def test_a_second_one_of_a_kind_gets_a_number(self) -> None:
        tracks = [subtitle(n, "subrip", language=code) for n, code in enumerate(("eng", "en", "ger", None, None), 2)]
        assert endings(*tracks) == [".en", ".2.en", ".de", "", ".2"]

    def test_only_the_wish_makes_them(self) -> None:
        for wish in ("embed", "none", "burn"):
            assert endings(subtitle(2, "subrip"), subtitles=wish) == []

    def test_none_leaves_all_out_and_says_why(self) -> None:
        found = told(subtitle(2, "subrip"), subtitle(3, "hdmv_pgs_subtitle"), subtitles="none")
        assert {stream.action for stream in found.streams} == {Action.DROP}
        assert all('subtitles = "none"' in stream.reason for stream in found.streams)

    @pytest.mark.parametrize("container", [Container.MP4, Container.WEBM])
    def test_pictures_of_text_stay_in_matroska_only(self, container: Container) -> None:
        tracks = [subtitle(number, codec) for number, codec in enumerate(PICTURES, 2)]
        assert [s.action for s in told(*tracks).streams] == [Action.COPY, Action.COPY, Action.COPY, Action.DROP]
        dropped = told(*tracks, container=container).streams
        assert {stream.action for stream in dropped} == {Action.DROP}
        assert all(container.value in stream.reason for stream in dropped)

    def test_what_ffmpeg_cannot_read_is_named(self) -> None:
        for codec, word in (("dvb_teletext", "no decoder"), ("ttml", "TTML"), (None, "unknown format")):
            (stream,) = told(subtitle(2, codec), tools=BARE).streams
            assert stream.action is Action.DROP
            assert word in stream.reason

    def test_teletext_is_text_where_ffmpeg_decodes_it(self) -> None:
        found = told(subtitle(2, "dvb_teletext", language="eng"))
        assert [(s.action, s.target) for s in found.streams] == [(Action.CONVERT, "subrip")]
        assert [sidecar.ending for sidecar in found.sidecars] == [".en"]
        assert told(subtitle(2, "dvb_teletext"), tools=BARE).sidecars == ()


class TestFilesBesideTheFilm:
    FILES = (
        External(Path("/f/film.de.forced.srt"), "subrip", "de", None, True),
        External(Path("/f/film.idx"), "dvd_subtitle", "fr", track=1),
    )

    def test_they_are_taken_along_behind_the_films_own(self) -> None:
        found = told(subtitle(2, "ass", language="ger"), externals=self.FILES)
        assert [(stream.index, stream.target) for stream in found.streams] == [
            *((2, "ass"), (3, "subrip"), (4, "dvd_subtitle"))
        ]
        assert [sidecar.ending for sidecar in found.sidecars] == [".de", ".de.forced"]
        assert found.streams[1].reason.startswith("film.de.forced.srt: ")
        assert found.streams[1].source.forced

    def test_they_fit_into_mp4_as_the_others_do(self) -> None:
        found = told(externals=self.FILES, container=Container.MP4)
        assert [(stream.action, stream.target) for stream in found.streams] == [
            *((Action.CONVERT, "mov_text"), (Action.DROP, None))
        ]

    def test_one_of_them_may_be_drawn(self) -> None:
        found = told(externals=self.FILES, subtitles="burn", burn_forced_only=True)
        assert found.burn is not None
        assert found.burn.source.external == self.FILES[0]


class TestBurning:
    def drawn(self, *tracks: SubtitleStream, **facts: Any) -> int | None:
        burn = told(*tracks, subtitles="burn", **facts).burn
        return burn.source.index if burn is not None else None

    def test_the_forced_one_of_the_language_that_is_heard_comes_first(self) -> None:
        default = subtitle(2, "subrip", language="ger", dispositions=frozenset({"default"}))
        forced_other = subtitle(3, "subrip", language="ger", dispositions=frozenset({"forced"}))
        forced = subtitle(4, "ass", language="eng", dispositions=frozenset({"forced"}))
        first = subtitle(5, "subrip", language="fre")
        assert self.drawn(first, default, forced_other, forced) == 4
        assert self.drawn(first, default, forced_other) == 2
        assert self.drawn(first, forced_other) == 5
        assert self.drawn(first, forced_other, languages=("de",)) == 3

    def test_a_wanted_language_comes_before_the_order_of_the_file(self) -> None:
        tracks = [subtitle(n, "subrip", language=code) for n, code in ((2, "fre"), (3, "ger"), (4, "ita"))]
        assert self.drawn(*tracks) == 2
        assert self.drawn(*tracks, languages=("it", "de")) == 4

    def test_only_what_can_be_read_is_drawn(self) -> None:
        assert self.drawn(subtitle(2, "ttml"), subtitle(3, "hdmv_text_subtitle")) is None
        assert self.drawn(subtitle(2, "ttml"), subtitle(3, "xsub")) == 3
        assert self.drawn() is None

    def test_the_others_are_left_out_and_say_why(self) -> None:
        found = told(subtitle(2, "subrip"), subtitle(3, "ass"), subtitles="burn")
        assert [stream.action for stream in found.streams] == [Action.DROP, Action.DROP]
        assert "drawn into the picture: it comes first" in found.streams[0].reason
        assert "another subtitle is drawn" in found.streams[1].reason

    def test_forced_only_draws_nothing_where_nothing_is_forced(self) -> None:
        default = subtitle(2, "subrip", dispositions=frozenset({"default"}))
        found = told(default, subtitle(3, "hdmv_pgs_subtitle"), subtitles="burn", burn_forced_only=True)
        assert found.burn is None
        assert all("not drawn: not forced" in stream.reason for stream in found.streams)

    def test_forced_parts_of_a_bitmap_track_are_drawn(self) -> None:
        plain = subtitle(2, "hdmv_pgs_subtitle", language="ger", forced_events=True)
        heard = subtitle(3, "hdmv_pgs_subtitle", language="eng", forced_events=True)
        found = told(plain, heard, subtitles="burn", burn_forced_only=True)
        assert found.burn is not None
        assert (found.burn.source.index, found.burn.bitmap, found.burn.forced_only) == (3, True, True)
        flagged = subtitle(4, "subrip", language="eng", dispositions=frozenset({"forced"}))
        assert self.drawn(plain, heard, flagged, burn_forced_only=True) == 4

    @pytest.mark.parametrize("wish", ["sidecar", "embed", "burn", "none"])
    @pytest.mark.parametrize("container", list(Container))
    def test_a_result_described_again_needs_nothing(self, wish: Any, container: Container) -> None:
        tracks = [subtitle(number, codec) for number, codec in enumerate((*TEXTS, *PICTURES), 2)]
        settings = Settings(subtitles=wish, container=container)
        media = film(video(), audio(), *tracks, font(20, filename="a.ttf"), container="avi")
        decision = plan(media, settings)
        assert isinstance(decision, Plan)
        assert {s.index for s in decision.streams} == {s.index for s in media.streams}
        assert (decision.burn is not None) is (wish == "burn")
        assert not decision.copies_video or wish != "burn"
        assert isinstance(plan(result_of(decision, media), settings), Skip)


def test_what_is_lost_on_the_way_is_dropped_with_its_sidecar() -> None:
    media = film(video(), audio(), subtitle(2, "subrip"), subtitle(3, "ass"), container="avi")
    decision = plan(media, Settings())
    assert isinstance(decision, Plan)
    less = decision.without({2: "it is empty"})
    assert [stream.index for stream in less.kept] == [0, 1, 3]
    assert [sidecar.source.index for sidecar in less.sidecars] == [3]
    assert next(stream.reason for stream in less.streams if stream.index == 2) == "it is empty"
    assert decision.without({}) == decision


def test_attachments_without_a_name_or_a_type_get_them() -> None:
    tags = extra_rules.attachment_tags
    assert tags(font(3)) == {"filename": "attachment_3.ttf", "mimetype": "font/ttf"}
    assert tags(font(3, filename="A.OTF")) == {"filename": "A.OTF", "mimetype": "font/otf"}
    assert tags(font(3, filename="x", mimetype="a/b")) == {"filename": "x", "mimetype": "a/b"}
    assert extra_rules.is_font(font(3)) is True
