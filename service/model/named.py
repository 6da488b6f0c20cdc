"""Several stores in one setting: `shop=models/shop,music=models/music`."""

import re
from pathlib import Path

from service.model.errors import short

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ALONE = ""  # the name of a store that has none


def named_stores(models: Path) -> dict[str, Path]:
    """The directory of each store by its name; one path without a name is `ALONE`.

    What comes before an equals sign is a name unless it has a slash.

    Raises:
        ValueError: a name is missing, is given twice, or cannot stand in a path of a URL.
    """
    text = str(models)
    if "=" not in text or "/" in text.partition("=")[0]:
        return {ALONE: models}
    stores: dict[str, Path] = {}
    for part in text.split(","):
        name, _, directory = part.strip().partition("=")
        if not NAME.fullmatch(name):
            raise ValueError(
                f"{short(part)!r} is not a name and a directory: write shop=models/shop, with a "
                "name of small letters, digits, - and _"
            )
        if name in stores:
            raise ValueError(f"the name {name} is given to two models")
        if not directory:
            raise ValueError(f"the model {name} has no directory: write {name}=models/{name}")
        stores[name] = Path(directory)
    return stores
