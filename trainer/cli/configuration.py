"""`item2vec config show`: the value of every setting, and where it came from."""

from typing import Any

from trainer.cli.common import ConfigFile, config_layers, out
from trainer.cli.options import add_flags
from trainer.config import sources
from trainer.config.sources import Flags, nest, show_value
from trainer.view import tables


@add_flags(sources.settings())
def show(flags: Flags, config: ConfigFile = None) -> None:
    """Every setting: its value, where it came from, and its environment variable."""
    layers = config_layers(config, nest(flags))
    effective = sources.merge(layers).model_dump(mode="json")
    rows = []
    for name, _ in sources.settings():
        value: Any = effective
        for part in name.split("."):
            value = value[part]
        text = show_value(value)
        rows.append((name, text, sources.source(layers, name), sources.environment_name(name)))
    out.print(tables.settings_table(rows))
