"""What is told on D-Bus, as values: labels of paths, dictionaries, differences."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from mkv2castd.api import render, variants
from mkv2castd.api.bus_interface import Match, Variant, clean
from mkv2castd.api.dbus_values import device_values, folder_values, job_path, job_values, label
from mkv2castd.model import JobStatus
from tests.api.fakes import ANALYSIS, DEVICES, FOLDERS, PROGRESS, FakeDaemon


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("incoming", "incoming"),
        ("my films", "my_20films"),
        ("a_b", "a_5fb"),
        ("2tb", "_32tb"),
        ("é", "_c3_a9"),
        ("", "_"),
        ("a\n", "a_0a"),
    ],
)
def test_a_name_becomes_part_of_a_path_as_sd_bus_makes_it(name: str, made: str) -> None:
    assert label(name) == made


def test_a_job_s_path_is_its_id_with_underscores() -> None:
    assert job_path(UUID(int=5)).endswith("/jobs/00000000_0000_0000_0000_000000000005")


def test_text_that_there_is_none_of_is_empty_and_a_number_is_none() -> None:
    job = FakeDaemon().add()
    told = job_values(job, None, None)
    assert (told["Output"], told["Stage"], told["Device"]) == ("", "", "/")
    assert (told["EtaSeconds"], told["Speed"], told["Fps"], told["Attempt"]) == (None, None, None, None)
    assert device_values(DEVICES[2])["Vendor"] == device_values(DEVICES[2])["Problem"] == ""
    assert folder_values(FOLDERS[1])["Output"] == ""


def test_a_job_under_way_tells_how_far_it_is() -> None:
    job = replace(FakeDaemon().add(status=JobStatus.PROCESSING), lane="cpu")
    told = job_values(job, PROGRESS, 2)
    assert told["Device"] == "/org/mkv2cast/Daemon1/devices/cpu"
    assert (told["Progress"], told["EtaSeconds"], told["Speed"], told["Attempt"]) == (45.5, 120, 2.5, 2)


def test_each_field_has_one_type_whatever_its_value() -> None:
    job = FakeDaemon().add()
    told = variants.dictionary(render.job_view(job, None))
    assert told["progress"] == Variant("d", 0.0)
    assert told["priority"] == Variant("x", 0)
    assert told["paused"] == Variant("b", False)
    assert told["status"] == Variant("s", "queued")
    assert type(told["status"].value) is str
    profiled = replace(job, profile=("tv", "nest-hub"))
    assert variants.dictionary(render.job_view(profiled, None))["profile"] == Variant("as", ["tv", "nest-hub"])


def test_objects_within_objects_are_dictionaries() -> None:
    told = variants.dictionary(render.analysis_view(ANALYSIS))
    assert told["streams"].signature == "a{sv}"
    streams = told["streams"].value
    assert streams["video"].value["width"] == Variant("x", 1920)
    assert streams["audio"].signature == "aa{sv}"
    assert [one["codec"].value for one in streams["audio"].value] == ["dts", "aac"]
    assert variants.dictionary(render.analysis_view(replace(ANALYSIS, devices=())))["devices"] == Variant(
        "aa{sv}", []
    )


def test_a_change_is_what_differs_and_what_is_gone() -> None:
    daemon = FakeDaemon()
    failed = daemon.fail(daemon.start(daemon.add().id).id)
    queued = replace(failed, status=JobStatus.QUEUED, failure=None)
    before, after = render.job_view(failed, None), render.job_view(queued, None)
    assert variants.changed(before, after) == {
        "status": Variant("s", "queued"),
        "absent": Variant("as", ["error", "message"]),
    }
    assert variants.changed(before, before) == {}


def test_speed_is_text_as_in_json_and_a_number_in_the_page_s_dialect() -> None:
    job = FakeDaemon().add(status=JobStatus.PROCESSING)
    assert variants.dictionary(render.progress_message(job, PROGRESS))["speed"] == Variant("s", "2.5x")
    assert variants.dictionary(render.progress_message(job, PROGRESS, ui=True))["speed"] == Variant("d", 2.5)


def test_text_is_cleaned_of_what_no_message_may_carry() -> None:
    assert clean("plain") == "plain"
    assert clean("a\0b") == "a\ufffdb"
    assert clean("é\udce4\0😀") == "é\ufffd\ufffd😀"


def test_a_match_is_written_as_the_bus_takes_it() -> None:
    assert Match("a.b", "/c", "d.e", "F", "g").rule == (
        "type='signal',sender='a.b',path='/c',interface='d.e',member='F',arg0='g'"
    )
    assert Match("a.b").rule == "type='signal',sender='a.b'"
