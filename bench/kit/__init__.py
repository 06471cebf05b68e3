"""What the benchmarks share: load, a running Loa, tables, the page of results."""
