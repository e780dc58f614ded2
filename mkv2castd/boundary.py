"""The boundary behind which a mistake of ours stays: the one place that catches what nobody has foreseen.

It is drawn around one film, one request and one supervised room, so that none of them takes the others along.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)


@contextmanager
def contained(what: str, answer: Exception, passing: tuple[type[Exception], ...], **fields: object) -> Iterator[None]:
    """Errors named in `passing` pass. Any other is logged under the name `what` and with the `fields`, its traceback
    too, for the log is where that belongs; then `answer` is raised in its stead."""
    try:
        yield
    except passing:
        raise
    except Exception as error:
        _log.exception("%s: a mistake of ours", what, extra=fields)
        raise answer from error
