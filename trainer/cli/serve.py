"""`item2vec serve`: starts the service from command-line flags."""

import os
import socket
import sys
from urllib.parse import quote

from pydantic import SecretStr

from service.model.environment import PREFIX, variables
from service.model.errors import Item2VecError
from service.model.reader import most_frequent_item
from service.model.store import Store
from service.web.settings import Settings
from trainer.cli.common import open_store
from trainer.cli.options import add_flags
from trainer.cli.speech import print_line, say
from trainer.config.sources import Flags

MODELS = f"{PREFIX}MODELS"
# No flag holds a key: everybody on the machine sees the command line.
FLAGS = [
    (name, field)
    for name, field in Settings.model_fields.items()
    if field.annotation != SecretStr | None
]


@add_flags(FLAGS)
def serve(flags: Flags) -> None:
    """Serve the current model over HTTP; a newly published one is served without a restart."""
    if MODELS not in map(str.upper, variables()):
        flags.setdefault("models", open_store(None).directory)
    for name, value in flags.items():
        os.environ[f"{PREFIX}{name}".upper()] = str(value)
    service = Settings.from_environment()
    _check_address(service.host, service.port)
    _print_example(service)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "service"])


def _check_address(host: str, port: int) -> None:
    """Refuses an address that the service cannot listen on, before anything is printed."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        reason = f"{error.strerror}; name another --port or --host"
        raise OSError(error.errno, reason, f"{host}:{port}") from None


def _print_example(service: Settings) -> None:
    """Prints a query to try, or why no query can be answered yet."""
    name, directory = next(iter(service.stores.items()))
    store = Store(directory)
    try:
        item_id = most_frequent_item(store.path(store.current()))
    except Item2VecError as error:
        missing = error if service.pull is None else f"no model was brought from {service.pull} yet"
        say("note:", f"{missing}; until then queries are answered with 503")
        return
    if not service.port:
        return  # the service names the one it gets
    address = f"http://{service.host}:{service.port}"
    folder = f"/m/{name}" if len(service.stores) > 1 else ""
    print_line("In another terminal, try:")
    print_line(f"  curl -s '{address}{folder}/similar/{quote(item_id, safe='')}?k=5'")
    page = f"{address}{folder}/explore" if service.explorer else f"{address}/docs"
    print_line(f"or open {page} in a browser. Ctrl-C stops the service.")
