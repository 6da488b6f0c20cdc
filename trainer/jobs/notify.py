"""Tells a command, or a web address, how a run of the nightly job ended."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from service.model.nights import Night
from trainer.config.jobs import NotifyConfig
from trainer.view.display import Silent

SECONDS_BEFORE_RETRY = 1.0


def notify(config: NotifyConfig, night: Night, models: Path, display: Silent) -> None:
    """Tells of a run if its outcome is one to tell of; a failure is noted and raises nothing.

    Args:
        config: whom to tell, and of what.
        night: the run.
        models: the directory of the store.
        display: where failures are noted.
    """
    if night.outcome not in config.on:
        return
    message = _message(night, models)
    if config.command is not None:
        problem = _run(config.command.get_secret_value(), message, config.seconds)
        if problem:
            display.warn(f"notify.command {problem}")
    if config.webhook is not None:
        problem = _post_twice(config.webhook.get_secret_value(), message, config.seconds)
        if problem:
            display.warn(f"notify.webhook {problem}")


def _message(night: Night, models: Path) -> dict[str, Any]:
    return {
        **night.model_dump(mode="json", exclude={"figures"}),
        "models": os.fsencode(models.resolve()).decode(errors="replace"),
        "text": f"item2vec retrain {night.outcome}: {night.why}",
    }


def _run(command: str, message: dict[str, Any], seconds: float) -> str | None:
    """Runs a command with a message; returns what went wrong."""
    variables = {
        f"NIGHT_{name.upper()}": "" if value is None else str(value)
        for name, value in message.items()
    }
    try:
        process = subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=sys.__stderr__,  # standard output is for the result of the job
            env={**os.environ, **variables},
            start_new_session=True,
        )
    except OSError as error:
        return f"could not be started: {error.strerror or error}"
    try:
        process.communicate(json.dumps(message).encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"was stopped: it took more than {seconds:g} s (notify.seconds)"
    finally:
        _end(process)
    return f"ended with exit code {process.returncode}" if process.returncode else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a command that still runs, with all that it has started."""
    if process.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would turn the post into a GET without the message."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401
        """Nothing to follow."""


def _post_twice(address: str, message: dict[str, Any], seconds: float) -> str | None:
    """Posts a message, once more if that fails; returns what went wrong the second time."""
    if _post(address, message, seconds) is None:
        return None
    time.sleep(SECONDS_BEFORE_RETRY)
    problem = _post(address, message, seconds)
    return problem and f"failed twice: {problem}"


def _post(address: str, message: dict[str, Any], seconds: float) -> str | None:
    """Posts a message; returns what went wrong, without the address, which may hold a secret."""
    try:
        request = urllib.request.Request(
            address,
            json.dumps(message).encode(),
            {"Content-Type": "application/json", "User-Agent": "item2vec"},
            method="POST",
        )
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=seconds):
            return None
    except urllib.error.HTTPError as error:
        with error:
            return f"it answered {error.code}"
    except urllib.error.URLError as error:
        return str(error.reason)
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    except (http.client.HTTPException, ValueError) as error:
        return type(error).__name__
