"""`item2vec config show`: the value of every setting, and where it came from."""

from typing import Any

from trainer.cli.common import ConfigFile, Json
from trainer.cli.options import add_flags
from trainer.cli.settings import config_layers
from trainer.cli.speech import print_json, print_table
from trainer.config import sources
from trainer.config.sources import Flags, nest, show_value
from trainer.view import tables


@add_flags(sources.settings())
def show(flags: Flags, config: ConfigFile = None, as_json: Json = False) -> None:
    """Every setting: its value, where it came from, and its environment variable."""
    layers = config_layers(config, nest(flags))
    effective = sources.merge(layers).model_dump(mode="json")
    shown = {}
    for name, _ in sources.settings():
        value: Any = effective
        for part in name.split("."):
            value = value[part]
        shown[name] = {
            "value": value,
            "from": sources.source(layers, name),
            "environment": sources.environment_name(name),
        }
    if as_json:
        print_json(shown)
    else:
        rows = (
            (name, show_value(one["value"]), one["from"], one["environment"])
            for name, one in shown.items()
        )
        print_table(tables.settings_table(rows))
