"""Subtitles beside the output: a crash after any step is finished, nobody's file is overwritten, no litter stays."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from mkv2castd.config import Settings, SourcePolicy
from mkv2castd.encoder import naming, output, sidecars
from mkv2castd.encoder.commit import Commit
from mkv2castd.encoder.output import carry_out, decode, discard, encode, finish_replace, prepare
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.sidecars import Made, Sidecars
from mkv2castd.encoder.tag import tag_for
from mkv2castd.encoder.webvtt import tag_of, to_webvtt
from mkv2castd.model import Identity
from tests.encoder.films import audio, film, subtitle, video
from tests.encoder.test_output import CASES, FILM, KINDS, MADE, OLDER, Crash, Faulty, Place, identity, make_place
from tests.encoder.test_webvtt import HEAD, line


def vtt(source: Path, text: str) -> bytes:
    return f"WEBVTT\n\nNOTE MKV2CASTD={tag_for(source, identity(source))}\n\n{text}\n".encode()


def written(source: Path, text: str) -> bytes:
    """As we write it nowadays: with a digest."""
    made = to_webvtt([line(text)], tag_for(source, identity(source)))
    assert made is not None
    return made.encode()


def commit_of(place: Place, endings: tuple[str, ...] = (".en", ".de.forced")) -> Commit:
    job = uuid4()
    temporary = naming.temporary_for(place.target, job)
    temporary.write_bytes(MADE)
    files = []
    for number, ending in enumerate(endings):
        path = naming.working_file(temporary, f"{number}.vtt")
        path.write_bytes(vtt(place.source, ending))
        files.append(Made(path, ending))
    known = identity(place.source)
    return prepare(
        job, temporary, place.target, place.source, known, place.settings, place.older, Sidecars(tuple(files))
    )


def names(place: Place) -> set[str]:
    return {Path(name).name for name in place.content()}


def beside(place: Place, ending: str) -> Path:
    return naming.sidecar(place.target, ending)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("policy", "name", "older"), CASES)
def test_a_crash_after_any_step_is_finished_by_the_next_call(
    tmp_path: Path, policy: SourcePolicy, name: str, older: bool, kind: str
) -> None:
    renameat2, links = KINDS[kind]
    for stop_at in range(100):
        place = make_place(tmp_path / str(stop_at), policy, name, older)
        if older:  # one is made again, one is not made any more
            beside(place, ".en").write_bytes(vtt(place.source, "older"))
            beside(place, ".fr").write_bytes(vtt(place.source, "older"))
        fresh = vtt(place.source, ".en"), vtt(place.source, ".de.forced")
        commit = decode(encode(commit_of(place)))
        crashed = False
        try:
            assert carry_out(commit, Faulty(stop_at, renameat2, links))
        except Crash:
            crashed = True
            for again in range(100):
                try:
                    assert carry_out(commit, Faulty(again, renameat2, links))
                    break
                except Crash:
                    continue
            assert carry_out(commit, Faulty(-1, renameat2, links))
        finish_replace(commit)
        assert beside(place, ".en").read_bytes() == fresh[0]
        assert beside(place, ".de.forced").read_bytes() == fresh[1]
        assert len(place.content()) == (3 if policy == "replace" else 4), names(place)
        if not crashed:
            assert stop_at > 3
            return
    pytest.fail("never went through")


def test_they_take_mode_and_times_of_the_source(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep")
    place.source.chmod(0o640)
    assert carry_out(commit_of(place))
    there = beside(place, ".en").stat()
    assert stat.S_IMODE(there.st_mode) == 0o640
    assert there.st_mtime_ns == place.source.stat().st_mtime_ns


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("obstacle", ["file", "folder", "link", "another film's"])
def test_a_file_of_somebody_elses_stays_and_the_film_is_made(tmp_path: Path, obstacle: str, moment: str) -> None:
    place = make_place(tmp_path, "trash")
    there = beside(place, ".en")
    commit = commit_of(place) if moment == "after" else None
    match obstacle:
        case "file":
            there.write_text("WEBVTT\n\nmine")
        case "folder":
            there.mkdir()
        case "link":
            there.symlink_to("nowhere")
        case _:
            (tmp_path / "other.avi").write_bytes(b"x")
            there.write_bytes(vtt(tmp_path / "other.avi", "another's"))
    before = Identity.of(there.lstat())
    commit = commit if commit is not None else commit_of(place)
    if moment == "before":
        assert commit.note == "no movie_chromecast.en.vtt: a file that mkv2castd has not made is in its place"
    assert carry_out(commit)
    assert Identity.of(there.lstat()) == before
    assert place.target.read_bytes() == MADE
    assert beside(place, ".de.forced").exists()
    assert not [name for name in os.listdir(place.target.parent) if name.startswith(".mkv2castd-")]


def test_what_is_not_made_any_more_goes_if_it_is_ours(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep")
    ours, foreign = beside(place, ".fr"), beside(place, ".es")
    others = beside(replace(place, target=place.target.with_name("movie_chromecast.2.mkv")), ".en")
    ours.write_bytes(vtt(place.source, "older"))
    foreign.write_text("WEBVTT\n\n")
    (tmp_path / "movie.2.avi").write_bytes(b"y")
    others.write_bytes(vtt(tmp_path / "movie.2.avi", "of another film"))
    commit = commit_of(place)
    assert [one.path for one in commit.obsolete] == [ours]
    assert carry_out(commit)
    assert not ours.exists()
    assert foreign.exists()
    assert others.exists()
    assert sorted(one.target.name for one in commit.sidecars) == [
        *("movie_chromecast.de.forced.vtt", "movie_chromecast.en.vtt")
    ]


def test_those_of_an_older_version_with_another_extension_are_ours(tmp_path: Path) -> None:
    """movie.avi was replaced by movie.mkv; now another movie.mkv has come and is replaced in its turn."""
    place = make_place(tmp_path, "replace", "movie.mkv")
    older = place.source.with_suffix(".avi")
    older.write_bytes(b"x")
    for ending in (".en", ".fr"):
        beside(place, ending).write_bytes(vtt(older, "older"))
    older.unlink()
    assert carry_out(commit_of(place))
    assert b"older" not in beside(place, ".en").read_bytes()
    assert not beside(place, ".fr").exists()


@pytest.mark.parametrize(
    ("edit", "stays"),
    [
        (lambda raw: raw, False),
        (lambda raw: raw.replace(b"teh", b"the"), True),
        (lambda raw: raw.replace(b"00:00:01", b"00:00:03"), True),
        (lambda raw: raw.replace(b"WEBVTT", b"WEBVTT corrected by me"), True),
        (lambda raw: raw + b"\n00:01:00.000 --> 00:01:01.000\nThe end\n", True),
        (lambda raw: raw.replace(b"\n", b"\r\n"), True),
        (lambda raw: b"\xef\xbb\xbf" + raw.replace(b"teh", b"the"), True),
    ],
    ids=["untouched", "word", "time", "head", "more", "line ends", "bom"],
)
@pytest.mark.parametrize("ending", [".en", ".fr"])
def test_one_that_was_corrected_by_hand_stays_whether_or_not_it_is_made_again(
    tmp_path: Path, edit: Callable[[bytes], bytes], stays: bool, ending: str
) -> None:
    place = make_place(tmp_path, "keep")
    there = beside(place, ending)
    there.write_bytes(edit(written(place.source, "teh end")))
    before = there.read_bytes()
    commit = decode(encode(commit_of(place)))
    assert carry_out(commit)
    if stays:
        assert there.read_bytes() == before
        assert commit.note == f"{there.name} stays as it is: it was changed by hand"
    else:
        assert not there.exists() if ending == ".fr" else there.read_bytes() != before
        assert commit.note is None
    assert beside(place, ".de.forced").exists()


def test_one_that_was_edited_meanwhile_stays(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep")
    for ending in (".fr", ".en"):
        beside(place, ending).write_bytes(vtt(place.source, "older"))
    commit = commit_of(place)
    for ending in (".fr", ".en"):
        beside(place, ending).write_bytes(b"edited by its owner, who is proud of it")
    assert carry_out(commit)
    assert (
        beside(place, ".fr").read_bytes()
        == beside(place, ".en").read_bytes()
        == b"edited by its owner, who is proud of it"
    )


def test_a_source_that_must_stay_has_its_subtitles_beside_the_output(tmp_path: Path) -> None:
    place = make_place(tmp_path, "replace", "movie.mkv")
    os.link(place.source, tmp_path / "seed")
    commit = commit_of(place)
    assert carry_out(commit)
    assert commit.target.name == "movie_chromecast.mkv"
    assert (place.source.parent / "movie_chromecast.en.vtt").exists()
    assert not (place.source.parent / "movie.en.vtt").exists()


def test_a_trashed_film_leaves_the_files_beside_it(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash")
    external = place.source.with_name("movie.en.srt")
    external.write_text("x")
    assert carry_out(commit_of(place))
    assert external.read_text() == "x"
    assert not place.source.exists()


def test_long_names_stay_possible_and_apart(tmp_path: Path) -> None:
    target = Path("/f") / f"{'é' * 117}_chromecast.mkv"
    one, other = (naming.sidecar(target, ending) for ending in (".en.forced", ".de.forced"))
    assert one != other
    assert max(len(os.fsencode(path.name)) for path in (one, other)) <= naming.NAME_BYTES
    assert one.name.endswith(".en.forced.vtt")


def test_an_older_journal_is_understood(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep")
    told = msgspec.json.decode(encode(place.commit))
    del told["sidecars"], told["obsolete"]
    commit = decode(msgspec.json.encode(told))
    assert (commit.sidecars, commit.obsolete) == ((), ())
    assert carry_out(commit)


def test_all_that_was_laid_out_is_discarded(tmp_path: Path) -> None:
    temporary = naming.temporary_for(tmp_path / "movie.mkv", uuid4())
    other = naming.temporary_for(tmp_path / "movie.mkv", uuid4())
    kept = [other, naming.working_file(other, "0.vtt"), tmp_path / "movie.vtt"]
    for path in (temporary, naming.working_file(temporary, "0.ass"), *kept):
        path.write_text("x")
    fonts = naming.working_file(temporary, "fonts")
    fonts.mkdir()
    (fonts / "a.ttf").write_text("x")
    discard(temporary)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    discard(tmp_path / "nowhere" / temporary.name)


class TestMaking:
    def made(self, tmp_path: Path, *texts: str | None) -> tuple[Sidecars, Path]:
        tracks = [subtitle(n, "ass", language="eng") for n in range(2, 2 + len(texts))]
        decision = plan(film(video(), audio(), *tracks, container="avi"), Settings())
        assert isinstance(decision, Plan)
        temporary = tmp_path / ".mkv2castd-x.part"
        for number, text in enumerate(texts):
            if text is not None:
                naming.working_file(temporary, f"{number}.ass").write_text(text)
        return sidecars.make(
            decision, temporary, "1;2;3;4", {99: "film.fr.srt: left out: no subtitle is in it"}
        ), temporary

    def test_each_text_becomes_a_file_with_our_tag(self, tmp_path: Path) -> None:
        found, temporary = self.made(tmp_path, HEAD + line("One") + "\n", HEAD + line("Two") + "\n")
        assert [one.ending for one in found.files] == [".en", ".2.en"]
        assert [tag_of(one.temporary.read_text()) for one in found.files] == ["1;2;3;4"] * 2
        assert "Two" in found.files[1].temporary.read_text()
        assert output.working_files(temporary) == [
            one.temporary for one in sorted(found.files, key=lambda o: o.temporary)
        ]

    def test_what_holds_nothing_or_nonsense_is_left_out_and_said(self, tmp_path: Path) -> None:
        found, _ = self.made(tmp_path, HEAD, "no subtitle at all", None, HEAD + line("x") + "\n")
        assert [one.ending for one in found.files] == [".4.en"]
        assert found.notes == (
            "film.fr.srt: left out: no subtitle is in it",
            "no .en.vtt: its subtitle holds no text",
            "no .2.en.vtt: its subtitle holds no text",
            "no .3.en.vtt: its subtitle holds no text",
        )


def test_identities_are_those_of_the_finished_files(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep", older=True)
    commit = commit_of(place)
    assert carry_out(commit)
    for one in commit.sidecars:
        assert Identity.of(one.target.lstat()) == one.identity
    assert FILM != OLDER
