"""The kinds of problem the service reports."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of problem.

    Attributes:
        name: stable; the `type` of a problem is `/problems/` and this name.
        status: of the response.
        title: a short name for people.
        meaning: what it means, and what to do about it.
        example: the detail of one such problem.
    """

    name: str
    status: int
    title: str
    meaning: str
    example: str

    @property
    def type(self) -> str:
        """Where the kind is explained."""
        return f"/problems/{self.name}"


MALFORMED_REQUEST = Kind(
    "malformed-request",
    400,
    "Malformed request",
    "The request is not valid HTTP/1.1.",
    "Invalid HTTP request received.",
)
MALFORMED_JSON = Kind(
    "malformed-json",
    400,
    "Malformed JSON",
    "The body is not JSON in UTF-8, or it is nested too deeply.",
    "Expecting ',' delimiter at position 12",
)
NO_KEY = Kind(
    "no-key",
    401,
    "Key required",
    "The service asks for an API key, in the header `X-API-Key` or as `Authorization: Bearer`; the "
    "request has none, or an unknown one.",
    "send one of the service's keys as X-API-Key, or as Authorization: Bearer",
)
NOT_ADMIN = Kind(
    "not-admin",
    403,
    "Admin key required",
    "Only an admin may do this: who sends the key that ITEM2VEC_ADMIN_KEY sets or, where no keys "
    "are set, who reaches a service that listens on its own machine only.",
    "send the admin's key as X-API-Key, or as Authorization: Bearer",
)
NOT_FOUND = Kind(
    "not-found",
    404,
    "Not found",
    "There is nothing at this path; `/docs` shows what there is.",
    "there is nothing at this path: see /docs",
)
UNKNOWN_ITEM = Kind(
    "unknown-item",
    404,
    "Unknown item",
    "The model has never seen the item; `detail` says if it is untrained, known from the file of "
    "items alone. Ids are text and must match exactly; in a path they are percent-encoded.",
    "the model does not know item 'X1'",
)
NO_MAP = Kind(
    "no-map",
    404,
    "No map",
    "The model was made without a map of its items: train it with `map.positions = true`. Models "
    "of fewer than ten items have none, nor have those of earlier versions of item2vec.",
    "model v1 has no map: train with map.positions = true",
)
NO_VERSION = Kind(
    "no-version",
    404,
    "No such version",
    "The store has no version of this name, or no report on it; `/models` lists all versions.",
    "there is no version 'v1' in models; known: none",
)
METHOD_NOT_ALLOWED = Kind(
    "method-not-allowed",
    405,
    "Method not allowed",
    "The path does not allow this method; the header `Allow` names those that it allows.",
    "PUT is not allowed here: use GET, HEAD, POST",
)
NO_CONTINUATIONS = Kind(
    "no-continuations",
    409,
    "Next is unknown",
    "The model was not trained to say what comes next; ask it for similar items.",
    "model v1 does not know what comes next",
)
HIDDEN_ELSEWHERE = Kind(
    "hidden-elsewhere",
    409,
    "Hidden elsewhere",
    "The service follows an object store (ITEM2VEC_PULL) and takes over its list of hidden items: "
    "change that by `item2vec hide --push URL`.",
    "the hidden items are those of s3://bucket/prefix: run `item2vec hide --push "
    "s3://bucket/prefix`",
)
PUBLISHED_ELSEWHERE = Kind(
    "published-elsewhere",
    409,
    "Published elsewhere",
    "The service follows an object store (ITEM2VEC_PULL) and serves the version that is current "
    "there: publish another where that is filled, by `item2vec models push`.",
    "the current version is that of s3://bucket/prefix: publish there",
)
DAMAGED_VERSION = Kind(
    "damaged-version",
    409,
    "Damaged version",
    "A file of the version is missing or damaged; `detail` says which. The served one stays.",
    "models/versions/v1/counts.npy is damaged: its checksum differs",
)
TOO_LARGE = Kind(
    "too-large",
    413,
    "Request too large",
    "The body is larger than ITEM2VEC_MAX_BODY_BYTES, the most that the service reads.",
    "the body has more than 1000000 bytes",
)
TOO_SLOW = Kind(
    "too-slow",
    408,
    "Request too slow",
    "The client took longer than ITEM2VEC_READ_SECONDS to send a request.",
    "the request took longer than 10 seconds to arrive",
)
LONG_ADDRESS = Kind(
    "long-address",
    414,
    "Address too long",
    "The request line is larger than ITEM2VEC_MAX_HEAD_BYTES; `/recommend` and `/analogy` take the "
    "same query as a body.",
    "the address and headers have more than 32768 bytes",
)
LONG_HEADERS = Kind(
    "long-headers",
    431,
    "Headers too large",
    "The request line and headers are larger than ITEM2VEC_MAX_HEAD_BYTES.",
    "the address and headers have more than 32768 bytes",
)
INVALID_REQUEST = Kind(
    "invalid-request",
    422,
    "Invalid request",
    "A field or a parameter is missing, unknown or impossible; `errors` says which and why.",
    "k: Input should be greater than or equal to 1",
)
INTERNAL_ERROR = Kind(
    "internal-error",
    500,
    "Internal error",
    "The service is at fault; its log has the details.",
    "an unexpected error; the log has the details",
)
NO_MODEL = Kind(
    "no-model",
    503,
    "No model yet",
    "No verified model is loaded. A published model is loaded without a restart; the header "
    "`Retry-After` says after how many seconds to ask again.",
    "no model is loaded yet: publish one",
)
NOT_CHANGED = Kind(
    "not-changed",
    503,
    "Nothing was changed",
    "The list of hidden items, or of published versions, cannot be read or written: the disk is "
    "full, it is read-only, another process holds its lock, or a line of it is damaged. `detail` "
    "says which.",
    "models/hidden cannot be written: Read-only file system",
)
OVERLOADED = Kind(
    "overloaded",
    503,
    "Overloaded",
    "The service has too many connections or requests, or a request took longer than "
    "ITEM2VEC_REQUEST_SECONDS. Ask again after the seconds that the header `Retry-After` names.",
    "256 requests are being answered: ask again later",
)

KINDS = {
    kind.name: kind
    for kind in (
        MALFORMED_REQUEST,
        MALFORMED_JSON,
        NO_KEY,
        NOT_ADMIN,
        NOT_FOUND,
        UNKNOWN_ITEM,
        NO_MAP,
        NO_VERSION,
        METHOD_NOT_ALLOWED,
        NO_CONTINUATIONS,
        HIDDEN_ELSEWHERE,
        PUBLISHED_ELSEWHERE,
        DAMAGED_VERSION,
        TOO_SLOW,
        TOO_LARGE,
        LONG_ADDRESS,
        LONG_HEADERS,
        INVALID_REQUEST,
        INTERNAL_ERROR,
        NO_MODEL,
        NOT_CHANGED,
        OVERLOADED,
    )
}
