"""Sound as it comes out of real conversions: levels, peaks, times, loudness, names and flags."""

from __future__ import annotations

import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder import layouts, process
from mkv2castd.encoder.attempt import Handle, Task, attempt
from mkv2castd.encoder.loudness import parse
from mkv2castd.encoder.measuring import measuring_argv
from mkv2castd.encoder.output import Commit
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.model import Container, Identity, Progress
from tests.encoder.converting import Made, convert, described, ffmpeg
from tests.encoder.listening import level, loudness, onset, peak, samples

PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1.5")
LONG = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=6")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
# whole waves a second, far from one another and below what a bass channel of a codec may cut off
FREQUENCIES = (320, 440, 560, 680, 800, 920, 1040, 1160)


def film(path: Path, sound: str, *options: str, picture: tuple[str, ...] = PICTURE) -> Path:
    """A short film with the sound of a lavfi source."""
    ffmpeg(*picture, "-f", "lavfi", "-i", sound, "-map", "0", "-map", "1", *H264, *options, str(path))
    return path


def tones(layout: str, gain: float = 1.0, same: bool = False) -> str:
    """A tone in each channel, each of its own frequency."""
    count = layouts.channels_of(layout)
    waves = "|".join(f"{gain}*sin(2*PI*{1000 if same else frequency}*t)" for frequency in FREQUENCIES[:count])
    return f"aevalsrc={waves}:c={layout}:s=48000:d=1.5"


def begin(made: Made) -> float:
    """How long after the file's start the picture begins: its first sound may lie before it, where an encoder needs a
    start. In Matroska, ffmpeg 7 writes that sound before 0."""
    assert made.picture.start is not None
    assert made.media.start is not None
    return made.picture.start - made.media.start


def heard(made: Made) -> list[tuple[str | None, int | None]]:
    return [(track.layout, track.channels) for track in made.media.audio]


