"""What the tables of the configuration file share."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator

LARGEST = 2**63 - 1


def none_if_empty(value: object) -> object:
    """An empty text unsets what a weaker source has set."""
    return None if value == "" else value


def as_list(value: object) -> object:
    """A single text becomes a list of one."""
    return [value] if isinstance(value, str) else value


Name = Annotated[str | None, BeforeValidator(none_if_empty)]
Names = Annotated[list[str], BeforeValidator(as_list)]
Time = Annotated[datetime | None, BeforeValidator(none_if_empty)]


class Section(BaseModel):
    """One table of the configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_a_truth_value(cls, value: object, info: ValidationInfo) -> object:
        """Refuses `epochs = true`, which pydantic takes for 1."""
        whole = value if isinstance(value, list) else [value]
        parts = value.values() if isinstance(value, dict) else whole
        if cls.model_fields[str(info.field_name)].annotation is not bool and any(
            isinstance(part, bool) for part in parts
        ):
            raise ValueError("should not be true or false")
        return value

    @field_validator("*")
    @classmethod
    def _fits_an_array(cls, value: object) -> object:
        if isinstance(value, int) and value > LARGEST:
            raise ValueError(f"should be at most {LARGEST:,}")
        return value
