"""Settings that must be in the environment before Rasa is imported: no telemetry, no chatter, few threads."""

import logging
import os
import warnings

import structlog

_ENVIRONMENT = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "",
    "LOG_LEVEL": "WARNING",
    "LOG_LEVEL_LIBRARIES": "ERROR",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def quieten() -> None:
    """Call first in every entry point. Settings already in the environment stay."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # Rasa 3.6's dependencies deprecate each other; nobody running Loa can act on that.
    # They reset the filters, too, so the way out is closed instead.
    warnings.showwarning = lambda *_, **__: None
    # Unconfigured, structlog prints everything, and Rasa hands it what residents type.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for name in ("rasa", "sanic", "apscheduler", "matplotlib", "tensorflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
