"""Settings are refused by name before anything starts."""

from pathlib import Path

import pytest

from bot.errors import SettingError
from bot.settings import ROOT, example, load


@pytest.fixture(autouse=True)
def no_dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("bot.settings", fromlist=["Settings"]).Settings.model_config, "env_file", tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LOA_PORT", "eighty", "LOA_PORT: Input should be a valid integer"),
        ("LOA_PORT", "70000", "LOA_PORT: Input should be less than or equal to 65535"),
        ("LOA_TELEGRAM_TOKN", "1:a", "LOA_TELEGRAM_TOKN: there is no such setting"),
        ("LOA_TELEGRAM_API_URL", "api.telegram.org", "LOA_TELEGRAM_API_URL: Value error, must start with http"),
        ("LOA_LOG_LEVEL", "loud", "LOA_LOG_LEVEL: "),
        ("LOA_AS_OF", "tomorrow", "LOA_AS_OF: "),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as caught:
        load()
    assert says in str(caught.value)


def test_money_is_not_accepted_where_the_free_rate_leaves_nothing_to_buy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_TELEGRAM_RATE", "1000")
    assert load().telegram_paid_budget == 0
    monkeypatch.setenv("LOA_TELEGRAM_PAID_BUDGET", "5000")
    with pytest.raises(SettingError, match=r"LOA_TELEGRAM_PAID_BUDGET: .*LOA_TELEGRAM_RATE leaves none"):
        load()
    monkeypatch.setenv("LOA_TELEGRAM_RATE", "30")
    assert load().telegram_paid_budget == 5000


def test_a_setting_in_dotenv_is_refused_by_name_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("LOA_PROT=8081\n")
    monkeypatch.setitem(__import__("bot.settings", fromlist=["Settings"]).Settings.model_config, "env_file", tmp_path / "env")
    with pytest.raises(SettingError, match="LOA_PROT: there is no such setting"):
        load()


def test_a_secret_shows_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_TELEGRAM_TOKEN", "123:very-secret")
    settings = load()
    assert "very-secret" not in repr(settings) and "very-secret" not in str(settings)
    assert "123:very-secret" in settings.secrets()


def test_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_PORT", "9000")
    assert load().port == 9000
    assert load(port=9001).port == 9001


def test_env_example_is_what_the_fields_say() -> None:
    assert (ROOT / ".env.example").read_text() == example(), "run: python -m bot.settings > .env.example"
