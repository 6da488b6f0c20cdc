"""API keys: who may ask, and who may hide items, publish, and see the whole configuration."""

import hmac
import ipaddress
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from service.model.environment import PREFIX
from service.model.errors import ConfigError
from service.web import kinds
from service.web.problems import problem
from service.web.settings import Settings

Role = Literal["user", "admin"]

KEY = re.compile(r"[\x21-\x7e]{16,256}")
# Where no key is asked for: what an orchestrator or a browser cannot give one to, and no data.
OPEN = frozenset(
    {"/", "/healthz", "/readyz", "/docs", "/docs/oauth2-redirect", "/openapi.json", "/explore"}
)
OPEN_FOLDERS = ("/problems/", "/static-offline-docs/", "/explore/static/")
SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


class Keys:
    """The keys that a service accepts; only their digests are kept.

    Args:
        users: keys that may ask.
        admins: keys that may also hide items, publish versions, and see paths and conditions of
            the configuration.
    """

    def __init__(self, users: Iterable[str] = (), admins: Iterable[str] = ()) -> None:
        self._roles: list[tuple[bytes, Role]] = [(_digest(key.encode()), "user") for key in users]
        self._roles += [(_digest(key.encode()), "admin") for key in admins]

    @classmethod
    def of(cls, settings: Settings) -> "Keys":
        """The keys that the settings name, themselves or in files.

        Raises:
            ConfigError: a file cannot be read, or something in it is no key; no message holds it.
        """
        users = [
            *_keys("API_KEYS", _reveal(settings.api_keys), ","),
            *_keys("API_KEYS_FILE", _read("API_KEYS_FILE", settings.api_keys_file), "\n"),
        ]
        admins = [
            *_keys("ADMIN_KEY", _reveal(settings.admin_key), "\n"),
            *_keys("ADMIN_KEY_FILE", _read("ADMIN_KEY_FILE", settings.admin_key_file), "\n"),
        ]
        return cls(users, admins)

    def __bool__(self) -> bool:
        return bool(self._roles)

    def role(self, given: bytes) -> Role | None:
        """Whose key it is; every key is compared, and takes the same time."""
        digest = _digest(given)
        found = [role for known, role in self._roles if hmac.compare_digest(known, digest)]
        return found[-1] if found else None


def _digest(key: bytes) -> bytes:
    return sha256(key).digest()


def _reveal(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _read(name: str, path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{PREFIX}{name}: {error}") from None


def _keys(name: str, text: str | None, separator: str) -> list[str]:
    """The keys that a setting or its file holds, none if it is not set."""
    if text is None:
        return []
    keys = [key.strip() for key in text.split(separator) if key.strip()]
    if not keys:
        raise ConfigError(f"{PREFIX}{name} holds no key: give one, or unset it")
    if not all(KEY.fullmatch(key) for key in keys):
        raise ConfigError(
            f"{PREFIX}{name}: a key has 16 to 256 printable ASCII characters and no spaces; "
            "`openssl rand -hex 24` makes one"
        )
    return keys


class RequireKey:
    """ASGI middleware that asks for a key, and notes in the scope whether an admin asks.

    Without keys everybody may ask; an admin is then who reaches a service that listens on this
    machine only.
    """

    def __init__(self, app: ASGIApp, keys: Keys, host: str) -> None:
        self._app = app
        self._keys = keys
        self._is_private = is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on if it may be asked."""
        if scope["type"] != "http" or not self._keys:
            scope["is_admin"] = self._is_private
            await self._app(scope, receive, send)
            return
        role = self._keys.role(_given(scope))
        scope["is_admin"] = role == "admin"
        if role or is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = {"WWW-Authenticate": 'Bearer realm="item2vec"'}
        answer = problem(kinds.NO_KEY, kinds.NO_KEY.example, headers=headers)
        await answer(scope, receive, send)


def is_open(path: str) -> bool:
    """Whether a path asks for no key."""
    return path in OPEN or path.startswith(OPEN_FOLDERS)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _given(scope: Scope) -> bytes:
    """The key that a request gives, empty if none."""
    bearer = b""
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return bytes(value)
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            bearer = value[7:].strip()
    return bearer
