"""Where the models are, found without looking at any other setting."""

import tomllib
from pathlib import Path

from service.model.environment import PREFIX, variables
from service.model.named import ALONE, named_stores

DEFAULT_FILE = Path("item2vec.toml")
VARIABLE = f"{PREFIX}MODELS"


def models_directory(flag: Path | None) -> Path | None:
    """The directory of models, for a query, which does not wait for the check of all settings.

    Returns:
        None if there is more to be known than that: other variables, settings of the run, several
        stores, or a file that cannot be read.
    """
    set_outside = {name.upper(): value for name, value in variables().items()}
    try:
        text = DEFAULT_FILE.read_text(encoding="utf-8-sig") if DEFAULT_FILE.is_file() else ""
        in_file = tomllib.loads(text)
        directory = flag or set_outside.get(VARIABLE) or in_file.get("models", "models")
        if set_outside.keys() - {VARIABLE} or "run" in in_file:
            return None
        return named_stores(Path(directory)).get(ALONE)
    except (OSError, TypeError, ValueError):
        return None
