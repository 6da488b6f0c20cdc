"""Settings of the service: environment to a frozen object."""

import difflib
import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.model.errors import ConfigError

PREFIX = "ITEM2VEC_"
# What Kubernetes sets in every pod for a Service whose name begins with item2vec.
LINK_NAME = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$")
LINK_VALUE = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


class Settings(BaseModel):
    """What the service can be told, each by `ITEM2VEC_<NAME>`.

    Names with a double underscore belong to the trainer and are left to it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path = Field(Path("models"), description="the directory of published models")
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="the port to listen on")
    workers: int = Field(
        1, ge=1, description="processes that answer; they share the model's memory"
    )
    poll_seconds: float = Field(
        2.0, gt=0, allow_inf_nan=False, description="how often to look for a new model"
    )
    max_k: int = Field(1000, ge=1, description="the largest k a query may ask for")
    max_items: int = Field(1000, ge=1, description="the most items one query may name")
    max_body_bytes: int = Field(1_000_000, ge=1, description="the largest request body")
    log_level: str = Field(
        "info", pattern="^(critical|error|warning|info|debug)$", description="how much to log"
    )

    @classmethod
    def from_environment(cls) -> "Settings":
        """Reads the environment.

        Raises:
            ConfigError: naming a variable that is unknown or has an impossible value.
        """
        names = {f"{PREFIX}{name}".upper(): name for name in cls.model_fields}
        values = {}
        for name, value in variables().items():
            if name.upper() in names:
                values[names[name.upper()]] = value
            elif "__" not in name:
                close = difflib.get_close_matches(name.upper(), names, 1)
                remedy = (
                    f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(names))}"
                )
                raise ConfigError(f"{name} in the environment is not a setting; {remedy}")
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            name = f"{PREFIX}{first['loc'][0]}".upper()
            raise ConfigError(f"{name}={first['input']!r}: {first['msg']}") from None


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
