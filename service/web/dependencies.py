"""What routes need: the model that answers, and the limits of a request."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi import Query as Parameters
from pydantic import BeforeValidator
from starlette.convertors import PathConvertor, register_url_convertor

from service.model.errors import InputError, short
from service.model.recommender import Recommender
from service.web import requests
from service.web.caching import PERSONAL, revalidated
from service.web.choosing import chosen
from service.web.settings import DEFAULT_K, Settings


class AnyText(PathConvertor):
    """The rest of a path, slashes and line feeds included."""

    regex = "(?s:.*)"


register_url_convertor("text", AnyText())


async def _recommender(request: Request) -> Recommender:
    recommender = chosen(request).get()
    request.scope["model_version"] = recommender.version
    return recommender


Model = Annotated[Recommender, Depends(_recommender)]


async def _cacheable(request: Request, response: Response, model: Model) -> Recommender:
    response.headers.update(revalidated(request.scope, model.state))
    return model


async def _personal(response: Response, model: Model) -> Recommender:
    response.headers.update(PERSONAL)
    return model


CacheableModel = Annotated[Recommender, Depends(_cacheable)]
PersonalModel = Annotated[Recommender, Depends(_personal)]


def check_limits(request: Request, k: int, *lists: Sequence[Any]) -> None:
    """Raises InputError if more is wanted or named than the service allows."""
    settings: Settings = request.app.state.settings
    if k > settings.max_k:
        limit = f"the {settings.max_k} this service returns"
        raise InputError(f"k: {short(str(k))} is more than {limit}")
    longest = max(map(len, lists), default=0)
    if longest > settings.max_items:
        limit = f"the {settings.max_items} a list of a query may name"
        raise InputError(f"{longest} items are more than {limit}")


def check_batch(request: Request, queries: Sequence[Any]) -> None:
    """Raises InputError if there are more queries than the service answers at once."""
    settings: Settings = request.app.state.settings
    if len(queries) > settings.max_batch:
        limit = f"the {settings.max_batch} this service answers at once"
        raise InputError(f"{len(queries)} queries are more than {limit}")


def check_rules(request: Request, body: requests.RulesBody) -> None:
    """Raises InputError if rules name more than the service allows."""
    settings: Settings = request.app.state.settings
    check_limits(request, 0, body.exclude, body.candidates or ())
    if body.offset > settings.max_k:
        limit = f"the {settings.max_k} this service returns"
        raise InputError(f"offset: {short(str(body.offset))} is more than {limit}")


async def _limited_k(
    request: Request,
    k: Annotated[requests.K, BeforeValidator(requests.number), Parameters()] = DEFAULT_K,
) -> int:
    check_limits(request, k)
    return k


K = Annotated[int, Depends(_limited_k)]
