"""Starts the service (`python -m service`), configured by environment variables."""

import logging
import math
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from service.model.errors import ConfigError, Item2VecError
from service.model.remote.bucket import Bucket
from service.web.logs import log_config
from service.web.security import Keys, is_loopback
from service.web.settings import Settings

if TYPE_CHECKING:
    from uvicorn import Config

METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
HANDLES = 16  # of the listening socket: in each turn of its loop, uvloop accepts once for each
STARTUP_FAILURE = 3  # how a worker of uvicorn exits that could not start


def main() -> int:
    """Runs the server until it is stopped."""
    try:
        settings = Settings.from_environment()
        keys = Keys.of(settings)
        if settings.pull is not None:
            Bucket(settings.pull)  # raises an error if there can be no such place
        _check_metrics_directory()
    except Item2VecError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    if settings.workers == 1:
        return _serve(settings, keys)
    with tempfile.TemporaryDirectory(prefix="item2vec-metrics-") as directory:
        os.environ.setdefault(METRICS_DIRECTORY, directory)
        return _serve(settings, keys)


def _check_metrics_directory() -> None:
    directory = os.environ.get(METRICS_DIRECTORY)
    if directory is None:
        return
    if not Path(directory).is_dir() or not os.access(directory, os.W_OK | os.X_OK):
        raise ConfigError(
            f"{METRICS_DIRECTORY}={directory!r} is not a writable directory: create it, or unset "
            "the variable"
        )


def _serve(settings: Settings, keys: Keys) -> int:
    from uvicorn import Config, Server
    from uvicorn.supervisors import Multiprocess

    config = Config(
        "service.web.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http="service.web.protocol:GuardedProtocol",
        ws="none",
        proxy_headers=False,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.idle_seconds,  # type: ignore[arg-type]
        # The protocol cuts connections off before; this is for what it cannot.
        timeout_graceful_shutdown=math.ceil(settings.stop_seconds) + 1,
        log_config=log_config(settings),
    )
    if not keys:
        _warn_of_no_keys(settings.host)
    try:
        if settings.workers == 1:
            server = Server(config)
            server.run(sockets=_listen(config))
            return 0 if server.started else 1
        parent = Multiprocess(config, sockets=_listen(config))
        parent.run()
    except KeyboardInterrupt:
        return 0
    except SystemExit:  # uvicorn's own code for a start that failed, 3, means something else here
        return 1
    # If one worker cannot start, uvicorn stops them all, but does not report a failure.
    failed = any(worker.exitcode == STARTUP_FAILURE for worker in parent.processes)
    return 1 if failed else 0


def _listen(config: "Config") -> list[socket.socket]:
    """The listening socket, several times, so that many connect in one turn."""
    listening = config.bind_socket()
    listening.listen(config.backlog)
    return [listening, *(listening.dup() for _ in range(HANDLES - 1))]


def _warn_of_no_keys(host: str) -> None:
    private = is_loopback(host)
    logging.getLogger(__name__).log(
        logging.INFO if private else logging.WARNING,
        "no API keys are set: everybody who reaches %s may ask%s",
        host,
        "; to be reached from elsewhere, set ITEM2VEC_HOST" if private else "",
    )


if __name__ == "__main__":
    sys.exit(main())
