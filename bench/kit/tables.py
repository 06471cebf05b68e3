"""A table for the terminal and for docs/benchmarks.md, and the machine it was measured on."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from bot.settings import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Table:
    """The first column names the row; all others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def show(self, console: Console) -> None:
        table = RichTable(title=self.title, title_justify="left", padding=(0, 0))
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left", no_wrap=number < 2)
        for row in self.rows:
            table.add_row(*row)
        console.print(table)

    def markdown(self) -> str:
        lines = [self.columns, ("---", *["---:"] * (len(self.columns) - 1)), *self.rows]
        return f"**{self.title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_section(name: str, tables: Sequence[Table], note: str, page: Path = PAGE) -> None:
    """Replaces what stands between `<!-- bench NAME -->` and `<!-- end of bench NAME -->`. Raises ValueError without the two."""
    begin, end = f"<!-- bench {name} -->", f"<!-- end of bench {name} -->"
    text = page.read_text(encoding="utf-8")
    if not re.search(f"{re.escape(begin)}.*{re.escape(end)}", text, re.DOTALL):
        raise ValueError(f"{page} lacks the lines {begin} and {end}")
    before, rest = text.split(begin, 1)
    body = "\n\n".join([note, *(table.markdown() for table in tables)])
    page.write_text(f"{before}{begin}\n{body}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


def machine() -> str:
    """Where and when the figures were taken, in one line."""
    names = re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"Measured on {date.today():%Y-%m-%d}: {len(os.sched_getaffinity(0))} cores ({names[0] if names else 'unknown'}), {memory:.0f} GB."
    )
