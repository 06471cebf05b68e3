"""Every setting of Loa, typed, in one place: the only reader of the environment.

Values come from `LOA_*` variables, then from `.env` in the checkout. `.env.example` is made from these fields
(`python -m bot.settings > .env.example`), so are the checks and the help.
"""

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.clock import parse_as_of
from bot.errors import SettingError
from bot.messages import Address

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "LOA_"
MOST = 1000  # messages a second of one bot, free and paid together


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Settings(BaseSettings):
    """Frozen; handed out part by part by `bot/bootstrap.py`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ROOT / ".env", env_file_encoding="utf-8", extra="forbid", frozen=True)

    content_dir: Path = Field(ROOT / "content", description="Folder with faq/, campaigns/, places.yml, …")
    state_dir: Path = Field(ROOT / "state", description="Folder for the embedded database and what must survive a restart")
    database_url: SecretStr | None = Field(
        None,
        description="sqlite:///path or postgresql://user:password@host/name. Default: SQLite in the state folder",
    )
    redis_url: SecretStr | None = Field(
        None, description="redis://host:6379/0. Shares dialogue state and the pace of sending between processes"
    )

    host: str = Field("127.0.0.1", description="Address the web page listens on")
    port: int = Field(8080, ge=0, le=65535, description="Port of the web page")
    public_url: HttpUrl | None = Field(None, description="https address residents and Telegram reach the web server by")
    web_rate_per_minute: int = Field(30, ge=1, description="Questions a minute one web client may ask")
    web_embed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Sites that may embed the chat, e.g. https://nghean.gov.vn, separated by commas"
    )
    trust_proxy: bool = Field(False, description="Take the client's address from X-Forwarded-For (only behind your own proxy)")

    telegram_token: SecretStr | None = Field(None, description="Bot token from @BotFather; unset: no Telegram")
    telegram_api_url: HttpUrl = Field("https://api.telegram.org", description="Bot API server, for a self-hosted one")
    telegram_webhook_secret: SecretStr | None = Field(
        None, description="With LOA_PUBLIC_URL: webhook instead of long polling. 1-256 of A-Z a-z 0-9 _ -"
    )
    telegram_rate: float = Field(
        30, gt=0, le=MOST, description="Messages a second the whole bot may send for free; those paid for leave beside them"
    )
    telegram_paid_budget: int = Field(
        0, ge=0, description="Messages that a campaign with `paid: true` may send over the free rate with paid broadcast (0: never pay)"
    )
    staff_chats: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="channel:chat of staff who get test-sends and alarms, separated by commas"
    )

    rasa_url: HttpUrl | None = Field(None, description="A Rasa already running elsewhere; unset: `loa up` starts one")
    rasa_port: int = Field(5055, ge=0, le=65535, description="Loopback port of the Rasa that `loa up` starts; 0: any free one")
    turn_timeout: float = Field(3.0, gt=0, le=30, description="Seconds to wait for Rasa before the menu answers instead")

    as_of: Annotated[datetime | None, NoDecode] = Field(
        None, description="Pretend it is this day (2022-11-07 or 2022-11-07T23:59): for rehearsals"
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR")
    log_json: bool = Field(False, description="One JSON object a log line, for log collectors")

    @field_validator("as_of", mode="before")
    @classmethod
    def _as_of(cls, value: Any) -> Any:
        return parse_as_of(value) if isinstance(value, str) else value

    @field_validator("staff_chats", "web_embed_hosts", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("telegram_paid_budget")
    @classmethod
    def _something_to_buy(cls, value: int, others: ValidationInfo) -> int:
        # Such a rate is meant as "paid broadcast is on", but what leaves at it is not paid for, and Telegram refuses it.
        if value and others.data.get("telegram_rate") == MOST:
            raise ValueError(f"of {MOST} a second LOA_TELEGRAM_RATE leaves none to pay for, leave it at 30")
        return value

    @field_validator("staff_chats")
    @classmethod
    def _chats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[a-z]+:\S+", chat) for chat in value):
            raise ValueError("each must look like telegram:123456")
        return value

    @field_validator("web_embed_hosts")
    @classmethod
    def _sites(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # They become part of a response header: scheme, host and port, nothing else.
        if not all(re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d+)?", site) for site in value):
            raise ValueError("each must look like https://host or https://*.host")
        return value

    @field_validator(
        "telegram_token", "telegram_webhook_secret", "database_url", "redis_url", "rasa_url", "public_url", "as_of", mode="before"
    )
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @property
    def database(self) -> str:
        """The database address; the embedded default lies in the state folder."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.state_dir / 'loa.db'}"

    @property
    def staff(self) -> tuple[Address, ...]:
        """Where test-sends and alarms go."""
        return tuple(Address(*chat.split(":", 1)) for chat in self.staff_chats)

    def secrets(self) -> tuple[str, ...]:
        """What must never appear in a log line."""
        values = (self.telegram_token, self.telegram_webhook_secret, self.database_url, self.redis_url)
        return tuple(value.get_secret_value() for value in values if value)


def load(**overrides: Any) -> Settings:
    """Read the settings; `overrides` (from the command line) win. Raises SettingError naming each bad one."""
    _refuse_unknown()
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingError("\n".join(_explain(item) for item in error.errors())) from None


def _refuse_unknown() -> None:
    unknown = [name for name in os.environ if name.startswith(PREFIX) and name[len(PREFIX) :].lower() not in Settings.model_fields]
    if unknown:
        raise SettingError("\n".join(f"{name}: there is no such setting; .env.example lists them all" for name in sorted(unknown)))


def _explain(item: Any) -> str:
    name = PREFIX + str(item["loc"][0]).upper().removeprefix(PREFIX) if item["loc"] else "settings"
    if item["type"] == "extra_forbidden":
        return f"{name}: there is no such setting; .env.example lists them all"
    field = Settings.model_fields.get(name.removeprefix(PREFIX).lower())
    # The value itself is not shown: it may be a secret.
    return f"{name}: {item['msg']}." + (f" It is: {field.description}." if field else "")


def example() -> str:
    """The text of `.env.example`."""
    lines = ["# Settings of Loa. Copy to .env and change what you need; environment variables of the same names win.", ""]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            shown = default.relative_to(ROOT).as_posix()
        else:
            shown = "" if default in (None, ()) else str(default).lower() if isinstance(default, bool) else str(default)
        lines += [f"# {field.description}.", f"#{PREFIX}{name.upper()}={shown}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(example(), end="")
