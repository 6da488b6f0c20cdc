"""The entry point of `item2vec` and `python -m trainer`: starts it, and stops it on signals."""

import os
import signal
import sys


def main() -> None:
    """Runs the command line; a signal ends it with exit code 128 + its number, no traceback."""
    signal.signal(signal.SIGTERM, _stop)
    # Looking for plugins of pydantic takes longer than many an answer; there are none for us.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        # Imported here, so that a signal is caught during the imports, most of a short run.
        from trainer.cli import app as cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("service", "trainer"):
            raise
        sys.exit(f"error: {package} is not installed: pip install 'item2vec[train]'")


def _stop(_signal: int, _frame: object) -> None:
    """Ends a command on SIGTERM as on Ctrl-C: half-written files are discarded."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    main()
