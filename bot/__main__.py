"""`python -m bot`: the command behind `./loa`."""

import sys
from importlib import import_module

import click

from bot import __version__, logs
from bot.errors import LoaError

# Where each verb lives. A module is imported when its verb is used: checking content should not wait for Telegram's library.
VERBS = {
    "up": "up",
    "sender": "up",
    "ask": "ask",
    "chat": "ask",
    "content": "content",
    "campaign": "campaign",
    "subscribers": "subscribers",
    "train": "nlu",
    "parse": "nlu",
    "evaluate": "nlu",
    "doctor": "doctor",
    "test": "checks",
    "bench": "checks",
}


class Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"bot.cli.{VERBS[cmd_name]}"), cmd_name)
        return command


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Loa, the people's information line for Project 06.\n\nStart with: ./loa up   Settings: .env.example   Docs: README.md",
)
@click.version_option(__version__, prog_name="loa")
def cli() -> None:
    pass


def main() -> None:
    logs.configure("WARNING", as_json=False)
    try:
        cli(prog_name="loa", standalone_mode=False)
    except LoaError as error:
        click.echo(f"{error}", err=True)
        sys.exit(1)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
