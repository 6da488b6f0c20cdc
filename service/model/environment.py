"""Which environment variables are item2vec's own."""

import os
import re

PREFIX = "ITEM2VEC_"


# What Kubernetes sets in every pod for a Service whose name begins with item2vec.
LINK_NAME = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$")


LINK_VALUE = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


def variables() -> dict[str, str]:
    """The variables of the environment that are meant for item2vec, service or trainer.

    Not those that link a Kubernetes Service: one named `item2vec` gives every pod beside it
    `ITEM2VEC_SERVICE_HOST`, and an `ITEM2VEC_PORT` that is no port but `tcp://10.0.0.7:80`.
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
