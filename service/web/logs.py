"""How the service logs: a line an event, as JSON or as text, that no request can forge."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from service.web.settings import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What no line shows need not be looked up for each of them.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

_encode = json.JSONEncoder(ensure_ascii=True, default=str).encode
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class JsonLines(logging.Formatter):
    """A JSON object a line: time, level, logger, the request's id, message and fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record; its attribute `fields`, if it has one, is merged in."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if known := request_id.get():
            line["request_id"] = known
        line["message"] = record.getMessage()
        line.update(getattr(record, "fields", ()))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _encode(line)


class TextLines(logging.Formatter):
    """The same for people: a line an event, then its traceback if it has one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, its control characters escaped."""
        fields = getattr(record, "fields", {})
        words = [record.getMessage(), *(f"{name}={value}" for name, value in fields.items())]
        if known := request_id.get():
            words.append(f"request_id={known}")
        message = _CONTROL.sub(lambda found: repr(found[0])[1:-1], " ".join(words))
        line = f"{_time(record)} {record.levelname} {record.name}: {message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    when = datetime.fromtimestamp(record.created, UTC)
    return f"{when.isoformat(timespec='milliseconds')[:-6]}Z"


def log_config(settings: Settings) -> dict[str, Any]:
    """What `logging.config.dictConfig` is to be given: everything goes to stderr."""
    is_text = settings.log_format == "text" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    lines = TextLines if is_text else JsonLines
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": f"{lines.__module__}.{lines.__qualname__}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": settings.log_level.upper()},
        "loggers": {"faiss": {"level": "WARNING"}},
    }
