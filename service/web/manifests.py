"""What is shown of a manifest."""

from typing import Any

from service.model.artifact import Manifest

# The others hold paths, conditions and names of columns.
PUBLIC_SECTIONS = frozenset({"training", "index", "similar", "next", "map"})
NOT_SHOWN: dict[str, Any] = {  # of `next`, some two hundred weights
    "format_version": True,
    "sha256": True,
    "metadata": True,
    "gate": True,
    "map": True,
    "next": {"logit"},
}


def shown(manifest: Manifest, *, is_admin: bool) -> dict[str, Any]:
    """A manifest as everyone may see it; paths, conditions and columns are for admins only."""
    body = manifest.model_dump(exclude=NOT_SHOWN)
    body["data"].pop("activity", None)
    if not is_admin:
        body["config"] = {
            name: section for name, section in body["config"].items() if name in PUBLIC_SECTIONS
        }
        body["data"].pop("notes", None)
        (body["data"].get("items_file") or {}).pop("title", None)
    return body
