"""`python -m bot`: the command behind `./loa`."""

import sys

import click

from bot import __version__, logs
from bot.cli import ask, campaign, checks, content, doctor, nlu, subscribers, up
from bot.errors import LoaError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Loa, the people's information line for Project 06.\n\nStart with: ./loa up   Settings: .env.example   Docs: README.md",
)
@click.version_option(__version__, prog_name="loa")
def cli() -> None:
    pass


for command in (
    up.up, ask.chat, ask.ask, content.content, campaign.campaign, subscribers.subscribers, nlu.train, nlu.parse, nlu.evaluate,
    doctor.doctor, checks.test, checks.bench,
):
    cli.add_command(command)


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
