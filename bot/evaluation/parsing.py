"""Questions through Rasa's environment."""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.errors import LoaError
from bot.settings import ROOT
from bot.understanding.supervisor import nlu_environment, nlu_python


class ParseError(LoaError):
    """Rasa's side ended before it had understood every question."""


def parse(texts: Iterable[str], module: Sequence[str] = ("nlu.parse",), content: Path = ROOT / "content") -> Iterator[dict[str, Any]]:
    """What was understood, one per text, in order, as it comes. The first takes as long as the model takes to load.

    module: what to ask, with its arguments: anything that reads lines and writes JSON lines. Raises ParseError.
    """
    count = 0
    lines = [" ".join(text.splitlines()) for text in texts]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as questions:
        # A file, not a pipe: nobody has to feed it while the answers are read.
        questions.writelines(line + "\n" for line in lines)
        questions.seek(0)
        command = [str(nlu_python()), "-m", *module]
        with subprocess.Popen(
            command, cwd=ROOT, env=nlu_environment(content), stdin=questions, stdout=subprocess.PIPE, encoding="utf-8"
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    count += 1
                    yield json.loads(line)
            except BaseException:  # nobody wants the rest
                process.terminate()
                raise
    if process.returncode or count != len(lines):
        raise ParseError(f"understanding stopped after {count} of {len(lines)} questions; see above")
