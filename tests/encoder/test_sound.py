"""Which sound tracks an output has, in which order and form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mkv2castd.config import Settings
from mkv2castd.encoder.audio_rules import usable, wide
from mkv2castd.encoder.languages import same
from mkv2castd.encoder.media import AudioStream
from mkv2castd.encoder.profiles import PROFILES, combine
from mkv2castd.encoder.roles import Role, role_of
from mkv2castd.encoder.sound import arrange
from mkv2castd.encoder.targets import StreamPlan
from mkv2castd.encoder.tools import UNASKED
from mkv2castd.model import Action, Container
from tests.encoder.films import audio, film, video
from tests.encoder.heard import sound_result

SIX = {"channels": 6, "layout": "5.1(side)"}
DTS = {"codec": "dts", "profile": "DTS", **SIX}
AC3 = {"codec": "ac3", "profile": None}
MKV = Settings()


def arranged(*tracks: AudioStream, to: Settings = MKV) -> tuple[StreamPlan, ...]:
    profile = combine(to.profile)
    into = profile.container(to.container.value)
    assert into is not None
    return arrange(film(video(), *tracks), profile, into, to, UNASKED)


def heard(*tracks: AudioStream, to: Settings = MKV) -> list[tuple[int, str]]:
    """The output's tracks: of which source, and in which form."""
    kept = [plan for plan in arranged(*tracks, to=to) if plan.action is not Action.DROP]
    return [(plan.index, plan.audio.layout if plan.audio is not None else "copy") for plan in kept]


class TestWhatPlays:
    def test_every_track_stays_in_its_order(self) -> None:
        tracks = [audio(n, codec=codec, language=codec) for n, codec in enumerate(["ac3", "aac", "eac3", "mp3"], 1)]
        assert heard(*tracks) == [(1, "stereo"), (2, "copy"), (3, "stereo"), (4, "copy")]

    @pytest.mark.parametrize(
        ("facts", "plays"),
        [
            ({"profile": "HE-AAC"}, True),
            ({"profile": "HE-AACv2"}, True),
            ({"profile": None}, True),
            ({"profile": "Main"}, False),
            ({"profile": "LTP"}, False),
            ({"profile": "ELD"}, False),
            ({"profile": "xHE-AAC"}, False),
            ({"profile": "41"}, False),
            ({"codec": "mp3", "profile": None}, True),
            ({"codec": "mp2", "profile": None}, False),
            ({"codec": "vorbis", "profile": None}, True),
            ({"codec": "opus", "profile": None}, True),
            ({"codec": "flac", "profile": None, "sample_rate": 96000, "bits": 24}, True),
            ({"codec": "flac", "profile": None, "sample_rate": 192000}, False),
            ({"codec": "flac", "profile": None, "bits": 32}, False),
            ({"codec": "aac_latm"}, False),
            ({"codec": "pcm_s16le", "profile": None}, False),
            ({"codec": "alac", "profile": None}, False),
            ({"codec": "wmapro", "profile": None}, False),
            ({"channels": None}, False),
            ({"channels": 1, "layout": "mono"}, True),
            ({"sample_rate": 96000}, True),
        ],
    )
    def test_codecs_profiles_and_rates_are_judged(self, facts: dict[str, Any], plays: bool) -> None:
        (made,) = arranged(audio(**facts))
        assert (made.action is Action.COPY) is plays, made.reason

    @pytest.mark.parametrize("codec", ["vorbis", "opus", "flac"])
    def test_mp4_takes_only_aac_and_mp3(self, codec: str) -> None:
        (made,) = arranged(audio(codec=codec, profile=None), to=Settings(container=Container.MP4))
        assert (made.action, made.target) == (Action.TRANSCODE, "aac")
        assert "does not play in mp4" in made.reason

    @pytest.mark.parametrize(
        ("rate", "aac", "opus"),
        [
            (None, 48000, 48000),
            (8000, 48000, 48000),
            (11025, 44100, 48000),
            (12000, 48000, 48000),
            (32000, 32000, 48000),
            (44100, 44100, 48000),
            (88200, 44100, 48000),
            (192000, 48000, 48000),
        ],
    )
    def test_rates_are_those_that_encoders_and_devices_take(self, rate: int | None, aac: int, opus: int) -> None:
        for container, wanted in ((Container.MKV, aac), (Container.WEBM, opus)):
            (made,) = arranged(audio(codec="wmav2", profile=None, sample_rate=rate), to=Settings(container=container))
            assert made.audio is not None
            assert made.audio.sample_rate == wanted

    def test_mono_stays_mono_at_half_the_bitrate(self) -> None:
        (made,) = arranged(audio(codec="ac3", channels=1, layout="mono", sample_rate=44100))
        assert made.audio is not None
        assert (made.audio.channels, made.audio.bitrate_kbps, made.audio.layout) == (1, 96, "mono")
        assert made.reason == "mono AC-3: no Cast device is certain to decode it → mono AAC"

    def test_names_are_those_that_people_use(self) -> None:
        assert arranged(audio(profile="HE-AAC", sample_rate=192000))[0].reason.startswith(
            "stereo HE-AAC: 192000 Hz are more than 96000 Hz"
        )
        assert arranged(audio(profile="Main"))[0].reason.startswith("stereo AAC (Main)")
        many = audio(codec="pcm_s24le", channels=3, layout="3 channels (FL+FR+BC)")
        assert arranged(many)[0].reason.startswith("3-channel PCM_S24LE")

    def test_a_track_that_is_announced_but_empty_is_dropped_beside_a_real_one(self) -> None:
        empty = audio(1, channels=None, sample_rate=None)
        assert heard(empty, audio(2)) == [(2, "copy")]
        assert {plan.index for plan in arranged(empty, audio(2))} == {1, 2}


