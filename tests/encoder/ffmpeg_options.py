"""Checks an argv against what the installed ffmpeg says of itself: that each option is known where it stands, and
that its value is of its type, within its range, or among its constants. Nothing is run but ffmpeg's own help."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

# lists, which ffmpeg 7 has, stand in brackets
_OPTION = re.compile(r"^ {2,3}-?(\S+) +(\[?<\w+)> *\]? *[ED.]\S+(.*)$")
_CONSTANT = re.compile(r"^ {5}(\S+) +(?:-?\d+ +)?[ED.]{2}\S+")
_RANGE = re.compile(r"\(from (\S+) to (\S+?)\)")
_MAIN = re.compile(r"^-(\w+)")
_WORDLESS = frozenset({"-hide_banner", "-nostdin", "-nostats", "-y"})
_LIMITS = {
    "INT_MAX": 2.0**31 - 1,
    "INT_MIN": -(2.0**31),
    "UINT32_MAX": 2.0**32 - 1,
    "I64_MAX": 2.0**63,
    "I64_MIN": -(2.0**63),
    **{f"{sign}{kind}_MAX": float(f"{sign}inf") for sign in ("", "-") for kind in ("FLT", "DBL")},
}
_UNITS = {"": 1, "k": 1000, "K": 1000, "M": 1_000_000}
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)([kKM]?)")
_WHOLE = frozenset({"int", "int64", "uint64"})
_NUMERIC = _WHOLE | {"float", "double", "flags"}
_BOOLEANS = frozenset({"0", "1", "true", "false", "auto"})
_RATIO = re.compile(r"\d+([:/]\d+)?")
_UNESCAPED = r"(?<!\\)"


@dataclass
class Option:
    kind: str
    least: str | None
    most: str | None
    constants: set[str] = field(default_factory=set)

    def complaint(self, value: str) -> str | None:
        """What is wrong with `value`; None: nothing that can be told."""
        if self.kind == "flags":
            words = re.split(r"[+-]", value.lstrip("+-"))
            return next((f"no flag {word}" for word in words if word not in self.constants), None)
        if self.kind == "boolean":
            return None if value in _BOOLEANS else "no boolean"
        if self.kind == "pix_fmt":
            return None if value in pixel_formats() else "no pixel format"
        if self.kind in ("rational", "video_rate"):
            return None if _RATIO.fullmatch(value) else "no ratio"
        if self.kind not in _NUMERIC or value in self.constants:
            return None
        number = _NUMBER.fullmatch(value)
        if number is None:
            return f"neither a number nor one of {sorted(self.constants)}"
        amount = float(number[1]) * _UNITS[number[2]]
        if self.kind in _WHOLE and amount != int(amount):
            return "not a whole number"
        # "4.0", where the names are "4" and "4.1", is none of them, and would be taken for 4
        if self.kind in _WHOLE and "." in number[1]:
            return "a name that is not known, taken for a number"
        if not _limit(self.least, "-FLT_MAX") <= amount <= _limit(self.most, "FLT_MAX"):
            return f"not within {self.least} and {self.most}"
        return None


def _limit(told: str | None, otherwise: str) -> float:
    told = told if told is not None else otherwise
    return _LIMITS[told] if told in _LIMITS else float(told)


@cache
def _told(*question: str) -> str:
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-v", "error", *question], capture_output=True, text=True, timeout=90
    )
    return done.stdout + done.stderr


@cache
def pixel_formats() -> frozenset[str]:
    return frozenset(re.findall(r"^[I.][O.][H.][P.][B.] (\w+)", _told("-pix_fmts"), re.MULTILINE))


def parsed(text: str) -> dict[str, list[Option]]:
    """ffmpeg's help: its AVOptions by name. A name may have several meanings."""
    found: dict[str, list[Option]] = {}
    last: Option | None = None
    for line in text.splitlines():
        option, constant = _OPTION.match(line), _CONSTANT.match(line)
        if option is not None:
            limits = _RANGE.search(option[3])
            last = Option(
                option[2].replace("[<", "list of ").removeprefix("<"),
                *(limits.groups() if limits is not None else (None, None)),
            )
            found.setdefault(option[1], []).append(last)
        elif constant is not None and last is not None:
            last.constants.add(constant[1])
    return found


@cache
def everything() -> Mapping[str, list[Option]]:
    """The options of all parts of ffmpeg."""
    return parsed(_told("-h", "full"))


@cache
def generic() -> Mapping[str, list[Option]]:
    """The options of every codec."""
    text = _told("-h", "full").partition("AVCodecContext AVOptions:")[2]
    return parsed(text.partition(" AVOptions:")[0])