class TestDownmix:
    @pytest.mark.parametrize(
        "layout",
        ["3.0", "4.0", "quad", "5.0(side)", "5.1", "5.1(side)", "6.1", "7.1", "7.1(wide)"],
    )
    def test_each_channel_is_heard_where_it_belongs(self, tmp_path: Path, layout: str) -> None:
        source = film(tmp_path / "film.mov", tones(layout), "-c:a", "pcm_s16le")
        made = convert(source, Settings(quality="fast"))
        assert made.source.audio[0].layout == layout
        left, right = samples(made.path)
        names = layouts.names(layout, layouts.channels_of(layout))
        assert names is not None
        tone = dict(zip(names, FREQUENCIES, strict=False))
        front = level(left, tone["FL"])
        assert front > -14
        assert level(right, tone["FR"]) == pytest.approx(front, abs=0.5)
        assert level(left, tone["FR"]) < front - 40
        assert level(right, tone["FL"]) < front - 40
        if "FC" in tone:
            assert level(left, tone["FC"]) == pytest.approx(front, abs=0.5)
            assert level(right, tone["FC"]) == pytest.approx(front, abs=0.5)
        for name in {"BL", "SL"} & set(tone):
            assert front - 8 < level(left, tone[name]) < front - 4
            assert level(right, tone[name]) < front - 40
        for name in {"BR", "SR"} & set(tone):
            assert front - 8 < level(right, tone[name]) < front - 4
            assert level(left, tone[name]) < front - 40
        if "LFE" in tone:
            assert max(level(left, tone["LFE"]), level(right, tone["LFE"])) < front - 40

    @pytest.mark.parametrize("container", [Container.MKV, Container.WEBM])
    @pytest.mark.parametrize("layout", ["5.1", "7.1"])
    def test_full_scale_everywhere_does_not_clip(self, tmp_path: Path, layout: str, container: Container) -> None:
        source = film(tmp_path / "film.mov", tones(layout, same=True), "-c:a", "pcm_s16le")
        made = convert(source, Settings(quality="fast", container=container))
        left, right = samples(made.path)
        assert 0.8 < max(peak(left), peak(right)) < 1.0

    @pytest.mark.parametrize("container", list(Container))
    def test_surround_behind_it_has_each_channel_in_its_place(self, tmp_path: Path, container: Container) -> None:
        source = film(tmp_path / "film.mov", tones("5.1(side)", 0.5), "-c:a", "pcm_s24le")
        made = convert(source, Settings(quality="fast", container=container))
        assert heard(made) == [("stereo", 2), ("5.1", 6)]
        for position, sound in enumerate(samples(made.path, 1, 6)):
            if position != 3:  # codecs keep less of the bass channel
                assert level(sound, FREQUENCIES[position]) == pytest.approx(-6, abs=1)

    def test_7_1_goes_into_aac_as_5_1_and_into_opus_as_it_is(self, tmp_path: Path) -> None:
        source = film(tmp_path / "film.mov", tones("7.1", 0.5), "-c:a", "pcm_s16le")
        assert heard(convert(source, Settings(quality="fast"))) == [("stereo", 2), ("5.1", 6)]
        webm = Settings(quality="fast", container=Container.WEBM)
        assert heard(convert(source, webm, tmp_path / "out2")) == [("stereo", 2), ("7.1", 8)]

    @pytest.mark.parametrize("channels", [3, 4, 7, 16])
    def test_channels_without_names_are_all_heard(self, tmp_path: Path, channels: int) -> None:
        waves = "|".join(f"0.5*sin(2*PI*{320 + 120 * n}*t)" for n in range(channels))
        raw = tmp_path / "raw"
        # a source that names no channels: sound is written as bare numbers and read as such
        quiet = ("-f", "lavfi", "-i", f"aevalsrc={waves}:s=48000:d=1.5", "-c:a", "pcm_s16le", "-f", "s16le", str(raw))
        ffmpeg(*quiet)
        bare = ("-f", "s16le", "-ar", "48000", "-ac", str(channels), "-i", str(raw))
        path = tmp_path / "film.mkv"
        ffmpeg(*PICTURE, *bare, "-map", "0", "-map", "1", *H264, "-c:a", "pcm_s16le", str(path))
        made = convert(path, Settings(quality="fast"))
        assert made.source.audio[0].channels == channels
        assert made.media.audio[0].channels == 2
        left, right = samples(made.path)
        for number in range(channels):
            tone = 320 + 120 * number
            bass = channels == 7 and number == 3
            assert bass or max(level(left, tone), level(right, tone)) > -40
        assert max(peak(left), peak(right)) < 1.0


