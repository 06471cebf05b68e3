"""Resident memory, as Linux counts it."""

import re
from pathlib import Path


def resident_mb(pid: int) -> float:
    """Megabytes of the process itself. Raises FileNotFoundError when it is gone."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0


def find_child(ancestor: int, module: str) -> int:
    """The process under `ancestor` that runs `python -m module`. Raises LookupError."""
    parents: dict[int, int] = {}
    commands: dict[int, list[str]] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(folder.name)] = (folder / "cmdline").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
            continue
    for pid, command in commands.items():
        if module in command and ancestor in _ancestors(pid, parents):
            return pid
    raise LookupError(f"no process under {ancestor} runs {module}")


def _ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    line = []
    while pid := parents.get(pid, 0):
        line.append(pid)
    return line
