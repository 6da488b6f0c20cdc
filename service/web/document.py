"""Completes the OpenAPI document."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from service.web.kinds import LONG_ADDRESS, NO_KEY, OVERLOADED
from service.web.limits import NEVER_SHED
from service.web.naming import name_recurring
from service.web.problems import documented
from service.web.security import SCHEMES, is_open
from service.web.settings import Settings


def complete_document(app: FastAPI, settings: Settings, *, asks_for_keys: bool) -> None:
    """Adds what no route declares: problems that any can have, and the limits of this service.

    Args:
        app: the application with all its routes.
        settings: the limits.
        asks_for_keys: whether the service has keys.
    """
    document = app.openapi()  # FastAPI keeps this object and serves it
    components = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    for name, schema in _inputs(document):
        _limit(name, schema, settings)
    name_recurring(document)
    for path, operation in _operations_by_path(document):
        if path not in NEVER_SHED:
            operation["responses"].setdefault("503", documented(OVERLOADED)[503])
        if any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
            operation["responses"]["414"] = documented(LONG_ADDRESS)[414]
        if asks_for_keys and not is_open(path):
            operation["responses"]["401"] = documented(NO_KEY)[401]
            operation["security"] = [{name: []} for name in SCHEMES]
    if asks_for_keys:
        document["components"]["securitySchemes"] = SCHEMES


def _limit(name: str, schema: dict[str, Any], settings: Settings) -> None:
    """Adds the limits of an input that has none of its own."""
    if name in ("k", "offset"):
        schema.setdefault("maximum", settings.max_k)
    longest = settings.max_batch if name in ("queries", "items") else settings.max_items
    for form in (schema, *schema.get("anyOf", ())):
        if form.get("type") == "array":
            form.setdefault("maxItems", longest)


def _operations_by_path(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            yield path, operation


def _inputs(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and schema of every parameter and of every field of a body."""
    for _, operation in _operations_by_path(document):
        for parameter in operation.get("parameters", []):
            yield parameter["name"], parameter["schema"]
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Request"):
            yield from schema["properties"].items()