SOURCES = {
    "pcm_u8 8k mono": ("film.avi", ("-c:a", "pcm_u8", "-ar", "8000", "-ac", "1")),
    "pcm_s16be": ("film.mov", ("-c:a", "pcm_s16be")),
    "pcm_s24le": ("film.mkv", ("-c:a", "pcm_s24le")),
    "pcm_f32le 96k": ("film.mkv", ("-c:a", "pcm_f32le", "-ar", "96000")),
    "pcm_bluray": ("film.m2ts", ("-c:a", "pcm_bluray")),
    "pcm_alaw": ("film.mov", ("-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1")),
    "s302m": ("film.ts", ("-c:a", "s302m", "-strict", "-2")),
    "alac": ("film.mov", ("-c:a", "alac")),
    "wmav2": ("film.wmv", ("-c:a", "wmav2", "-b:a", "96k")),
    "mp2 5.1 never": ("film.mpg", ("-c:a", "mp2")),
    "mp3 11.025k": ("film.avi", ("-c:a", "libmp3lame", "-ar", "11025", "-ac", "1")),
    "adpcm_ms 12k": ("film.avi", ("-c:a", "adpcm_ms", "-ar", "12000")),
    "adpcm_ima_qt": ("film.mov", ("-c:a", "adpcm_ima_qt")),
    "adpcm_swf 11.025k": ("film.flv", ("-c:a", "adpcm_swf", "-ar", "11025", "-t", "1.486")),
    "nellymoser": ("film.flv", ("-c:a", "nellymoser", "-ar", "8000", "-ac", "1")),
    "speex": ("film.flv", ("-c:a", "libspeex", "-ar", "16000", "-ac", "1")),
    "dts": ("film.mkv", ("-c:a", "dca", "-strict", "-2", "-ac", "6")),
    "truehd": ("film.mkv", ("-c:a", "truehd", "-strict", "-2", "-ac", "6")),
    "eac3": ("film.mkv", ("-c:a", "eac3", "-ac", "6")),
    "ac3 2.1": ("film.mkv", ("-c:a", "ac3", "-af", "aformat=channel_layouts=2.1")),
    "flac 192k": ("film.mkv", ("-c:a", "flac", "-ar", "192000", "-sample_fmt", "s32")),
    "aac 96k": ("film.mkv", ("-c:a", "aac", "-ar", "96000")),
    "aac 7350": ("film.mp4", ("-c:a", "aac", "-ar", "7350", "-ac", "1")),
    "aac ltp": ("film.mkv", ("-c:a", "aac", "-profile:a", "aac_ltp", "-strict", "-2")),
    "aac main": ("film.mkv", ("-c:a", "aac", "-profile:a", "aac_main")),
    "opus 3.0": ("film.mkv", ("-c:a", "libopus", "-af", "aformat=channel_layouts=3.0")),
    "opus 5 unnamed": ("film.mkv", ("-c:a", "libopus", "-ac", "5", "-mapping_family", "255")),
    "opus 6.1": ("film.mkv", ("-c:a", "libopus", "-af", "aformat=channel_layouts=6.1")),
    "vorbis 5.1": ("film.mkv", ("-c:a", "libvorbis", "-ac", "6")),
    "wavpack 5.1": ("film.mkv", ("-c:a", "wavpack", "-ac", "6")),
    "tta": ("film.mkv", ("-c:a", "tta")),
}
CONTAINERS = list(Container)
# In the container that is their turn, these are fine as they are.
PLAYS = frozenset({"aac 96k", "aac 7350"})


@pytest.mark.parametrize(("number", "name"), list(enumerate(SOURCES)), ids=lambda value: str(value))
def test_whatever_sound_comes_is_heard(tmp_path: Path, number: int, name: str) -> None:
    """Each source once, the containers in turn; `convert` proves that nothing is left to do."""
    file, options = SOURCES[name]
    stereo = () if {"-ac", "-af"} & set(options) else ("-ac", "2")
    source = film(tmp_path / file, "sine=f=440:r=48000:d=1.5", *stereo, *options)
    settings = Settings(quality="fast", container=CONTAINERS[number % len(CONTAINERS)])
    if isinstance(plan(described(source), settings), Skip):
        assert name in PLAYS
        return
    made = convert(source, settings)
    first = made.media.audio[0]
    assert first.channels in (1, 2)
    assert level(samples(made.path, 0, first.channels)[0], 440) > -40


class TestTimes:
    @pytest.mark.parametrize("container", list(Container))
    def test_sound_that_starts_late_stays_with_its_picture(self, tmp_path: Path, container: Container) -> None:
        wave = "0.5*sin(2*PI*1000*t)*between(t,0.5,0.6)"
        beep = f"aevalsrc='{wave}|{wave}':s=48000:d=1.5"
        source = tmp_path / "film.mkv"
        late = (*PICTURE, "-itsoffset", "0.5", "-f", "lavfi", "-i", beep, "-map", "0", "-map", "1")
        ffmpeg(*late, *H264, "-c:a", "pcm_s16le", "-t", "1.5", str(source))
        made = convert(source, Settings(quality="fast", container=container))
        assert made.source.audio[0].start == pytest.approx(0.5, abs=0.01)
        assert onset(samples(made.path)[0]) - begin(made) == pytest.approx(1.0, abs=0.02)

    @pytest.mark.parametrize("hole", [0.03, 0.3])
    def test_after_a_hole_it_is_in_time_again(self, tmp_path: Path, hole: float) -> None:
        # what was heard at 1 s comes `hole` later, with nothing in between
        beep = f"aevalsrc='0.5*sin(2*PI*1000*t)*between(t,1.1,1.2)':s=48000:d=1.5,asetpts='PTS+gte(T,1)*{hole}/TB'"
        source = film(tmp_path / "film.mkv", beep, "-c:a", "pcm_s16le")
        made = convert(source, Settings(quality="fast"))
        assert onset(samples(made.path, 0, 1)[0]) - begin(made) == pytest.approx(1.1 + hole, abs=0.02)


