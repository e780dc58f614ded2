"""The default configuration as TOML, every key explained: what `mkv2castd config` prints.

Values and limits are taken from `config`, so that they cannot differ from what holds.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, get_type_hints

import msgspec

from mkv2castd.config import Config, FolderConfig
from mkv2castd.config_errors import allowed
from mkv2castd.config_profiles import PictureConfig, ProfileConfig

_HEAD = """\
mkv2castd reads /etc/mkv2castd/config.toml and then /etc/mkv2castd/conf.d/*.toml; run by a user, the same files
in $XDG_CONFIG_HOME/mkv2castd (~/.config/mkv2castd). Later files win. `mkv2castd check` says what is wrong.
Everything below is the default: keep only what you change."""

EXAMPLE_PATH = "/srv/media/incoming"
# What the tables show that are repeated, for keys without a default of their own.
EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "folder.path": EXAMPLE_PATH,
        "profile.name": "living-room",
        "profile.title": "Television in the living room",
        "profile.based_on": ("chromecast-google-tv",),
        "profile.audio": ("aac", "mp3", "ac3", "eac3"),
        "profile.containers": ("mkv", "mp4"),
        "profile.video.codec": "hevc",
        "profile.video.max_width": 3840,
        "profile.video.max_height": 2160,
        "profile.video.max_rate": 60,
        "profile.video.level": "5.1",
        "profile.video.profiles": ("Main", "Main 10"),
        "profile.video.ten_bit": True,
        "profile.video.hdr": ("hdr10", "hlg"),
    }
)
# Tables that are repeated, by the key that holds them.
REPEATED: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {"folder": FolderConfig, "profile": ProfileConfig, "profile.video": PictureConfig}
)

TABLES: Mapping[str, str] = MappingProxyType(
    {
        "folder": "A folder whose films are converted. Repeat the whole table for each further folder.",
        "profile": "A device of your own, which `profile` of a folder may then name like any other. Repeat the whole "
        "table for each further device.",
        "profile.video": "A picture codec that it plays, or plays otherwise than what it is based on. Repeat the "
        "table for each further codec.",
        "video": "How pictures are encoded, where they have to be.",
        "audio": "How sound is encoded, where it has to be.",
        "devices": "What works at the same time, and on what.",
        "queue": "What waits, and for how long.",
        "http": "Where the REST and WebSocket interface listens.",
        "dbus": "Where the daemon is found on D-Bus.",
    }
)

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "folder.path": "The folder, absolute. The only key that has no default.",
        "folder.name": "What it is called in messages and interfaces. Empty: the last part of its path.",
        "folder.output": "Where the outputs go, absolute; the tree below `path` is kept. Empty: beside each source.",
        "folder.profile": "The Cast devices that must play the output, all of them: chromecast (every Chromecast "
        "ever sold), chromecast-1 (1st and 2nd generation), chromecast-3 (3rd generation), chromecast-ultra, "
        "chromecast-google-tv, google-tv-streamer, nest-hub, nest-hub-max, and each [[profile]] of your own.",
        "folder.container": "The output's container.",
        "folder.suffix": "What is added to the name: movie.mkv becomes movie_chromecast.mkv. At most 100 bytes; "
        'may be empty only with `output` or with source = "replace".',
        "folder.recursive": "Whether subfolders are watched too.",
        "folder.include": "Which names are films: patterns with * and ?, letter case ignored; with / for the path "
        "below this folder. Hidden and temporary names (.part, .crdownload …) never are.",
        "folder.exclude": "Which are not, even so, and which subfolders are passed over: patterns for the name or "
        "for the path below this folder, as in extras/*.",
        "folder.watch": "How changes are noticed. auto: inotify on local file systems, polling on network and FUSE "
        "ones.",
        "folder.poll_seconds": "How long between two looks where polling is used.",
        "folder.rescan_minutes": "How long between two full comparisons, whatever the watching says. 0: never.",
        "folder.settle_seconds": "How long a film must be unchanged where nothing better proves that it is complete.",
        "folder.source": "What becomes of the source once its output is verified and in place. keep: nothing. trash: "
        "it is moved to .mkv2castd-trash in its folder. replace: the output takes its place.",
        "folder.keep_trash_days": "How many days that trash is kept. 0: until the next clearing.",
        "folder.hardlinks": "Whether a source with other hard links (a torrent that is being seeded) may be trashed "
        "or replaced.",
        "folder.priority": "Which folder's films come first: the higher ones.",
        "folder.subtitles": "sidecar: text subtitles also as WebVTT files beside the output, the form that Cast "
        "devices show. embed: in the output only. burn: one is drawn into the picture. none: no subtitles.",
        "folder.burn_forced_only": "With burn: only forced subtitles, the ones for foreign speech, are drawn.",
        "folder.accept_damaged": "Whether what is left of a truncated film is converted.",
        "profile.name": "What it is called: letters, digits, dots and dashes, and not like a built-in device.",
        "profile.title": "What people are told. Empty: its name.",
        "profile.based_on": "Built-in devices: what plays on all of them plays on it, but for what is said below. "
        "Empty: nothing but what is said below.",
        "profile.without": "Codecs of these that it does not play: av1, h264, hevc, vp8, vp9; aac, ac3, dts, eac3, "
        "flac, mp3, opus, truehd, vorbis.",
        "profile.audio": "The sound codecs that it plays, all of them: aac, ac3, dts, eac3, flac, mp3, opus, truehd, "
        "vorbis. Left out: as what it is based on.",
        "profile.containers": "The containers that it plays, all of them: mkv, mp4, mpegts, webm. Left out: as what "
        "it is based on.",
        "profile.video.codec": "Which one. Of what follows, what is left out is as in what the profile is based on, "
        "and else 1920×1080 at 60 pictures a second in 8 bits, without HDR.",
        "profile.video.max_width": "The greatest width of a picture, in pixels.",
        "profile.video.max_height": "The greatest height of a picture, in lines.",
        "profile.video.max_rate": "The most pictures a second.",
        "profile.video.level": "The highest level, as on data sheets.",
        "profile.video.profiles": "The profiles, as ffprobe calls them.",
        "profile.video.ten_bit": "Whether pictures of 10 bits play, and the codec's profile for them.",
        "profile.video.hdr": "Which kinds of HDR are shown: hdr10, hlg, dolby-vision.",
        "video.quality": "fast: quicker and larger. high: slower, smaller and better.",
        "video.max_height": "The greatest height of a picture; larger ones are made smaller. 0: what the devices "
        "play; else at least 16.",
        "audio.languages": "ISO 639 codes, the first one comes first; other languages follow in their order. "
        "Empty: all in their order.",
        "audio.surround": "drop: stereo only. after: surround is kept behind the stereo track. only: no stereo track "
        "is made of it.",
        "audio.bitrate_kbps": "Kilobits a second for each pair of channels.",
        "audio.passthrough": "Codecs that your receiver plays, although the devices do not: ac3, eac3, dts, truehd.",
        "audio.loudness": "ebu-r128: sound that is encoded is made equally loud, in two passes.",
        "devices.cpu_slots": "How many films are encoded at the same time.",
        "devices.remux_slots": "How many films, whose picture is only copied, are converted beside these.",
        "devices.detect": "Whether GPUs are looked for. false: only what `nodes` names is touched.",
        "devices.nodes": "Further render nodes of graphics cards, absolute, where a container has them under other "
        "names than /dev/dri/renderD129 and hides the device behind them.",
        "devices.disabled": "Ids of GPUs that are neither tried nor used; `mkv2castd devices` shows them.",
        "devices.slots": 'How many films are encoded at the same time on a GPU, 1 to 64, by its id: {"ID" = 2}. Left '
        "out: one, or two where two have been proved to work.",
        "queue.paused": "Whether nothing new is started. Pausing at run time is remembered and wins.",
        "queue.hours": 'When pictures are encoded, as in ["22:00-07:00"]; outside of these hours none is started '
        "and those under way stand still, while films whose picture is only copied go on. Empty: always.",
        "queue.min_free_gib": "How much must stay free where an output goes; below it nothing is started, and what "
        "runs is stopped.",
        "queue.retries": "How often a conversion is tried again after a failure that is not the film's own.",
        "queue.keep_finished_days": "How many days finished jobs are listed. 0: until the next clearing.",
        "queue.stall_seconds": "After how long without progress a conversion is stopped and tried again.",
        "queue.on_battery": "What happens while the machine runs on its battery: pause (all conversions stand still) "
        "or go-on.",
        "http.listen": "Addresses, 127.0.0.1:8080 or [::1]:8080 or unix:/path. Only this machine's own, since there "
        "is no access control yet. Empty: none.",
        "dbus.bus": "auto: the system bus for a service of systemd's system manager, else the session bus of the "
        "user who runs the daemon. none: no D-Bus.",
    }
)


def text() -> str:
    """The whole of it. As it stands, it changes nothing; `#key = value` are lines to uncomment, `# …` explains."""
    return "\n".join([_comment(_HEAD, wrap=False), *_tables()]) + "\n"


def _tables() -> Iterator[str]:
    for table in msgspec.structs.fields(Config):
        yield ""
        yield _comment(TABLES[table.name])
        if table.name in REPEATED:
            yield from _repeated(table.name)
        else:
            yield f"[{table.name}]"
            yield from _keys(table.name, type(table.default), mark="")


def _repeated(table: str) -> Iterator[str]:
    """A table in double brackets as an example to uncomment, and those within it behind it."""
    yield f"#[[{table}]]"
    yield from _keys(table, REPEATED[table], mark="#")
    for inner in REPEATED:
        if inner.rpartition(".")[0] == table:
            yield ""
            yield _comment(TABLES[inner])
            yield from _repeated(inner)


def _keys(table: str, kind: type[msgspec.Struct], mark: str) -> Iterator[str]:
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        key = f"{table}.{field.name}"
        if key in REPEATED:
            continue
        value = EXAMPLES.get(key, field.default)
        yield _comment(MEANINGS[key])
        if (limits := limits_of(hints[field.name])) is not None:
            yield _comment(limits)
        yield f"{mark}{field.name} = {toml_value(value)}"


def limits_of(kind: Any) -> str | None:
    """Which values there are to choose from, where the default does not already show it."""
    words = allowed(kind)
    if words.startswith("a table"):
        return None
    if words.startswith(("a number", "a whole number")):
        return words[0].upper() + words[1:] + "."
    return f"One of {words}." if "," in words and "[" not in words else None


def toml_value(value: Any) -> str:
    """One value on one line."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{json.dumps(key)} = {toml_value(one)}' for key, one in value.items())}}}"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _comment(text: str, wrap: bool = True) -> str:
    lines = textwrap.wrap(text, 110) if wrap else text.splitlines()
    return "\n".join(f"# {line}" for line in lines)
