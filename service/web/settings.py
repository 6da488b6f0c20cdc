"""The service's settings, read from the environment."""

import difflib
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from service.model.environment import PREFIX, variables
from service.model.errors import ConfigError, short
from service.model.expectations import problem
from service.model.named import named_stores

DEFAULT_K = 10  # of a query that names no k


def _seconds(default: float, description: str) -> Any:  # noqa: ANN401
    return Field(default, gt=0, allow_inf_nan=False, description=description)


class Settings(BaseModel):
    """The settings of the service, each set by `ITEM2VEC_<NAME>`.

    Names with a double underscore belong to the trainer and are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path = Field(
        Path("models"),
        description="the directory of published models; or several, each with the name by which "
        "/m/NAME/similar/... asks it: shop=models/shop,music=models/music",
    )
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="the port to listen on")
    workers: int = Field(
        1, ge=1, description="processes that answer requests; they share the model's memory"
    )
    poll_seconds: float = _seconds(2, "how often to look for a new model")
    pull: str | None = Field(
        None,
        description="an object store to follow, as s3://bucket/prefix; `models` becomes its cache",
    )
    pull_seconds: float = _seconds(30, "how often to look into the object store")
    max_k: int = Field(
        1000,
        ge=DEFAULT_K,
        description=f"the largest k a query may ask for; at least {DEFAULT_K}, the default k",
    )
    max_batch: int = Field(100, ge=1, description="the largest number of queries in one request")
    max_items: int = Field(1000, ge=1, description="the most items one list of a query may name")
    max_body_bytes: int = Field(1_000_000, ge=1, description="the largest request body")
    max_head_bytes: int = Field(
        32_768, ge=256, le=65_536, description="the largest request line and headers together"
    )
    max_connections: int = Field(1000, ge=1, description="the most connections of one worker")
    max_requests: int = Field(
        256, ge=1, description="the most requests that one worker answers at once; 503 beyond it"
    )
    read_seconds: float = _seconds(10, "how long a client may take to send a head, and a body")
    write_seconds: float = _seconds(10, "how long a client may leave an answer unread")
    idle_seconds: float = _seconds(5, "how long a connection may rest between two requests")
    request_seconds: float = _seconds(10, "how long a request may take; 503 beyond it")
    stop_seconds: float = _seconds(8, "how long to wait for running requests when told to stop")
    api_keys: SecretStr | None = Field(
        None, description="the keys of which a request must give one, separated by commas"
    )
    api_keys_file: Path | None = Field(
        None,
        description="a file of such keys, one a line; the variable ITEM2VEC_API_KEYS holds them "
        "itself, separated by commas",
    )
    admin_key: SecretStr | None = Field(
        None,
        description="the key that hides items, publishes versions, and shows paths and conditions "
        "in /model",
    )
    admin_key_file: Path | None = Field(
        None,
        description="a file of the key that hides items, publishes versions, and shows paths and "
        "conditions in /model; "
        "the variable ITEM2VEC_ADMIN_KEY holds it itself",
    )
    cors_origins: str | None = Field(
        None,
        pattern=r"^https?://[^\s,/]+(\s*,\s*https?://[^\s,/]+)*$",
        description="pages of which origins may ask, separated by commas: https://shop.example",
    )
    explorer: bool = Field(
        True, description="whether /explore shows a page to look at the model with"
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="a JSON object a line, or text; auto: text on a terminal only"
    )
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        "info", description="how much to log"
    )

    @field_validator("models")
    @classmethod
    def _check_names(cls, models: Path) -> Path:
        named_stores(models)
        return models

    @field_validator("pull")
    @classmethod
    def _is_of_one_model(cls, pull: str | None, info: ValidationInfo) -> str | None:
        if pull is not None and len(named_stores(info.data.get("models", Path()))) > 1:
            raise ValueError("an object store is followed for one model, but several are named")
        return pull

    @property
    def stores(self) -> dict[str, Path]:
        """The directory of each model by its name; see `named_stores`."""
        return named_stores(self.models)

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
            reason = problem(first, cls.model_fields[str(first["loc"][0])])
            raise ConfigError(f"{name}={short(repr(first['input']))}: {reason}") from None
