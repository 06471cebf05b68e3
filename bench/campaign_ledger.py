"""A child of `bench.campaign`: writes one ledger and prints {"seconds", "megabytes"}."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from bench.kit.memory import resident_mb
from bench.kit.province import province


async def main(url: str, folder: Path, size: int) -> None:
    async with province(url, folder, size) as place:
        highest = 0.0

        async def watch() -> None:
            nonlocal highest
            while True:
                highest = max(highest, resident_mb(os.getpid()))
                await asyncio.sleep(0.2)

        watching = asyncio.create_task(watch())
        began = time.perf_counter()
        occurrence = await place.ready()
        seconds = time.perf_counter() - began
        watching.cancel()
        counts = await place.ended(occurrence)
        assert counts["queued"] == size, counts
        print(json.dumps({"seconds": seconds, "megabytes": highest}))


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
