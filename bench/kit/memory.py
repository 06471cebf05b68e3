"""Resident memory, as Linux counts it."""

import re
from pathlib import Path


def resident_mb(pid: int) -> float:
    """Megabytes of the process itself. Raises FileNotFoundError when it is gone."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0
