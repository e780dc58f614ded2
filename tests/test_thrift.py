from __future__ import annotations

import os
import ssl
import subprocess
import sys

import pytest

from mkv2castd.thrift import without_authorities


def authorities() -> int:
    return ssl.create_default_context().cert_store_stats()["x509_ca"]


def test_no_certificate_authority_is_read_in_the_block_and_all_are_after_it() -> None:
    before = authorities()
    with without_authorities():
        assert authorities() == 0
    assert authorities() == before


@pytest.mark.parametrize("value", [None, "/a/file"])
def test_the_environment_is_as_before_also_after_an_error(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    else:
        monkeypatch.setenv("SSL_CERT_FILE", value)
    before = dict(os.environ)
    with pytest.raises(ImportError), without_authorities():
        raise ImportError
    assert dict(os.environ) == before


def test_threads_share_one_heap() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _MANY_THREADS], capture_output=True, text=True, timeout=90, check=True
    ).stdout.split()
    if not told:
        pytest.skip("no glibc")
    without, within = map(int, told)
    assert without > 1
    assert within == 1


_MANY_THREADS = """
import ctypes, os, sys, threading
from mkv2castd.thrift import one_arena

libc = ctypes.CDLL(None)
if not hasattr(libc, "malloc_info"):
    raise SystemExit

def heaps():
    everyone = threading.Barrier(5)
    def allocate():
        held = ctypes.create_string_buffer(2000)
        everyone.wait()
    threads = [threading.Thread(target=allocate) for _ in range(4)]
    for thread in threads:
        thread.start()
    everyone.wait()
    for thread in threads:
        thread.join()
    libc.open_memstream.restype = ctypes.c_void_p
    libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.fclose.argtypes = [ctypes.c_void_p]
    text, size = ctypes.c_char_p(), ctypes.c_size_t()
    stream = libc.open_memstream(ctypes.byref(text), ctypes.byref(size))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    return text.value.count(b"<heap nr")

if os.fork() == 0:
    one_arena()
    within = heaps()
    os._exit(within)
within = os.waitstatus_to_exitcode(os.wait()[1])
print(heaps(), within)
"""