class TestLoudness:
    @pytest.mark.parametrize(
        ("gain", "container"),
        [(-35, Container.MKV), (-20, Container.WEBM), (0, Container.MP4), (-35, Container.WEBM)],
    )
    def test_quiet_and_loud_come_out_alike(self, tmp_path: Path, gain: int, container: Container) -> None:
        noise = f"anoisesrc=d=6:c=pink:r=48000:a=1,volume={gain}dB,tremolo=f=0.5:d=0.8"
        source = film(tmp_path / "film.mkv", noise, "-ac", "6", "-c:a", "pcm_s16le", picture=LONG)
        made = convert(source, Settings(quality="fast", loudness="ebu-r128", container=container))
        assert len(made.media.audio) == 2
        for track in range(2):
            assert loudness(made.path, track) == pytest.approx(-23, abs=1)

    def test_peaks_stay_below_full_scale(self, tmp_path: Path) -> None:
        # not random(), of which versions of ffmpeg draw different numbers, and so different peaks
        quiet = "0.01*(mod(abs(sin(n*12.9898)*43758.5453),1)-0.5)*(1+20*lt(mod(t,2),0.03))"
        noise = f"aevalsrc='{quiet}|{quiet}':s=44100:d=6,volume=8dB"
        source = film(tmp_path / "film.mkv", noise, "-c:a", "pcm_s16le", picture=LONG)
        made = convert(source, Settings(quality="fast", loudness="ebu-r128", container=Container.MP4))
        assert loudness(made.path) == pytest.approx(-23, abs=1)
        assert 0.7 < max(peak(sound) for sound in samples(made.path)) < 1.0

    @pytest.mark.parametrize(
        "sound", ["anullsrc=d=1.5", "sine=d=0.1", "sine=f=440:d=2,volume=-90dB"], ids=["silent", "short", "faint"]
    )
    def test_there_need_not_be_any(self, tmp_path: Path, sound: str) -> None:
        source = film(tmp_path / "film.mkv", sound, "-c:a", "pcm_s16le")
        made = convert(source, Settings(quality="fast", loudness="ebu-r128", container=Container.MP4))
        assert len(made.media.audio) == 1

    def test_what_plays_is_left_as_it_is(self, tmp_path: Path) -> None:
        noise = "anoisesrc=d=2:c=pink:a=0.9"
        source = film(tmp_path / "film.mkv", noise, "-ac", "2", "-c:a", "aac")
        assert isinstance(plan(described(source), Settings(loudness="ebu-r128")), Skip)

    async def test_the_measuring_run_tells_that_it_goes_on(self, tmp_path: Path) -> None:
        source = film(tmp_path / "film.mkv", "anoisesrc=d=20:r=48000", "-c:a", "pcm_s16le", picture=LONG)
        decision = plan(described(source), Settings(loudness="ebu-r128", container=Container.MP4))
        assert isinstance(decision, Plan)
        argv = measuring_argv(decision, source)
        assert argv is not None
        told: list[str] = []
        ended = await process.run(argv, on_line=lambda line: not told.append(line))
        assert (ended.exit_code, told[-1]) == (0, "progress=end")
        assert len(parse(ended.stderr_tail)) == 1


