"""Addresses of databases, whose text never shows the password."""

import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

SCHEMES = ("postgresql://", "postgres://")
SECRETS = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)
TABLE = "table"
_ADDRESS = re.compile(r"\s*[a-z][\w+.-]+(:[\w+.-]+)*:/", re.I)  # but no drive of Windows
_PASSWORD = re.compile(r"(:/{1,2}[^\s/?#:]*):[^\n]*@")
_PARAMETER = re.compile(rf"(?<=[?&])({'|'.join(SECRETS)})=[^\s&]*&?", re.I)


def is_address(path: str) -> bool:
    """Whether a path is the address of a database, not a file."""
    return path.lower().startswith(SCHEMES)


def looks_like_address(path: str) -> bool:
    """Whether a path is an address of any kind, well written or not."""
    return _ADDRESS.match(path) is not None


def without_passwords(text: str) -> str:
    """A text that is no address, without what may be a password in it."""
    return _PARAMETER.sub("", _PASSWORD.sub(r"\1@", text)).rstrip("?&")


def as_path(path: str) -> str:
    """A path, or an address whose text has no password.

    Raises:
        ValueError: it is the address of something else, or not written as one.
    """
    if is_address(path):
        return Address(path)
    if looks_like_address(path):
        raise ValueError("of addresses, only postgresql://user@host/database?table=events is known")
    return path


class Address(str):
    """The address of a database; its text has no password, so that none is shown or stored.

    Attributes:
        uri: what the driver connects to, password included, without `table`.
        table: the table that `?table=` names, with its schema if it has one; None without.
        secrets: the passwords, as they are written and as they are.
    """

    __slots__ = ("secrets", "table", "uri")
    uri: str
    table: str | None
    secrets: frozenset[str]

    def __new__(cls, whole: str) -> "Address":
        """An address as the user writes it.

        Raises:
            ValueError: it is no URI, or names two tables; the message does not repeat it.
        """
        try:
            parts = urlsplit(whole)
            options = parse_qsl(
                parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)
            )
            whole_password = (
                "@" not in parts.path and not parts.fragment and not re.search(r"\s", whole)
            )
        except ValueError:
            whole_password = False
        if not whole_password:
            raise ValueError(
                "an address is written as postgresql://user@host:5432/database?table=events, with "
                "%40 for an @ in a password, %2F for a /, %23 for a #"
            )
        tables = [value for name, value in options if name == TABLE]
        if len(tables) > 1:
            raise ValueError("an address names one table; give an address for each")
        others = [(name, value) for name, value in options if name != TABLE]
        account, at, host = parts.netloc.rpartition("@")
        netloc = account.replace("@", "%40") + at + host
        query = urlencode(others, quote_via=quote)
        written = {value for name, value in others if name.lower() in SECRETS}
        written |= {account.partition(":")[2], netloc.rpartition("@")[0].partition(":")[2]}
        address = super().__new__(cls, _shown(parts))
        address.table = tables[0] if tables else None
        address.secrets = frozenset({*written, *map(unquote, written)} - {""})
        address.uri = f"postgresql://{netloc}{parts.path}{'?' if query else ''}{query}"
        return address


def _shown(parts: SplitResult) -> str:
    """The address without what is secret in it."""
    account, at, host = parts.netloc.rpartition("@")
    options = [
        option
        for option in parts.query.split("&")
        if unquote(option.partition("=")[0]).lower() not in SECRETS
    ]
    query = "&".join(options)
    user = account.partition(":")[0]
    return f"{parts.scheme}://{user}{at}{host}{parts.path}{'?' if query else ''}{query}"
