"""Completes the OpenAPI document, and refuses query parameters that it does not have."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError

from service.web import schemas
from service.web.settings import Settings


def complete_document(app: FastAPI, settings: Settings) -> None:
    """Adds the schema of problems, which no route declares, and the limits of this service.

    Args:
        app: the application with all its routes.
        settings: the limits.
    """
    document = app.openapi()  # FastAPI keeps this object and serves it
    components = document["components"]["schemas"]
    components["Problem"] = schemas.Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    for name, schema in _inputs(document):
        if name == "k":
            schema["maximum"] = settings.max_k
        elif schema.get("type") == "array":
            schema["maxItems"] = settings.max_items


def _inputs(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and schema of every parameter and of every field of a body."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                yield parameter["name"], parameter["schema"]
    for request in (schemas.RecommendRequest, schemas.AnalogyRequest):
        yield from document["components"]["schemas"][request.__name__]["properties"].items()


async def check_parameters(request: Request) -> None:
    """Refuses unknown query parameters, and repeated ones that take a single value.

    Raises:
        RequestValidationError: naming the parameters.
    """
    operation = _operations(request).get(request.method.lower(), {})
    parameters = operation.get("parameters", [])
    known = {
        parameter["name"]: parameter["schema"]
        for parameter in parameters
        if parameter["in"] == "query"
    }
    remedy = f"this path takes {', '.join(known) or 'none'}"
    errors = []
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            errors.append((name, f"is not a parameter; {remedy}"))
        elif times > 1 and known[name].get("type") != "array":
            errors.append((name, f"is given {times} times, but takes one value"))
    if errors:
        raise RequestValidationError(
            [{"type": "parameter", "loc": ("query", name), "msg": why} for name, why in errors]
        )


def allowed_methods(request: Request) -> set[str]:
    """The methods allowed at the path of a request."""
    methods = {method.upper() for method in _operations(request)} or {"GET"}
    return methods | {"HEAD"} if "GET" in methods else methods


def _operations(request: Request) -> dict[str, Any]:
    """The document's operations at the path of a request, by method; `/docs` has none."""
    path = getattr(request.scope.get("route"), "path_format", None)
    operations: dict[str, Any] = request.app.openapi()["paths"].get(path, {})
    return operations
