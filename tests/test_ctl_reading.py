"""What comes over D-Bus is read back as what the daemon meant."""

from __future__ import annotations

from typing import Any

import pytest

from mkv2castd.api import render, variants, wire
from mkv2castd.api.bus_interface import Variant
from mkv2castd.api.device_views import ProfileView
from mkv2castd.ctl_errors import CtlError
from mkv2castd.ctl_reading import changed, view
from tests.api.fakes import ANALYSIS, PROFILES, FakeDaemon


def plain(value: Any) -> Any:
    """As the bus gives it to a client: without variants."""
    match value:
        case Variant(_, inner):
            return plain(inner)
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case _:
            return value


async def test_a_job_comes_back_as_it_was() -> None:
    daemon = FakeDaemon()
    job = daemon.start(daemon.add(profile=("tv", "nest-hub")).id)
    daemon.report(job.id)
    told = render.job_view(job, daemon.progress(job.id), await daemon.attempts(job.id))
    assert view(plain(variants.dictionary(told)), wire.JobView) == told
    without = render.job_view(daemon.add(), None)
    assert view(plain(variants.dictionary(without)), wire.JobView) == without


def test_an_analysis_and_a_profile_come_back_as_they_were() -> None:
    analysis = render.analysis_view(ANALYSIS)
    assert view(plain(variants.dictionary(analysis)), wire.AnalysisView) == analysis
    profile = render.profile_view(PROFILES[0])
    assert view(plain(variants.dictionary(profile)), ProfileView) == profile


def test_what_has_changed_leads_to_the_job_as_it_is_now() -> None:
    daemon = FakeDaemon()
    failed = daemon.fail(daemon.start(daemon.add().id).id)
    before = render.job_view(failed, None)
    after = render.job_view(daemon.complete(daemon.start(daemon.add().id).id), None)
    assert changed(before, plain(variants.changed(before, after))) == after
    assert changed(after, plain(variants.changed(after, before))) == before


def test_what_this_program_does_not_know_is_said_to_be_of_another_version() -> None:
    told = plain(variants.dictionary(render.job_view(FakeDaemon().add(), None)))
    assert view({**told, "more": 1}, wire.JobView).id == told["id"]
    for fault in ({"status": "resting"}, {"priority": "high"}):
        with pytest.raises(CtlError, match="another version") as raised:
            view({**told, **fault}, wire.JobView)
        assert raised.value.exit_code == 1
    del told["id"]
    with pytest.raises(CtlError, match="another version"):
        view(told, wire.JobView)
