"""Files that clips are made with or that lie beside them: subtitles of each kind, a cover, a font, chapters."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

_CUES = ((100, 600, "Good evening"), (800, 1_300, "Żółw & Über, “quoted”"))


def _clock(ms: int, point: str) -> str:
    return f"00:00:{ms // 1000:02}{point}{ms % 1000:03}"


def _subrip() -> bytes:
    cues = [f"{n}\n{_clock(a, ',')} --> {_clock(b, ',')}\n<i>{text}</i>\n" for n, (a, b, text) in enumerate(_CUES, 1)]
    return "\n".join(cues).encode()


def _webvtt() -> bytes:
    cues = [f"{_clock(a, '.')} --> {_clock(b, '.')}\n{text}\n" for a, b, text in _CUES]
    return ("WEBVTT\n\n" + "\n".join(cues).replace("&", "&amp;")).encode()


def _ass() -> bytes:
    head = (
        "[Script Info]\nScriptType: v4.00+\nPlayResX: 320\nPlayResY: 180\n\n[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
        "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
        "MarginR, MarginV, Encoding\nStyle: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,"
        "10,10,10,0\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    lines = [
        f"Dialogue: 0,0:00:{a / 1000:05.2f},0:00:{b / 1000:05.2f},Default,,0,0,0,,{{\\pos(60,60)}}{text}"
        for a, b, text in _CUES
    ]
    return (head + "\n".join(lines) + "\n").encode()


def _pgs() -> bytes:
    """One white bar, as a Blu-ray disc shows a line of text: composition, window, palette, object, end."""
    width, height = 160, 24

    def segment(ms: int, kind: int, body: bytes) -> bytes:
        return b"PG" + struct.pack(">IIBH", ms * 90, 0, kind, len(body)) + body

    def composition(number: int, start: bool) -> bytes:
        head = struct.pack(">HHBHBBBB", 320, 180, 0x10, number, 0x80 if start else 0, 0, 0, 1 if start else 0)
        return head + (struct.pack(">HBBHH", 0, 0, 0, 80, 140) if start else b"")

    window = struct.pack(">BBHHHH", 1, 0, 80, 140, width, height)
    palette = bytes([0, 0, 1, 235, 128, 128, 255])
    row = bytes([0, 0xC0 | width >> 8, width & 0xFF, 1, 0, 0])
    picture = struct.pack(">HH", width, height) + row * height
    body = struct.pack(">HBB", 0, 0, 0xC0) + len(picture).to_bytes(3, "big") + picture
    shown = ((0x16, composition(0, True)), (0x17, window), (0x14, palette), (0x15, body), (0x80, b""))
    gone = ((0x16, composition(1, False)), (0x17, window), (0x80, b""))
    return b"".join(segment(200, *one) for one in shown) + b"".join(segment(900, *one) for one in gone)


def _png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    pixels = zlib.compress((b"\0" + bytes((200, 30, 30)) * 60) * 90)
    head = struct.pack(">IIBBBBB", 60, 90, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


_CHAPTERS = (
    ";FFMETADATA1\ntitle=A clip of the matrix\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=700\ntitle=First\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=700\nEND=1500\ntitle=Second\n"
)
PARTS: Mapping[str, bytes] = {
    "text.srt": _subrip(),
    "text.vtt": _webvtt(),
    "text.ass": _ass(),
    "text.latin.srt": _subrip()
    .decode()
    .replace("Ż", "Z")
    .replace("ł", "l")
    .replace("“", "«")
    .replace("”", "»")
    .encode("cp1252"),
    "pictures.sup": _pgs(),
    "cover.png": _png(),
    "font.ttf": b"\0\1\0\0" + bytes(60),
    "chapters.txt": _CHAPTERS.encode(),
}
