"""HDR of every kind, and colours that are tagged in odd ways."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.matrix.patches import dolby_vision
from tests.matrix.rows import AAC, H264, SCENE, Row, clip
from tests.matrix.scene import Scene

_MASTER = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
_FROM = "format=gbrp,zscale=tin=bt709:pin=bt709:min=gbr:rin=full:npl=203"


def _in(transfer: str, form: str = "yuv420p10le", range_: str = "limited", scene: Scene = SCENE) -> Scene:
    return replace(scene, then=f"{_FROM}:t={transfer}:p=bt2020:m=bt2020nc:r={range_},format={form}")


def _tags(transfer: str) -> tuple[str, ...]:
    return ("-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc")


def _x265(transfer: str, *params: str, form: str = "yuv420p10le") -> tuple[str, ...]:
    told = ["log-level=none", "colorprim=bt2020", f"transfer={transfer}", "colormatrix=bt2020nc", *params]
    argv = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", form, "-x265-params", ":".join(told))
    return (*argv, *_tags(transfer))


_PQ = _x265("smpte2084", "hdr10=1", f"master-display={_MASTER}", "max-cll=1000,400")
_PLAIN_PQ, _HLG = _x265("smpte2084"), _x265("arib-std-b67")
_HDR10 = {"hdr": "smpte2084", "mastering": True, "light": True, "look": "hues"}
_BARE = {"hdr": "smpte2084", "look": "hues"}
_VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-pix_fmt", "yuv420p10le")
_AV1 = ("-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-b:v", "600k", "-pix_fmt", "yuv420p10le")
_MP4 = ("-tag:v", "hvc1", "-movflags", "+faststart")
_BT709 = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
_AS_709 = replace(SCENE, then="scale=out_color_matrix=bt709,format=yuv420p")

HDR_ROWS: tuple[Row, ...] = (
    clip("hdr10", _PQ, scene=_in("smpte2084"), also=("webm", "streamer", "chromecast-mp4"), sample="ultra", **_HDR10),
    clip("hdr10-mp4", _PQ, scene=_in("smpte2084"), suffix=".mp4", extra=_MP4, **_HDR10),
    clip("hdr10-hev1", _PQ, scene=_in("smpte2084"), suffix=".mp4", extra=("-tag:v", "hev1"), **_HDR10),
    clip("hdr10-ts", _PQ, scene=_in("smpte2084"), suffix=".ts", form="mpegts", **_HDR10),
    clip("hdr10-ac3", _PQ, scene=_in("smpte2084"), sound=("-c:a", "ac3"), also=("streamer",), **_HDR10),
    clip("hdr10-bare", _PLAIN_PQ, scene=_in("smpte2084"), **_BARE),
    clip(
        "hdr10-422",
        _x265("smpte2084", f"master-display={_MASTER}", "max-cll=1000,400", form="yuv422p10le"),
        scene=_in("smpte2084", "yuv422p10le"),
        also=("streamer",),
        **_HDR10,
    ),
    clip("hdr10-8bit", _x265("smpte2084", form="yuv420p"), scene=_in("smpte2084", "yuv420p"), bits=8, **_BARE),
    clip(
        "hdr10-full-range",
        (*_x265("smpte2084", "range=full"), "-color_range", "pc"),
        scene=_in("smpte2084", range_="full"),
        **_BARE,
    ),
    clip(
        "hdr10-h264",
        ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p10le", *_tags("smpte2084")),
        scene=_in("smpte2084"),
        also=("streamer",),
        **_BARE,
    ),
    clip(
        "hdr10-h264-transfer-only",
        (*H264, "-color_trc", "smpte2084"),
        scene=_in("smpte2084", "yuv420p"),
        bits=8,
        also=("streamer",),
        **_BARE,
    ),
    clip("hdr10-vp9-mkv", (*_VP9, *_tags("smpte2084")), scene=_in("smpte2084"), also=("streamer",), **_BARE),
    clip(
        "hdr10-vp9-webm",
        (*_VP9, *_tags("smpte2084")),
        scene=_in("smpte2084"),
        suffix=".webm",
        sound=("-c:a", "libopus"),
        **_BARE,
    ),
    clip("hdr10-av1", (*_AV1, *_tags("smpte2084")), scene=_in("smpte2084"), also=("streamer",), **_BARE),
    clip(
        "hdr10-prores",
        ("-c:v", "prores_ks", "-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"),
        scene=_in("smpte2084", "yuv422p10le"),
        **_BARE,
    ),
    clip("hdr10-60fps", _PQ, scene=_in("smpte2084", scene=Scene(rate="60", seconds=1)), tones=(), **_HDR10),
    clip(
        "hdr10-1440p",
        _PQ,
        scene=_in("smpte2084", scene=Scene("2560x1440", "12", 1.0, 0.5)),
        tones=(),
        also=("streamer",),
        **_HDR10,
    ),
    clip("hlg", _HLG, scene=_in("arib-std-b67"), also=("webm", "streamer"), hdr="arib-std-b67", look="hues"),
    clip("hlg-mp4", _HLG, scene=_in("arib-std-b67"), suffix=".mp4", extra=_MP4, hdr="arib-std-b67", look="hues"),
    clip("hlg-vp9", (*_VP9, *_tags("arib-std-b67")), scene=_in("arib-std-b67"), hdr="arib-std-b67", look="hues"),
    clip(
        "hlg-h264",
        ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p10le", *_tags("arib-std-b67")),
        scene=_in("arib-std-b67"),
        hdr="arib-std-b67",
        look="hues",
    ),
    clip(
        "dolby-vision-8.1",
        _PQ,
        scene=_in("smpte2084"),
        suffix=".mp4",
        extra=("-tag:v", "hvc1"),
        patch=dolby_vision(8, 1),
        **_HDR10,
    ),
    clip(
        "dolby-vision-5",
        _PLAIN_PQ,
        scene=_in("smpte2084"),
        suffix=".mp4",
        extra=("-tag:v", "hvc1"),
        patch=dolby_vision(5, 0),
        refused_on=("chromecast", "pair"),
        **{**_BARE, "look": None},
    ),
)
TAG_ROWS: tuple[Row, ...] = (
    clip("wide-sdr-10bit", _x265("bt709"), scene=_in("bt709"), look="hues", also=("streamer",)),
    clip("wide-sdr-h264", (*H264, *_tags("bt709")), scene=_in("bt709", "yuv420p"), look="hues"),
    clip("tagged-709", (*H264, *_BT709), scene=_AS_709),
    clip(
        "tagged-709-hevc",
        (
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            *_BT709,
            "-x265-params",
            "log-level=none:colorprim=bt709:transfer=bt709:colormatrix=bt709",
        ),
        scene=_AS_709,
    ),
    clip(
        "tagged-601",
        (
            "-c:v",
            "mpeg2video",
            "-b:v",
            "2M",
            "-color_primaries",
            "smpte170m",
            "-color_trc",
            "smpte170m",
            "-colorspace",
            "smpte170m",
        ),
    ),
    clip(
        "tagged-pal",
        ("-c:v", "mpeg2video", "-b:v", "2M", "-color_primaries", "bt470bg", "-color_trc", "gamma28"),
        extra=("-colorspace", "bt470bg"),
    ),
    clip("tagged-gbr", (*H264, "-bsf:v", "h264_metadata=matrix_coefficients=0"), look=None),
    clip(
        "tagged-log",
        (*H264, "-color_primaries", "bt709", "-color_trc", "log100", "-colorspace", "bt709"),
        scene=_AS_709,
        look=None,
    ),
    clip(
        "tagged-in-container-only",
        H264,
        scene=_AS_709,
        then=(("-i", "{in}", "-map", "0", "-c", "copy", *_BT709, "-f", "matroska", "{out}"),),
        look=None,
    ),
    clip("tagged-pq-by-mistake", (*H264, *_tags("smpte2084")), sound=AAC, look=None, sync=None, hdr=None),
    clip(
        "full-range-mpeg4",
        ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"),
        rate=Fraction(24),
    ),
)
ROWS: tuple[Row, ...] = (*HDR_ROWS, *TAG_ROWS)
