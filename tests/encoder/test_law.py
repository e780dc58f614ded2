"""What holds for every film, every set of devices and every wish."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mkv2castd.config import Settings
from mkv2castd.encoder.audio_rules import usable
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.profiles import PROFILES
from mkv2castd.encoder.telling import analysis
from mkv2castd.encoder.tools import Tools
from mkv2castd.errors import ErrorCode, MediaError, RequestError
from mkv2castd.model import Action, Container, StreamKind
from tests.encoder.films import audio, film, result_of, video
from tests.encoder.worlds import FILMS, TOOLS, wishes

_REFUSALS = frozenset({ErrorCode.SOURCE_UNREADABLE, ErrorCode.UNSUPPORTED_MEDIA})
# every device alone, and every pair of them; `chromecast` is a pair itself
_SETS = [(name,) for name in sorted(PROFILES)] + list(combinations(sorted(PROFILES), 2))
_ASKED = st.sampled_from(_SETS).flatmap(
    lambda names: st.sampled_from(list(Container)).flatmap(lambda container: wishes(names, container))
)


def _decided(media: Media, to: Settings, tools: Tools) -> Plan | Skip:
    """What was decided; a right refusal is none of the law's business."""
    try:
        return plan(media, to, tools)
    except MediaError as error:
        assert error.code in _REFUSALS  # noqa: PT017
        assert error.message  # noqa: PT017
    except RequestError as error:
        # devices that have no codec in common for this container
        assert to.container.value in error.message  # noqa: PT017
    assume(False)
    raise AssertionError


# hundreds of films are thought through by each
pytestmark = pytest.mark.timeout(900)

# what one of the laws has covered the others cover as well: measuring it again takes as long as they do
_law = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@_law
@given(FILMS, _ASKED, TOOLS)
def test_a_plan_carried_out_leaves_nothing_to_do(media: Media, to: Settings, tools: Tools) -> None:
    decision = _decided(media, to, tools)
    assume(isinstance(decision, Plan))
    assert isinstance(decision, Plan)
    again = plan(result_of(decision, media), to, tools)
    assert isinstance(again, Skip), again.reasons


@pytest.mark.no_cover
@_law
@given(FILMS, _ASKED, TOOLS)
def test_what_is_made_for_several_devices_plays_on_each(media: Media, to: Settings, tools: Tools) -> None:
    decision = _decided(media, to, tools)
    assume(isinstance(decision, Plan))
    assert isinstance(decision, Plan)
    made = result_of(decision, media)
    for name in to.profile:
        alone = plan(made, replace(to, profile=(name,)), tools)
        assert isinstance(alone, Skip), (name, alone.reasons)


@pytest.mark.no_cover
@_law
@given(FILMS, _ASKED, TOOLS)
def test_every_stream_is_accounted_for_and_nothing_only_is_lost(media: Media, to: Settings, tools: Tools) -> None:
    decision = _decided(media, to, tools)
    told = analysis(media, decision, to)
    streams = {stream.index for stream in media.streams}
    # a file beside the film is told like a stream behind all others
    assert {stream.index for stream in told.streams} >= streams
    assert len(told.streams) in (len(streams), len(streams) + len(media.externals))
    assert all(stream.reason for stream in told.streams)
    if isinstance(decision, Skip):
        return
    assert {stream.index for stream in decision.streams} >= streams
    assert decision.picture.kind is StreamKind.VIDEO
    assert all(stream.action is not Action.DROP for stream in decision.kept)
    # a track of which nothing is known but its codec's name holds no sound
    heard = any(usable(track, tools) for track in media.audio)
    assert any(s.kind is StreamKind.AUDIO for s in decision.kept) is heard


@pytest.mark.no_cover
@_law
@given(FILMS, _ASKED, TOOLS)
def test_deciding_twice_comes_to_the_same(media: Media, to: Settings, tools: Tools) -> None:
    assert _decided(media, to, tools) == plan(media, to, tools)


@pytest.mark.parametrize("names", _SETS)
def test_every_set_of_devices_can_be_served_in_its_default_container(names: tuple[str, ...]) -> None:
    made = plan(film(video(codec="mpeg2video", profile=None), audio(), container="ts"), Settings(profile=names))
    assert isinstance(made, Plan)