class TestNames:
    MARKS = (
        *("-metadata:s:a:0", "language=ger", "-metadata:s:a:0", "title=Kommentar", "-disposition:a:0", "default"),
        *("-metadata:s:a:1", "language=en", "-metadata:s:a:1", "title=The Film", "-disposition:a:1", "original"),
        *("-metadata:s:a:2", "language=fre", "-disposition:a:2", "visual_impaired"),
        *("-metadata:s:a:3", "language=spa", "-metadata:s:a:3", "title=Doblaje", "-disposition:a:3", "dub"),
    )

    @pytest.mark.parametrize("container", list(Container))
    def test_languages_titles_and_flags_go_through(self, tmp_path: Path, container: Container) -> None:
        source = tmp_path / "film.mkv"
        sound = ("-f", "lavfi", "-i", "sine=d=1.5", *(["-map", "1"] * 4), "-map", "0")
        ffmpeg(*PICTURE, *sound, *H264, "-c:a", "ac3", "-ac", "2", *self.MARKS, str(source))
        made = convert(source, Settings(quality="fast", container=container, languages=("spa",)))
        tracks = made.media.audio
        english = "eng" if container is Container.MP4 else "en"
        assert [track.language for track in tracks] == ["spa", "ger", english, "fre"]
        titles = [track.title for track in tracks]
        assert titles[0] == "Doblaje"
        assert titles[2] == "The Film"
        assert titles[1] == "Kommentar"
        assert [track.default for track in tracks] == [True, False, False, False]
        if container is Container.WEBM:
            assert titles[3] == "Audio description"
        else:
            assert "dub" in tracks[0].dispositions
            assert "visual_impaired" in tracks[3].dispositions
            assert "comment" in tracks[1].dispositions

    def test_a_title_comes_back_out_of_mp4(self, tmp_path: Path) -> None:
        title = ("-metadata:s:a:0", "handler_name=Deutsch (Kino)")
        source = film(tmp_path / "film.mp4", "sine=d=1.5", "-c:a", "ac3", "-ac", "2", *title)
        assert [track.title for track in convert(source).media.audio] == ["Deutsch (Kino)"]

    @pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
    @pytest.mark.parametrize("codec", ["ac3", "eac3", "dca"])
    def test_what_a_receiver_plays_is_kept_byte_by_byte(
        self, tmp_path: Path, codec: str, container: Container
    ) -> None:
        source = film(tmp_path / "film.mkv", "sine=d=1.5", "-c:a", codec, "-strict", "-2", "-ac", "6")
        passthrough = ("ac3", "eac3", "dts")
        made = convert(source, Settings(quality="fast", container=container, passthrough=passthrough))
        assert [track.channels for track in made.media.audio] == [2, 6]
        assert digest(source, 0) == digest(made.path, 1)


def digest(path: Path, track: int) -> bytes:
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:a:{track}", "-c", "copy", "-f", "md5", "-"]
    return subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout


class Unwritten:
    """A journal that nobody reads."""

    async def begin(self, commit: Commit) -> None:
        assert not commit.target.exists()


async def test_the_whole_way_with_two_outputs_of_one_track(tmp_path: Path) -> None:
    """Measured, encoded twice, verified and put in place."""
    noise = "anoisesrc=d=6:c=pink:r=48000:a=1,volume=-35dB"
    source = film(tmp_path / "film.mkv", noise, "-ac", "6", "-c:a", "dca", "-strict", "-2", picture=LONG)
    settings = Settings(quality="fast", loudness="ebu-r128", min_free_bytes=0)
    target = tmp_path / "film_chromecast.mkv"
    task = Task(uuid4(), source, Identity.of(source.stat()), settings, target)
    told: list[Progress] = []
    done = await attempt(task, Unwritten(), told.append, Handle())
    assert done.commit.target == target
    assert [track.layout for track in described(target).audio] == ["stereo", "5.1"]
    assert loudness(target) == pytest.approx(-23, abs=1)
    assert told[-1].percent > 99
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mkv", "film_chromecast.mkv"]
