"""`python -m bench.contenders train|parse NAME FOLDER [EPOCHS]`.

train fills FOLDER; EPOCHS is for stock Rasa. parse reads questions, one a line, and writes JSON lines as `loa parse` does,
each with "ms" (this question alone) and "mb" (resident memory after it).
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path

from bench.contenders import contender
from bench.kit.memory import resident_mb
from nlu.quiet import quieten


def main() -> None:
    verb, name, folder, *epochs = sys.argv[1:]
    quieten()
    if verb == "train":
        _report_progress()
        contender(name, *map(int, epochs)).train(Path(folder))
        return
    understand = contender(name).load(Path(folder))
    understand("khởi động")  # the first question of a process pays for what is loaded lazily
    for line in sys.stdin:
        started = time.perf_counter()
        parsed = understand(line.rstrip("\n"))
        milliseconds = (time.perf_counter() - started) * 1000
        print(json.dumps({**parsed, "ms": milliseconds, "mb": resident_mb(os.getpid())}, ensure_ascii=False), flush=True)


def _report_progress() -> None:
    """Our classifier says what it is doing to the logger of its package."""
    progress = logging.getLogger("nlu")
    progress.setLevel(logging.INFO)
    progress.addHandler(logging.StreamHandler(sys.stderr))


main()
