"""The model of this checkout on the questions nobody tuned on: the goals understanding must reach, as floors."""

import subprocess

from bot.settings import ROOT

FLOORS = ("first_choice=93", "among_three=98")


def test_the_model_reaches_its_floors() -> None:
    command = ["./loa", "evaluate", *(f"--floor={floor}" for floor in FLOORS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
