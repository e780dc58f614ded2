"""A mistake of ours over one film fails that film, not the daemon: at its next start it would meet the film again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mkv2castd.errors import ErrorCode, MediaError, Mkv2castdError
from mkv2castd.model import Job, printable
from mkv2castd.store import StoreError

_log = logging.getLogger(__name__)


@contextmanager
def one_film(job: Job) -> Iterator[None]:
    """Turns what nobody has foreseen into MediaError (internal_error); its traceback is in the log."""
    try:
        yield
    except (Mkv2castdError, OSError, StoreError):
        raise
    except Exception as error:
        name = printable(job.source)
        _log.exception("%s: a mistake of ours", name, extra={"job_id": job.id, "folder": job.folder})
        raise MediaError(
            ErrorCode.INTERNAL_ERROR, "mkv2castd made a mistake over this film: its log says which; please report it"
        ) from error
