"""A service of its own process, with the usual limits, that looks for a new model all the time."""

from contextlib import AbstractContextManager
from pathlib import Path

from service.web.settings import Settings
from tests.web.test_protocol import LIMITS, Service, service

USUAL = {name: str(Settings.model_fields[name.lower()].default) for name in LIMITS}


def serving(models: Path, log: Path, **settings: str) -> AbstractContextManager[Service]:
    """The service over a store; what it says is in the log, where it is complete lines of JSON."""
    return service(models, log, **{"POLL_SECONDS": "0.02"} | USUAL | settings)
