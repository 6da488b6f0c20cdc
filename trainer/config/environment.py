"""Reads the settings that environment variables hold."""

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource


class Environment(EnvSettingsSource):
    """Reads a list or mapping from JSON; any other text is its only element."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        """The value of a variable for a list or a mapping."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value
