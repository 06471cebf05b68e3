"""`python -m nlu.serve --port N`: Rasa on 127.0.0.1 with the loa channel and nothing else."""

import argparse
import os
import sys
from functools import partial
from typing import Any

from nlu.quiet import quieten


def main() -> int:
    """Serves until SIGTERM or SIGINT; exit code 1 when there is no model yet."""
    parser = argparse.ArgumentParser(prog="nlu.serve", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    quieten()
    from nlu.fingerprint import newest_model

    model = newest_model()
    if model is None:
        print("no model to serve: run python -m nlu.train", file=sys.stderr)
        return 1
    application(str(model)).run(host="127.0.0.1", port=arguments.port, workers=1, access_log=False, motd=False)
    return 0


def application(model: str) -> Any:
    """Rasa's Sanic application with our channel, tracker store, locks and actions; the model loads before it listens."""
    from rasa.core.run import close_resources, configure_app, load_agent_on_start
    from rasa.core.utils import AvailableEndpoints

    from nlu.channel import LoaInput
    from nlu.in_process import InProcessActions
    from nlu.locks import PromptLockStore
    from nlu.trackers import tracker_store

    endpoints = AvailableEndpoints(action=InProcessActions(), tracker_store=tracker_store(os.environ), lock_store=PromptLockStore())
    app = configure_app([LoaInput()], enable_api=False, endpoints=endpoints)
    app.register_listener(partial(load_agent_on_start, model, endpoints, None), "before_server_start")
    app.register_listener(close_resources, "after_server_stop")
    return app


if __name__ == "__main__":
    sys.exit(main())
