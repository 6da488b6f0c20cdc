"""Starts the service: `python -m service`, settings from the environment."""

import os
import sys
import tempfile
from types import ModuleType

from service.errors import Item2VecError
from service.settings import Settings


def main() -> int:
    """Runs the server until it is told to stop."""
    try:
        settings = Settings.from_environment()
    except Item2VecError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    # Parallelism is across requests: one search, one thread. Read when faiss is first imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if settings.workers == 1:
        return _serve(settings)
    with tempfile.TemporaryDirectory(prefix="item2vec-metrics-") as directory:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", directory)
        return _serve(settings)


def _serve(settings: Settings) -> int:
    import uvicorn

    try:
        _run(uvicorn, settings)
    except SystemExit as ended:
        # uvicorn's own code for a start that failed, 3, means something else here.
        return 1 if ended.code else 0
    return 0


def _run(uvicorn: ModuleType, settings: Settings) -> None:
    uvicorn.run(
        "service.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        log_config=_log_config(settings.log_level),
    )


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
