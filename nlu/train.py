"""`python -m nlu.train [--force | --check] [--quiet]`: trains a model into models/, unless the newest one still fits."""

import argparse
import contextlib
import fcntl
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from nlu.paths import CONFIG, DOMAIN, MODELS, ROOT, STORIES
from nlu.quiet import quieten

_KEPT = 2


def main() -> int:
    """Exit code 0 when a fitting model is there at the end; 1 with one line on stderr when the examples are broken, or by --check."""
    parser = argparse.ArgumentParser(prog="nlu.train", description=__doc__)
    parser.add_argument("--force", action="store_true", help="train even when nothing changed")
    parser.add_argument("--check", action="store_true", help="train nothing; exit 1 when a training is due")
    parser.add_argument("--quiet", action="store_true", help="say nothing when nothing is done, and all else on stderr")
    arguments = parser.parse_args()
    quieten()
    from nlu.examples import ExamplesError
    from nlu.fingerprint import fingerprint, model_path, newest_model

    if arguments.check:
        return 0 if model_path(fingerprint()) == newest_model() else 1
    if arguments.quiet:
        sys.stdout = sys.stderr
    started = time.monotonic()
    try:
        with _alone():
            path = model_path(fingerprint())
            if path == newest_model() and not arguments.force:
                if not arguments.quiet:
                    print(f"model {path.name} still fits: nothing to train", flush=True)
                return 0
            print("training: examples, pipeline or stories changed; this takes about a minute", flush=True)
            train(path)
    except ExamplesError as error:
        print(f"training failed: {error}", file=sys.stderr)
        return 1
    print(f"model {path.name} trained in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def train(path: Path) -> None:
    """Trains from config.yml, domain.yml, stories/ and the examples; the finished model appears at `path` at once.

    Raises ExamplesError for examples that cannot be learned, RuntimeError when Rasa writes no model.
    """
    from rasa.model_training import train as rasa_train

    _report_progress()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(dir=MODELS, prefix=".training-") as scratch:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # Rasa prints paths that are gone in a moment
            result = rasa_train(str(DOMAIN), str(CONFIG), [str(STORIES)], output=scratch, force_training=True, fixed_model_name="loa")
        if not result.model:
            raise RuntimeError(f"Rasa trained no model (code {result.code})")
        # A rename is atomic: a training that is killed leaves the last good model in charge.
        os.replace(result.model, path)
    os.utime(path)
    for old in sorted(MODELS.glob("loa-*.tar.gz"), key=lambda p: p.stat().st_mtime_ns)[:-_KEPT]:
        old.unlink()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Waits for another training to end, so that the second finds nothing left to do; clears what killed ones left."""
    MODELS.mkdir(exist_ok=True)
    with open(MODELS / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for abandoned in MODELS.glob(".training-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        yield


def _report_progress() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    progress = logging.getLogger("nlu")
    progress.setLevel(logging.INFO)
    progress.addHandler(handler)
    progress.propagate = False


if __name__ == "__main__":
    sys.exit(main())
