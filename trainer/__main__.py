"""The entry point of `item2vec` and `python -m trainer`: starts it, and stops it on signals."""

import signal
import sys


def main() -> None:
    """Runs the command line; a signal ends it with exit code 128 + its number, no traceback."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        # Imported here, so that a signal is caught during the imports, most of a short run.
        from trainer.cli import app as cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except SystemExit:
        if _stopped:  # whatever became of the exception on its way
            sys.exit(128 + _stopped[0])
        raise
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("service", "trainer"):
            raise
        sys.exit(f"error: {package} is not installed: pip install 'item2vec[train]'")


_stopped: list[int] = []


def _stop(number: int, _frame: object) -> None:
    """Ends a command on SIGTERM as on Ctrl-C: half-written files are discarded."""
    _stopped.append(number)
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
