"""Benchmarks: `./loa bench NAME` runs `bench.NAME`, which ends with its goals on one line. What they share is in `bench.kit`."""
