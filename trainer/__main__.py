"""The entry point of `item2vec` and `python -m trainer`: how it starts, and how signals stop it."""

import signal
import sys


def main() -> None:
    """Runs the command line; a signal ends it with 128 and its number, without a traceback."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        # In here, because most of the time of a short command is imports.
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
    """SIGTERM ends a command as Ctrl-C does: what it was writing is left out."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    main()
