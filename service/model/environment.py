"""The environment variables that are meant for item2vec."""

import os
import re

PREFIX = "ITEM2VEC_"


# Variables that Kubernetes sets in every pod for a Service whose name begins with item2vec.
LINK_NAME = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$")


LINK_VALUE = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


def variables() -> dict[str, str]:
    """The environment variables that are meant for item2vec, its service or its trainer.

    Links to a Kubernetes Service are left out: one named `item2vec` gives every pod in its
    namespace `ITEM2VEC_SERVICE_HOST`, and an `ITEM2VEC_PORT` such as `tcp://10.0.0.7:80`.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith(PREFIX) and not _is_service_link(name.upper(), value)
    }


def _is_service_link(name: str, value: str) -> bool:
    if LINK_NAME.search(name):
        return True
    return name.endswith("_PORT") and LINK_VALUE.fullmatch(value) is not None