class TestSurround:
    def test_stereo_comes_first_and_surround_behind_it(self) -> None:
        first, second = arranged(audio(**DTS))
        assert first.reason == "5.1 DTS: no Cast device is certain to decode it → stereo AAC"
        assert second.reason == "5.1 DTS: no Cast device is certain to decode it → 5.1 AAC"
        assert first.audio is not None
        assert second.audio is not None
        assert (first.audio.channels, first.audio.sample_rate, first.audio.bitrate_kbps) == (2, 48000, 192)
        assert (second.audio.channels, second.audio.bitrate_kbps) == (6, 576)

    def test_surround_that_plays_is_not_encoded_again(self) -> None:
        made, kept = arranged(audio(**SIX))
        assert (made.action, made.target, kept.action) == (Action.TRANSCODE, "aac", Action.COPY)
        assert "no Cast device is certain to play more than stereo" in made.reason

    def test_it_may_be_dropped(self) -> None:
        assert heard(audio(**DTS), to=Settings(surround="drop")) == [(1, "stereo")]
        dropped = arranged(audio(**DTS), audio(2), to=Settings(surround="drop"))[1]
        assert dropped.action is Action.DROP
        assert dropped.reason == "5.1 DTS: surround is to be dropped, and the stereo AAC holds the same"

    def test_it_may_stand_alone(self) -> None:
        only = Settings(surround="only")
        assert heard(audio(**DTS), to=only) == [(1, "5.1")]
        assert heard(audio(**SIX), to=only) == [(1, "copy")]
        assert heard(audio(1), audio(2, **SIX), to=only) == [(2, "copy"), (1, "copy")]
        assert heard(audio(1, **AC3), to=only) == [(1, "stereo")]

    @pytest.mark.parametrize(
        ("container", "codec", "form"),
        [("mkv", "dts", "copy"), ("mp4", "dts", "copy"), ("mp4", "truehd", "5.1"), ("webm", "ac3", "5.1")],
    )
    def test_a_receivers_codec_is_kept_where_the_container_holds_it(
        self, container: str, codec: str, form: str
    ) -> None:
        to = Settings(container=Container(container), passthrough=("ac3", "dts", "truehd"))
        assert heard(audio(codec=codec, profile=None, **SIX), to=to) == [(1, "stereo"), (1, form)]
        alone = replace_surround(to, "only")
        assert heard(audio(codec=codec, profile=None, **SIX), to=alone) == [(1, form)]

    def test_stereo_of_a_receivers_codec_is_for_those_who_want_surround_alone(self) -> None:
        receiver = Settings(passthrough=("ac3",))
        assert heard(audio(**AC3), to=receiver) == [(1, "stereo")]
        assert heard(audio(**AC3), to=replace_surround(receiver, "only")) == [(1, "copy")]

    def test_a_stereo_track_of_the_same_is_taken_rather_than_mixed(self) -> None:
        assert heard(audio(1, **DTS), audio(2)) == [(2, "copy"), (1, "5.1")]
        assert heard(audio(1, **DTS), audio(2, **AC3)) == [(2, "stereo"), (1, "5.1")]
        assert heard(audio(1, **DTS), audio(2, channels=1, layout="mono"), audio(3))[0] == (3, "copy")

    @pytest.mark.parametrize(
        ("facts", "other"),
        [
            ({"language": "eng"}, {"language": "ger"}),
            ({"title": "Synchro 1970"}, {"title": "Synchro 2005"}),
            ({}, {"title": "Commentary"}),
            ({}, {"dispositions": frozenset({"visual_impaired"})}),
        ],
    )
    def test_but_not_one_of_something_else(self, facts: dict[str, Any], other: dict[str, Any]) -> None:
        assert heard(audio(1, **DTS, **facts), audio(2, **other)) == [(1, "stereo"), (1, "5.1"), (2, "copy")]

    @pytest.mark.parametrize(
        ("facts", "other"),
        [
            ({"language": "ger"}, {"language": "deu"}),
            ({"title": "DTS-HD MA 5.1 @ 1509 kbps"}, {"title": "Stereo"}),
            ({"title": "English 5.1"}, {"title": "English (Stereo)"}),
        ],
    )
    def test_whatever_it_is_called(self, facts: dict[str, Any], other: dict[str, Any]) -> None:
        assert heard(audio(1, **DTS, **facts), audio(2, **other)) == [(2, "copy"), (1, "5.1")]

    def test_every_language_is_heard_in_stereo(self) -> None:
        tracks = (
            audio(1, language="eng"),
            audio(2, language="eng", **SIX),
            audio(3, language="ger", **DTS),
            audio(4, language="fre", **SIX),
            audio(5, language="fra"),
        )
        assert heard(*tracks) == [(1, "copy"), (2, "copy"), (3, "stereo"), (3, "5.1"), (4, "copy"), (5, "copy")]

    def test_two_surround_tracks_of_one_film_share_a_stereo_one(self) -> None:
        assert heard(audio(1, **DTS), audio(2, codec="ac3", **SIX)) == [(1, "stereo"), (1, "5.1"), (2, "5.1")]

    def test_nobody_guesses_at_channels_without_names(self) -> None:
        many = {"codec": "pcm_s24le", "profile": None, "channels": 16, "layout": None}
        assert heard(audio(**many)) == [(1, "stereo")]
        dropped = arranged(audio(**many), audio(2))[1]
        assert "nobody can say which of its channels belongs where" in dropped.reason
        assert heard(audio(codec="pcm_s16le", profile=None, channels=6, layout=None)) == [(1, "stereo"), (1, "5.1")]

    @pytest.mark.parametrize("layout", [None, "6 channels", "ambisonic 2"])
    def test_a_codec_that_plays_is_not_kept_where_its_channels_have_no_names(self, layout: str | None) -> None:
        (_, made) = arranged(audio(codec="opus", profile=None, channels=6, layout=layout))
        assert (made.action, made.target) == (Action.TRANSCODE, "aac")
        assert "nothing says which of its channels belongs where" in made.reason

    def test_bass_alone_is_no_surround(self) -> None:
        assert heard(audio(codec="ac3", channels=3, layout="2.1")) == [(1, "stereo")]

    def test_the_bitrate_of_surround_has_a_bound(self) -> None:
        (_, made) = arranged(audio(**DTS), to=Settings(audio_bitrate_kbps=512))
        assert made.audio is not None
        assert made.audio.bitrate_kbps == 640


