"""Refuses query parameters that the OpenAPI document does not have."""

from collections import Counter
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError


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
        elif times > 1 and not _is_list(known[name]):
            errors.append((name, f"is given {times} times, but takes one value"))
    if errors:
        raise RequestValidationError(
            [{"type": "parameter", "loc": ("query", name), "msg": why} for name, why in errors]
        )


def _is_list(schema: dict[str, Any]) -> bool:
    return any(form.get("type") == "array" for form in (schema, *schema.get("anyOf", ())))


def allowed_methods(request: Request) -> set[str]:
    """The methods allowed at the path of a request."""
    methods = {method.upper() for method in _operations(request)} or {"GET"}
    return methods | {"HEAD"} if "GET" in methods else methods


def _operations(request: Request) -> dict[str, Any]:
    """The document's operations at the path of a request, by method; `/docs` has none."""
    path = getattr(request.scope.get("route"), "path_format", None)
    operations: dict[str, Any] = request.app.openapi()["paths"].get(path, {})
    return operations
