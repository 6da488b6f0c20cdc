"""Names for schemas that recur in the OpenAPI document, so that clients make one type of each."""

from typing import Any


def name_recurring(document: dict[str, Any]) -> None:
    """Moves enumerations and metadata to the components, named after the field that has them.

    Raises:
        ValueError: fields of one name have different values.
    """
    named: dict[str, dict[str, Any]] = {}
    components = document["components"]["schemas"]
    for schema in components.values():
        for field in schema.get("properties", {}).values():
            _name(field, field.get("title", ""), named)
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                _name(schema, schema.get("title", ""), named)
    if taken := named.keys() & components.keys():
        raise ValueError(f"{', '.join(taken)}: the name of a field and of a body")
    components.update(named)


def _name(schema: dict[str, Any], title: str, named: dict[str, dict[str, Any]]) -> None:
    """Replaces what a name is for by a reference, in a schema or deeper in it."""
    for part in (*schema.get("anyOf", ()), schema.get("items")):
        if isinstance(part, dict):
            _name(part, title, named)
    is_named = "enum" in schema or (title == "Metadata" and schema.get("type") == "object")
    if not is_named:
        return
    name = title.replace(" ", "")
    values = {
        key: schema.pop(key) for key in ("type", "enum", "additionalProperties") if key in schema
    }
    schema.pop("title", None)
    schema["$ref"] = f"#/components/schemas/{name}"
    if named.setdefault(name, values | {"title": name}) != values | {"title": name}:
        raise ValueError(f"{title}: fields of this name have different values")