def replace_surround(to: Settings, surround: Any) -> Settings:
    return replace(to, surround=surround)


class TestOrder:
    def test_languages_as_wanted_the_others_behind(self) -> None:
        tracks = [audio(n, language=code) for n, code in enumerate(("eng", "fre", "ger", "ita", "deu"), 1)]
        wanted = Settings(languages=("de", "ita"))
        assert [index for index, _ in heard(*tracks, to=wanted)] == [3, 5, 4, 1, 2]
        assert [index for index, _ in heard(*tracks)] == [1, 2, 3, 4, 5]

    def test_commentary_is_never_first(self) -> None:
        tracks = (
            audio(1, language="eng", dispositions=frozenset({"comment"})),
            audio(2, language="eng", title="Audio Description"),
            audio(3, language="eng"),
            audio(4, language="ger"),
        )
        assert [index for index, _ in heard(*tracks)] == [3, 4, 1, 2]
        assert [index for index, _ in heard(*tracks[:2])] == [1, 2]

    def test_not_even_in_a_wanted_language(self) -> None:
        tracks = (audio(1, language="ger", title="Audiokommentar"), audio(2, language="eng"))
        assert [index for index, _ in heard(*tracks, to=Settings(languages=("ger",)))] == [2, 1]

    def test_surround_of_a_wanted_language_before_stereo_of_another(self) -> None:
        tracks = (audio(1, language="eng"), audio(2, language="ger", **DTS))
        assert heard(*tracks, to=Settings(languages=("ger",))) == [(2, "stereo"), (2, "5.1"), (1, "copy")]


