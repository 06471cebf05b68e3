"""What Rasa's process learns of ours."""

import os
import subprocess
from pathlib import Path

import pytest

from bot.settings import ROOT
from bot.understanding.supervisor import nlu_environment, nlu_python


def test_secrets_stay_with_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_TELEGRAM_TOKEN", "1:secret")
    assert [name for name in nlu_environment() if name.startswith("LOA_")] == ["LOA_CONTENT_DIR"]


def test_examples_are_learned_from_the_content_the_bot_reads(tmp_path: Path) -> None:
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "one.yml").write_text(
        "group: one\ntopics:\n  - {id: one/two, title: một, question: hai, examples: [ba bốn năm]}\n", encoding="utf-8"
    )
    code = "from nlu.examples import load_examples; print([e.text for e in load_examples() if e.label == 'one/two'])"
    environment = nlu_environment(Path(os.path.relpath(tmp_path)))
    shown = subprocess.run([nlu_python(), "-c", code], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True)
    assert shown.stdout.strip() == "['hai', 'một', 'ba bốn năm']"
