"""Ask the kernel whether anybody has a file open for writing, by taking a read lease for a moment.

F_SETLEASE/F_RDLCK is refused with EAGAIN while a writer or a writable mapping exists. It needs the file to be ours
or CAP_LEASE (else EACCES), and knows nothing of writers on other hosts: network file systems refuse it (EINVAL,
ENOTSUP) or prove nothing, so callers do not ask there. Somebody who opens the file for writing in those few
microseconds waits for us (with O_NONBLOCK: gets EWOULDBLOCK) and makes the kernel signal us: SIGURG is chosen for
that since, unlike SIGIO, it is ignored by default and cannot end the process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat

from mkv2castd.model import Identity
from mkv2castd.watch.settle import Writer

_GONE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))


def look(path: bytes, ask: bool = True) -> tuple[Identity, Writer] | None:
    """The regular file at `path` and whether it has a writer; None when there is none (a link is none).

    `ask` False: the file system cannot tell, so the writer is UNKNOWN. Raises OSError other than "not there".
    Never blocks on a FIFO and follows no link in the last part of the path.
    """
    try:
        status = os.lstat(path)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise
    if not stat.S_ISREG(status.st_mode):
        return None
    if not ask:
        return Identity.of(status), Writer.UNKNOWN
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        return None if error.errno in _GONE else (Identity.of(status), Writer.UNKNOWN)
    try:
        writer = _writer(descriptor)
        # taken after the lease: what was written before it is seen
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return (Identity.of(status), writer) if stat.S_ISREG(status.st_mode) else None


def _writer(descriptor: int) -> Writer:
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return Writer.ACTIVE if error.errno == errno.EAGAIN else Writer.UNKNOWN
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Writer.NONE