@cache
def main_options() -> frozenset[str]:
    """The options of ffmpeg itself."""
    text = _told("-h", "full").partition("AVCodecContext AVOptions:")[0]
    return frozenset(found[1] for line in text.splitlines() if (found := _MAIN.match(line)) is not None)


@cache
def encoder_help(name: str) -> str | None:
    """None: this ffmpeg has no such encoder."""
    text = _told("-h", f"encoder={name}")
    return text if text.startswith("Encoder ") else None


@cache
def _of_the_encoder(name: str) -> Mapping[str, list[Option]]:
    return parsed(encoder_help(name) or "")


@cache
def filter_options(name: str) -> Mapping[str, list[Option]] | None:
    """None: this ffmpeg has no such filter."""
    text = _told("-h", f"filter={name}")
    return parsed(text) if text.startswith("Filter ") else None


def surfaces(encoder: str) -> frozenset[str]:
    """The pixel formats that it takes; empty: it does not tell."""
    return frozenset(
        (encoder_help(encoder) or "").partition("Supported pixel formats:")[2].partition("\n")[0].split()
    )


def encoder_complaints(encoder: str, options: Sequence[str]) -> Iterator[str]:
    """Over what is told to an encoder: pairs of option and value, without the stream's number."""
    for option, value in zip(options[::2], options[1::2], strict=True):
        name = option.removeprefix("-")
        # the encoder's own options hide those of the same name that all codecs have
        meanings = _of_the_encoder(encoder).get(name) or generic().get(name)
        if meanings is None and name not in main_options():
            yield f"{encoder} knows no {option}"
        elif meanings is not None:
            yield from _value_complaints(f"{encoder} {option} {value}", meanings, value)


def graph_complaints(graph: str) -> Iterator[str]:
    """Over a chain or a graph of filters."""
    for step in re.split(f"{_UNESCAPED}[,;]", graph):
        name, _, told = re.sub(f"{_UNESCAPED}\\[[^]]*\\]", "", step).partition("=")
        known = filter_options(name)
        if known is None:
            yield f"no filter {name}"
            continue
        for word in re.split(f"{_UNESCAPED}:", told) if told else []:
            key, named, value = word.partition("=")
            if named and key not in known:
                yield f"{name} knows no {key}"
            elif named:
                yield from _value_complaints(f"{name} {key}={value}", known[key], value)
            elif name == "format":
                yield from (f"no pixel format {form}" for form in word.split("|") if form not in pixel_formats())
            elif not known:
                yield f"{name} takes nothing, and was given {word}"


def argv_complaints(argv: Sequence[str]) -> Iterator[str]:
    """Over a whole command of ffmpeg."""
    pending: list[tuple[str, str]] = []
    words = iter(argv[1:])
    for word in words:
        if word in _WORDLESS:
            continue
        if word.startswith("-"):
            value = next(words)
            if word == "-i":
                yield from _segment_complaints(pending)
                pending = []
            else:
                pending.append((word, value))
        else:
            yield from _segment_complaints(pending)
            pending = []
    yield from (f"{option} belongs to no file" for option, _ in pending)


def _segment_complaints(told: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Over what stands in front of one input or output."""
    pictures = {name: value for name, value in told if re.fullmatch(r"-c:\d+", name) and is_picture_encoder(value)}
    encoders = {name.partition(":")[2]: value for name, value in pictures.items()}
    for option, value in told:
        name, _, stream = option.removeprefix("-").partition(":")
        if name in ("filter", "filter_complex"):
            yield from graph_complaints(value)
        elif name in _KINDS:
            kind = re.match(r"\w+", value)
            if kind is None or kind[0] not in _KINDS[name]():
                yield f"{option} {value}: not known"
        elif stream in encoders:
            yield from encoder_complaints(encoders[stream], (f"-{name}", value))
        elif name not in main_options():
            meanings = everything().get(name)
            if meanings is None:
                yield f"{option} is not known"
            else:
                yield from _value_complaints(f"{option} {value}", meanings, value)


def is_picture_encoder(name: str) -> bool:
    return re.search(rf"^ V\S{{5}} {re.escape(name)} ", _told("-encoders"), re.MULTILINE) is not None


_KINDS: dict[str, Callable[[], Collection[str]]] = {
    "init_hw_device": lambda: set(_told("-init_hw_device", "list").split()),
    "hwaccel": lambda: set(_told("-hwaccels").split()),
    "hwaccel_output_format": pixel_formats,
}


def _value_complaints(where: str, meanings: Sequence[Option], value: str) -> Iterator[str]:
    found = [meaning.complaint(value) for meaning in meanings]
    if None not in found:
        yield f"{where}: {found[0]}"
