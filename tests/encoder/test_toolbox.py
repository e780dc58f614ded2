"""What the installed ffmpeg can do is asked of it, once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.plan import plan
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.encoder.tools import UNASKED, read_tools
from mkv2castd.errors import ErrorCode, MediaError
from tests.encoder.films import audio, film, video

CODECS = """Codecs:
 D..... = Decoding supported
 .E.... = Encoding supported
 -------
 D.VI.S 012v                 Uncompressed 4:2:2 10-bit
 DEV.L. av1                  Alliance for Open Media AV1 (decoders: av1 av1_cuvid av1_qsv ) (encoders: libsvtav1 )
 DEV.LS h264                 H.264 / AVC (decoders: h264 h264_v4l2m2m h264_cuvid ) (encoders: libx264 h264_nvenc )
 D.V.L. mpeg2video           MPEG-2 video (decoders: mpeg2_v4l2m2m )
 ..V.L. vvc                  H.266 / VVC (Versatile Video Coding)
 DEAIL. aac                  AAC (Advanced Audio Coding) (decoders: aac aac_fixed )
 D.AIL. dts                  DCA (DTS Coherent Acoustics) (decoders: dca ) (encoders: dca )
 DES... subrip               SubRip subtitle (decoders: srt subrip ) (encoders: srt subrip )
"""
FILTERS = """Filters:
  T.. = Timeline support
  | = Source or sink filter
 TS. bwdif             V->V       Deinterlace the input image.
 ..C libplacebo        V->V       Apply various GPU filters from libplacebo
 ... abuffer           |->A       Buffer audio frames
"""
FILTERS_OF_FFMPEG_8 = """Filters:
  T. = Timeline support
 TS bwdif             V->V       Deinterlace the input image.
 .. amerge            N->A       Merge two or more audio streams
"""


def test_a_codec_counts_where_a_decoder_works_without_a_graphics_card() -> None:
    tools = read_tools(CODECS, FILTERS)
    assert tools.decoders == frozenset({"012v", "h264", "aac", "dts", "subrip"})
    assert not tools.can_decode("vvc")
    assert not tools.can_decode("av1")
    assert not tools.can_decode(None)


def test_encoders_and_filters_are_known_by_their_own_names() -> None:
    tools = read_tools(CODECS, FILTERS)
    assert tools.encoders == frozenset({"libsvtav1", "libx264", "h264_nvenc", "aac", "srt", "subrip"})
    assert tools.filters == frozenset({"bwdif", "libplacebo", "abuffer"})
    assert read_tools(CODECS, FILTERS_OF_FFMPEG_8).filters == frozenset({"bwdif", "amerge"})


def test_a_list_that_cannot_be_read_loses_no_film() -> None:
    tools = read_tools("something new", "")
    assert tools == UNASKED
    assert tools.can_decode("h264")
    assert not tools.can_decode("vvc")
    assert tools.has_filter("zscale")
    assert tools.has_encoder("libx264")


def test_what_ffmpeg_cannot_decode_is_refused_by_its_name() -> None:
    tools = read_tools(CODECS, FILTERS)
    for picture, sound, named in (
        ("vvc", "aac", "vvc"),
        ("mpeg2video", "aac", "mpeg2video"),
        ("h264", "opus", "opus"),
    ):
        media = film(video(codec=picture), audio(codec=sound))
        with pytest.raises(MediaError, match=named) as caught:
            plan(media, Settings(), tools)
        assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA


async def test_the_real_ffmpeg_tells_what_it_can_do() -> None:
    toolbox = Toolbox()
    tools = await toolbox.tools()
    for codec in ("h264", "hevc", "av1", "mpeg2video", "vc1", "prores", "dvvideo", "truehd", "dts", "opus", "ass"):
        assert tools.can_decode(codec), codec
    assert tools.has_encoder("libx264")
    assert not tools.has_encoder("h264")
    assert tools.has_filter("zscale")
    assert not tools.has_filter("no_such_filter")
    assert await toolbox.tools() is tools


def put_ffmpeg(folder: Path, script: str) -> None:
    folder.mkdir(exist_ok=True)
    fresh = folder / "fresh"
    fresh.write_text(f"#!/bin/sh\n{script}\n")
    fresh.chmod(0o755)
    fresh.rename(folder / "ffmpeg")


async def test_another_ffmpeg_is_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    lists = (
        f'echo "$*" >> {told}\ncase "$*" in\n*-codecs) cat {tmp_path}/codecs;;\n*-filters) cat {tmp_path}/filters;;'
    )
    (tmp_path / "codecs").write_text(CODECS)
    (tmp_path / "filters").write_text(FILTERS)
    put_ffmpeg(tmp_path / "bin", f"{lists} *) exit 1;; esac")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    toolbox = Toolbox()
    first = await toolbox.tools()
    assert first.can_decode("h264")
    assert not first.placebo  # listed, but its proof failed
    asked = told.read_text().splitlines()
    assert len(asked) == 3
    assert await toolbox.tools() is first
    assert told.read_text().splitlines() == asked
    put_ffmpeg(tmp_path / "bin", f"{lists} *) exit 0;; esac")
    found = await toolbox.tools()
    assert (found.placebo, found.in_software) == (True, False)
    processor = "[h @ 0x5] Device 0 selected: llvmpipe (LLVM 15.0.6, 256 bits) (software) (0x0)"
    put_ffmpeg(tmp_path / "bin", f"{lists} *) echo '{processor}' >&2;; esac")
    found = await toolbox.tools()
    assert (found.placebo, found.in_software) == (True, True)
