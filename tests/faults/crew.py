"""The processes of Loa that run in a test: one of each role, whatever happens to them."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

from bot.settings import ROOT
from tests.faults.zygote import Order

ROLES = ("bot", "sender", "scheduler")


@dataclass
class Crew:
    """`pids`: who works in a role now. Who was replaced may still be winding down."""

    zygote: subprocess.Popen[str]
    order: Order
    pids: dict[str, int] = field(default_factory=dict)
    hired: list[int] = field(default_factory=list)

    async def hire(self, *roles: str) -> None:
        for role in roles:
            self.pids[role] = await asyncio.to_thread(self._fork, role)
            self.hired.append(self.pids[role])

    def _fork(self, role: str) -> int:
        assert self.zygote.stdin and self.zygote.stdout
        self.zygote.stdin.write(json.dumps(asdict(replace(self.order, role=role))) + "\n")
        self.zygote.stdin.flush()
        return int(self.zygote.stdout.readline())

    def kill(self, *roles: str) -> None:
        for role in roles:
            self.signal(role, signal.SIGKILL)

    def signal(self, role: str, number: signal.Signals) -> None:
        """To a process that must still be there: one that ended by itself is a failure of its own."""
        os.kill(self.pids[role], number)

    def dismiss(self) -> None:
        """All that were ever hired, at once: what matters is on disk."""
        for pid in self.hired:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @contextmanager
    def no_file_may_grow(self, size: int) -> Iterator[None]:
        """As on a full disk: what is there can be written over, nothing can be added beyond `size` bytes."""
        for pid in self.pids.values():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            for pid in self.pids.values():
                with contextlib.suppress(ProcessLookupError):  # killed meanwhile
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def zygote() -> Iterator[subprocess.Popen[str]]:
    # A session of its own: whatever it forked ends with it.
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.zygote"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    with process:  # leaving closes its input, and with that it ends
        yield process
