"""Resident memory."""

import os
import subprocess
import sys

import pytest

from bench.kit.memory import resident_mb


def test_memory_grows_with_what_is_held() -> None:
    before = resident_mb(os.getpid())
    held = os.urandom(40 << 20)
    grown = resident_mb(os.getpid()) - before
    assert 30 < grown < 60, len(held)


def test_a_process_that_is_gone_has_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(FileNotFoundError):
        resident_mb(process.pid)
