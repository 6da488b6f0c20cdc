"""The service's settings, read from the environment."""

import difflib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.model.environment import PREFIX, variables
from service.model.errors import ConfigError


class Settings(BaseModel):
    """The settings of the service, each set by `ITEM2VEC_<NAME>`.

    Names with a double underscore belong to the trainer and are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path = Field(Path("models"), description="the directory of published models")
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="the port to listen on")
    workers: int = Field(
        1, ge=1, description="processes that answer requests; they share the model's memory"
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
