"""The clips are what they are said to be: their facts are measured on the clips themselves."""

from __future__ import annotations

import pytest

from tests.matrix import checker_look, checker_times
from tests.matrix.clips import ROWS
from tests.matrix.rows import Row
from tests.matrix.studio import Studio

# What a container or codec cannot tell of a clip, although it is true.
UNTOLD = {
    "box-raw-h264": "no duration",
    "box-raw-mpeg2": "no duration",
    "sound-wavpack": "the last packet has no duration",
    "sound-tta": "the last packet has the duration of a whole one",
    "sound-adpcm-flash": "the last packet has the duration of a whole one",
    "subtitle-vobsub": "the subtitle claims to last for weeks",
    "subtitle-dvb-mkv": "the subtitle claims to last for weeks",
    "two-pictures-second-default": "the first picture is not the film",
    "scratched": "it is damaged",
}


@pytest.mark.campaign
@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name) for row in ROWS if row.expect == "plays" and row.name not in UNTOLD]
)
def test_a_clip_is_what_it_is_said_to_be(row: Row, studio: Studio) -> None:
    seen = studio.source(row)
    assert [*checker_times.faults(seen, row.facts), *checker_look.faults(seen, row.facts)] == []
