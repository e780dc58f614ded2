"""A mistake of ours over one film fails that film, not the daemon: at its next start it would meet the film again."""

from __future__ import annotations

from contextlib import AbstractContextManager

from mkv2castd.boundary import contained
from mkv2castd.errors import ErrorCode, MediaError, Mkv2castdError
from mkv2castd.model import Job, printable
from mkv2castd.store import StoreError


def one_film(job: Job) -> AbstractContextManager[None]:
    """Turns what nobody has foreseen into MediaError (internal_error)."""
    mistake = MediaError(
        ErrorCode.INTERNAL_ERROR, "mkv2castd made a mistake over this film: its log says which; please report it"
    )
    foreseen = (Mkv2castdError, OSError, StoreError)
    return contained(printable(job.source), mistake, foreseen, job_id=job.id, folder=job.folder)
