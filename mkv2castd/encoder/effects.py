"""What has to follow a stored change outside the store, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from uuid import UUID

from mkv2castd.errors import ErrorCode
from mkv2castd.model import Failure, Job


class Stop(Enum):
    """Why a running attempt is ended from outside; without one it is the daemon that stops."""

    CANCEL = "cancel"
    GONE = "gone"
    RESTART = "restart"


ENDINGS: Mapping[Stop | None, Failure] = MappingProxyType(
    {
        Stop.CANCEL: Failure(ErrorCode.CANCELLED, "cancelled on request"),
        Stop.GONE: Failure(ErrorCode.SOURCE_UNREADABLE, "the film was deleted or moved out of the watched folders"),
    }
)


@dataclass(slots=True)
class Effects:
    """What has to follow a stored change: jobs to analyse, turns to take back, attempts to end."""

    analyze: list[Job] = field(default_factory=list)
    discard: list[UUID] = field(default_factory=list)
    stop: list[tuple[UUID, Stop]] = field(default_factory=list)
