"""Starts the service (`python -m service`), configured by environment variables."""

import os
import sys
import tempfile
from pathlib import Path

from service.model.errors import ConfigError, Item2VecError
from service.web.settings import Settings

METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
STARTUP_FAILURE = 3  # how a worker of uvicorn exits that could not start


def main() -> int:
    """Runs the server until it is stopped."""
    try:
        settings = Settings.from_environment()
        _check_metrics_directory()
    except Item2VecError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    if settings.workers == 1:
        return _serve(settings)
    with tempfile.TemporaryDirectory(prefix="item2vec-metrics-") as directory:
        os.environ.setdefault(METRICS_DIRECTORY, directory)
        return _serve(settings)


def _check_metrics_directory() -> None:
    directory = os.environ.get(METRICS_DIRECTORY)
    if directory is None:
        return
    if not Path(directory).is_dir() or not os.access(directory, os.W_OK | os.X_OK):
        raise ConfigError(
            f"{METRICS_DIRECTORY}={directory!r} is not a writable directory: create it, or unset "
            "the variable"
        )


def _serve(settings: Settings) -> int:
    from uvicorn import Config, Server
    from uvicorn.supervisors import Multiprocess

    config = Config(
        "service.web.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http="service.web.protocol:ProblemProtocol",
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        log_config=_log_config(settings.log_level),
    )
    try:
        if settings.workers == 1:
            server = Server(config)
            server.run()
            return 0 if server.started else 1
        parent = Multiprocess(config, sockets=[config.bind_socket()])
        parent.run()
    except KeyboardInterrupt:
        return 0
    except SystemExit:  # uvicorn's own code for a start that failed, 3, means something else here
        return 1
    # If one worker cannot start, uvicorn stops them all, but does not report a failure.
    failed = any(worker.exitcode == STARTUP_FAILURE for worker in parent.processes)
    return 1 if failed else 0


def _log_config(level: str) -> dict[str, object]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {"faiss": {"level": "WARNING"}},
    }


if __name__ == "__main__":
    sys.exit(main())
