"""What encodes on this machine, as programs are told: each GPU, the processor, and the lane of copies."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from mkv2castd.queries import DeviceFacts


class EncoderView(Struct, frozen=True, kw_only=True):
    """`encoders`: codecs, "hevc-10bit" for those in 10 bits, in which an encode has worked; of the processor, those
    that this ffmpeg has. `slots`: films at the same time. `healthy`: false where nothing is given to it although it
    is enabled, with `problem` telling why."""

    id: str
    name: str
    vendor: str | None
    kind: Literal["gpu", "cpu", "remux"]
    driver: str | None
    encoders: list[str]
    slots: int
    enabled: bool
    healthy: bool
    problem: str | None


class DeviceView(EncoderView, frozen=True, kw_only=True):
    """One of the answer of GET /api/devices/. `running`: ids of the jobs that it works on; `queued`: how many jobs
    wait for it."""

    running: list[str]
    queued: int


def encoder_view(facts: DeviceFacts) -> EncoderView:
    return EncoderView(**_common(facts))


def device_view(facts: DeviceFacts) -> DeviceView:
    return DeviceView(**_common(facts), running=[str(job_id) for job_id in facts.running], queued=facts.queued)


def _common(facts: DeviceFacts) -> dict[str, Any]:
    return {
        "id": facts.id,
        "name": facts.name,
        "vendor": facts.vendor,
        "kind": facts.kind,
        "driver": facts.driver,
        "encoders": list(facts.encoders),
        "slots": facts.slots,
        "enabled": facts.enabled,
        "healthy": facts.healthy,
        "problem": facts.problem,
    }