class TestMarks:
    def test_the_first_is_the_default_and_no_other(self) -> None:
        flags = frozenset({"default", "original"})
        made = arranged(audio(1, **DTS, dispositions=flags), audio(2, language="ger", dispositions=flags))
        assert [plan.dispositions for plan in made] == [flags, frozenset({"original"}), frozenset({"original"})]

    def test_what_a_title_tells_is_flagged(self) -> None:
        (_, side) = arranged(audio(1), audio(2, title="Director's comments"))
        assert side.dispositions == {"comment"}

    def test_a_flag_that_no_sound_can_have_is_left_out(self) -> None:
        (made,) = arranged(audio(dispositions=frozenset({"attached_pic", "forced"})))
        assert made.dispositions == {"default", "forced"}


@pytest.mark.parametrize(
    ("title", "role"),
    [
        (None, Role.MAIN),
        ("Deutsch 5.1", Role.MAIN),
        ("Commentary by Ridley Scott", Role.COMMENTARY),
        ("Director's comments", Role.COMMENTARY),
        ("Commentaire du réalisateur", Role.COMMENTARY),
        ("Audiokommentar", Role.COMMENTARY),
        ("Comentários do diretor", Role.COMMENTARY),
        ("Kommenttiraita", Role.COMMENTARY),
        ("オーディオコメンタリー", Role.COMMENTARY),
        ("Комментарии режиссёра", Role.COMMENTARY),
        ("Тифлокомментарий", Role.DESCRIPTION),
        ("English AD", Role.DESCRIPTION),
        ("Audiodescripción", Role.DESCRIPTION),
        ("Hörfilmfassung für Blinde", Role.DESCRIPTION),
        ("Descriptive Audio", Role.DESCRIPTION),
        ("Syntolkning", Role.DESCRIPTION),
        ("音声解説", Role.DESCRIPTION),
        ("화면해설", Role.DESCRIPTION),
        ("Hard of hearing", Role.HEARING),
        ("Isolated score", Role.MUSIC),
        ("Music & Effects", Role.MUSIC),
        ("Adagio", Role.MAIN),
    ],
)
def test_titles_tell_what_a_track_is_for(title: str | None, role: Role) -> None:
    assert role_of(audio(title=title)) is role


@pytest.mark.parametrize(
    ("flag", "role"),
    [
        ("comment", Role.COMMENTARY),
        ("visual_impaired", Role.DESCRIPTION),
        ("descriptions", Role.DESCRIPTION),
        ("hearing_impaired", Role.HEARING),
        ("dub", Role.MAIN),
    ],
)
def test_flags_tell_it_too(flag: str, role: Role) -> None:
    assert role_of(audio(dispositions=frozenset({flag}))) is role


