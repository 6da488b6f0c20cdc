"""Uvicorn's HTTP protocol, guarded against clients that are malformed, too large or too slow."""

import asyncio
import resource
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.web import kinds
from service.web.kinds import Kind
from service.web.problems import NO_SNIFFING, problem
from service.web.settings import Settings

LINGER_SECONDS = 1.0  # for a refused client to stop sending, and read why
LINGER_BYTES = 1_000_000  # that are read and dropped meanwhile
GRACE_SECONDS = 1.0  # for any client to send a request before it gives way to another
PROGRESS_BYTES = 16_384  # to be read of a long answer before each deadline
SEARCH_SECONDS = 0.05  # between two searches of all connections for one that gives way
CHUNKED = 8  # times its size is a body at most in chunks of a byte or two
RESERVED_FILES = 96  # of those a process may open: to listen, and for two versions of the model


class GuardedProtocol(HttpToolsProtocol):
    """A connection that is refused by a problem as soon as it exceeds a limit.

    Two deadlines hold: one while the rest of a request is awaited, from the first byte of its head
    and anew from the first of its body, and one while the client does not read its answers. Neither
    costs anything where a request arrives in one piece.
    """

    _next_search = 0.0  # of any connection of this process

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admits the connection, if need be in the place of an idle one."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._settings: Settings = self.app.state.settings
        self._refused = False
        self._in_head = True  # or before it
        self._in_message = False
        self._received = 0  # bytes of this head, or of this body
        self._empty = 0  # bytes since the last content of the body: sizes of chunks, trailers
        self._waits_since = self.loop.time()
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._unread = 0  # bytes that were written and not sent when the last deadline was set
        if len(self.connections) > _most_connections(self._settings) and not self._take_a_place():
            self._refuse(kinds.OVERLOADED, "there are too many connections: ask again later")
        else:
            self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadlines."""
        self._stop_reading_deadline()
        self._stop_writing_deadline()
        super().connection_lost(exc)

    # What is read

    def data_received(self, data: bytes) -> None:
        """Parses what has come, unless the client has sent too much already."""
        self._received += len(data)
        self._empty += len(data)
        if self._refused:
            if self._received > LINGER_BYTES:
                self.transport.abort()
            return
        super().data_received(data)
        if self._refused or self.transport.is_closing():
            return
        if self._in_message and self._received > self._limit():
            self._refuse_size()
        elif self._in_message and self._empty > self._settings.max_head_bytes:
            limit = self._settings.max_head_bytes
            detail = f"the chunk sizes or trailers have more than {limit} bytes"
            self._refuse(kinds.LONG_HEADERS, detail)
        elif self._in_message or self._is_idle():
            self._await_request()
        else:
            self._stop_reading_deadline()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_message = True

    def on_headers_complete(self) -> None:
        """A body begins, with a deadline of its own.

        Raises:
            ValueError: the head was too large; the parser stops.
        """
        if self._received > self._limit() and self._size_of_head() > self._limit():
            self._refuse_size()
            raise ValueError("the head is too large")
        super().on_headers_complete()
        self._in_head, self._received, self._empty = False, 0, 0
        self._waits_since = self.loop.time()
        self._stop_reading_deadline()

    def on_body(self, body: bytes) -> None:
        """Content of the body has come."""
        super().on_body(body)
        self._empty = 0

    def on_message_complete(self) -> None:
        """The request has arrived; another head may follow."""
        super().on_message_complete()
        self._in_head, self._in_message, self._received = True, False, 0

    def _limit(self) -> int:
        """Of the bytes of a head, or of a body with its chunks and trailers."""
        head = self._settings.max_head_bytes
        return head if self._in_head else head + CHUNKED * self._settings.max_body_bytes

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _is_idle(self) -> bool:
        """Whether no request is being answered, and uvicorn does not count the seconds either."""
        return not self._is_answering() and self.timeout_keep_alive_task is None

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_request(self) -> None:
        if self._reading is None:
            self._reading = self.loop.call_later(self._settings.read_seconds, self._end_reading)

    def _stop_reading_deadline(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _end_reading(self) -> None:
        if self._in_message:
            seconds = self._settings.read_seconds
            detail = f"the request took longer than {seconds:g} seconds to arrive"
            self._refuse(kinds.TOO_SLOW, detail)
        else:
            self._close()

    # What is written

    def pause_writing(self) -> None:
        """The client reads more slowly than is written: a deadline begins."""
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        """The client has read on."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_writing_deadline()

    def on_response_complete(self) -> None:
        """An answer is written, though not yet read."""
        super().on_response_complete()
        self._waits_since = self.loop.time()
        if self.transport.is_closing():
            self._await_reader()

    def timeout_keep_alive_handler(self) -> None:
        """Closes an idle connection."""
        self._close()

    def shutdown(self) -> None:
        """The service is told to stop: what is not answered and read in time is cut off."""
        super().shutdown()
        self.loop.call_later(self._settings.stop_seconds, self.transport.abort)

    def _close(self) -> None:
        self.transport.close()
        self._await_reader()

    def _await_reader(self) -> None:
        """Cuts the connection off unless the client reads on."""
        self._stop_writing_deadline()
        self._unread = self.transport.get_write_buffer_size()
        self._writing = self.loop.call_later(self._settings.write_seconds, self._check_reader)

    def _check_reader(self) -> None:
        if self._unread - self.transport.get_write_buffer_size() >= PROGRESS_BYTES:
            self._await_reader()
        else:
            self.transport.abort()

    def _stop_writing_deadline(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    # Refusals

    def send_400_response(self, msg: str) -> None:
        """Refuses what cannot be parsed."""
        if not self._refused:
            self._refuse(kinds.MALFORMED_REQUEST, msg)

    def _refuse_size(self) -> None:
        limit = self._settings.max_head_bytes
        detail = f"the address and headers have more than {limit} bytes"
        if not self._in_head:
            limit = self._settings.max_body_bytes
            self._refuse(kinds.TOO_LARGE, f"the body has more than {limit} bytes")
        elif 2 * len(self.url) > self._received:
            self._refuse(kinds.LONG_ADDRESS, detail)
        else:
            self._refuse(kinds.LONG_HEADERS, detail)

    def _refuse(self, kind: Kind, detail: str) -> None:
        """Answers with a problem in the place of any answer that is due, and ends the connection.

        The client has a moment to read the answer: a connection that is closed while it still sends
        is reset, and the answer lost.
        """
        self._refused, self._received = True, 0
        self._stop_reading_deadline()
        self._unset_keepalive_if_required()
        self.app.state.metrics.refusals.labels(kind.name).inc()
        is_answered = self._in_message and not self._in_head and self.cycle.response_complete
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            is_answered = self.cycle.response_started
        if is_answered:
            self.transport.abort()
            return
        self.flow.resume_reading()
        self._write_problem(kind, detail)
        self._stop_writing_deadline()
        self._writing = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _write_problem(self, kind: Kind, detail: str) -> None:
        response = problem(kind, detail)
        headers = [*self.server_state.default_headers, *response.raw_headers]
        headers.append((b"connection", b"close"))
        if kind is kinds.OVERLOADED:
            headers.append((b"retry-after", b"1"))
        status = f"HTTP/1.1 {kind.status} {HTTPStatus(kind.status).phrase}".encode()
        headers += [(name.encode(), value.encode()) for name, value in NO_SNIFFING.items()]
        lines = [status, *(b": ".join(header) for header in headers)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.write_eof()

    # Places

    def _take_a_place(self) -> bool:
        """Ends another connection that waits for its client; returns whether there was one."""
        if self.loop.time() < GuardedProtocol._next_search:
            return False
        for other in self.connections:
            if other is not self and cast(GuardedProtocol, other)._may_give_way():
                cast(GuardedProtocol, other).transport.abort()
                self.connections.discard(other)
                return True
        GuardedProtocol._next_search = self.loop.time() + SEARCH_SECONDS
        return False

    def _may_give_way(self) -> bool:
        waits = self._in_message or self.flow.write_paused or not self._is_answering()
        return waits and self.loop.time() - self._waits_since > GRACE_SECONDS


def _most_connections(settings: Settings) -> int:
    """The most that are allowed, or that the limit of open files leaves."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return settings.max_connections
    return min(settings.max_connections, max(1, files - RESERVED_FILES))