_LAYOUTS = {
    1: ["mono"],
    2: ["stereo", "downmix"],
    3: ["2.1", "3.0", "3 channels (FL+FR+BC)"],
    4: ["4.0", "quad", "ambisonic 1"],
    6: ["5.1", "5.1(side)"],
    7: ["6.1"],
    8: ["7.1", "7.1(wide)"],
    12: ["7.1.4"],
    16: ["hexadecagonal"],
}
_FLAGS = ["default", "comment", "visual_impaired", "hearing_impaired", "dub", "original", "karaoke", "attached_pic"]


@st.composite
def _tracks(draw: st.DrawFn) -> AudioStream:
    channels = draw(st.none() | st.sampled_from(sorted(_LAYOUTS)))
    layout = None if channels is None else draw(st.none() | st.sampled_from(_LAYOUTS[channels]))
    codecs = [
        "aac",
        "aac",
        "aac",
        "mp3",
        "opus",
        "vorbis",
        "flac",
        "ac3",
        "eac3",
        "dts",
        "truehd",
        "pcm_s16le",
        "ac4",
    ]
    titles = [None, None, "Stereo", "5.1 Surround", "Commentary", "Dub 1970", "Dub 2005", "Hörfilm", "Music only"]
    return audio(
        codec=draw(st.none() | st.sampled_from(codecs)),
        profile=draw(st.sampled_from([None, "LC", "HE-AAC", "LTP"])),
        channels=channels,
        layout=layout,
        sample_rate=draw(st.none() | st.sampled_from([8000, 11025, 44100, 48000, 96000, 192000])),
        bits=draw(st.none() | st.sampled_from([16, 24, 32])),
        language=draw(st.sampled_from([None, "eng", "en", "ger", "deu", "de-AT", "no", "nob", "nno", "qqq", "x-y"])),
        title=draw(st.sampled_from(titles)),
        dispositions=draw(st.frozensets(st.sampled_from(_FLAGS), max_size=2)),
    )


_SETTINGS = st.builds(
    Settings,
    profile=st.sampled_from(sorted(PROFILES)).map(lambda name: (name,)),
    container=st.sampled_from(list(Container)),
    surround=st.sampled_from(["after", "drop", "only"]),
    passthrough=st.lists(st.sampled_from(["ac3", "eac3", "dts", "truehd"]), max_size=2).map(tuple),
    languages=st.lists(st.sampled_from(["de", "eng", "no", "nb", "fra"]), max_size=3).map(tuple),
    loudness=st.sampled_from(["off", "ebu-r128"]),
)


@settings(max_examples=1500, deadline=None)
@given(drawn=st.lists(_tracks(), max_size=6), to=_SETTINGS)
def test_the_law_of_sound(drawn: list[AudioStream], to: Settings) -> None:
    """Nothing is left to do with what has been done; nothing is lost without a reason; what is first is heard."""
    tracks = [replace(track, index=index) for index, track in enumerate(drawn, 1)]
    made = arranged(*tracks, to=to)
    kept = [plan for plan in made if plan.action is not Action.DROP]
    assert {plan.index for plan in made} == {track.index for track in tracks}
    assert all(plan.reason for plan in made)
    assert [plan.dispositions is not None and "default" in plan.dispositions for plan in kept] == [
        position == 0 for position in range(len(kept))
    ]
    good = [track for track in tracks if usable(track, UNASKED)]
    assert bool(kept) is bool(good)
    results = [sound_result(plan, position, to.container) for position, plan in enumerate(kept, 1)]
    assert {plan.index for plan in kept} >= {track.index for track in good if not wide(track)}
    if results:
        assert not wide(results[0]) or to.surround == "only"
        assert role_of(results[0]) is Role.MAIN or all(role_of(track) is not Role.MAIN for track in good)
    if to.surround == "after":
        heard = [result.language for result in results if not wide(result)]
        spoken = {track.language for track in good}
        unheard = {code for code in spoken if code not in heard and not any(same(code, other) for other in heard)}
        assert to.container is Container.MP4 or len({code for code in unheard if code in ("qqq", "eng")}) == 0
    again = arranged(*results, to=to)
    assert [(plan.index, plan.as_it_is) for plan in again] == [(track.index, True) for track in results], [
        (plan.index, plan.reason) for plan in again
    ]
