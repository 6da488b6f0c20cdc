"""Ties the service up with slow and broken connections by the thousand, and probes it meanwhile.

`python -m bench.slow_clients`; Linux only. Exits with 1 if a connection outlives its time limit or
a probe of /healthz fails.
"""

import argparse
import asyncio
import resource
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bench.made import publish_model
from bench.process import Service, serving
from bench.report import Part, markdown_table, publish
from service.web.settings import Settings

ITEMS = 2_000
SLACK = 5  # seconds that a busy machine adds to a limit
PROBE_EVERY = 0.1  # seconds
MOST_SECONDS = 60  # of an attack
SETTLING = 1  # second until memory is read again
PROBE = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"
HEAD = b"GET /similar/item-1?k=1000 HTTP/1.1\r\n"
BODY = (
    b"POST /recommend HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
)
LIMITS = Settings()
Client = Callable[[int], Awaitable[None]]


class Attack(NamedTuple):
    """So many clients of a kind, whose connections must end within so many seconds."""

    name: str
    clients: int
    client: Client
    limit: float


class Outcome(NamedTuple):
    """What an attack did to the service.

    Attributes:
        closed: seconds until the service had closed all connections; infinite if it has not.
        probes: of /healthz.
        unanswered: probes that had another answer than 200, or none.
        worst: the longest probe, in milliseconds.
        start: megabytes before the attack.
        most: megabytes at most.
        end: megabytes after it.
        errors: lines of the log.
    """

    closed: float
    probes: int
    unanswered: int
    worst: float
    start: float
    most: float
    end: float
    errors: int


# Clients


async def slow_head(port: int) -> None:
    """Sends a head at a byte a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sending = asyncio.create_task(_trickle(writer))
    await _read_to_the_end(reader)
    sending.cancel()
    writer.close()


async def _trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"X-Slow: ")
    while True:
        await asyncio.sleep(1)
        writer.write(b"a")


async def idle(port: int) -> None:
    """Sends nothing."""
    await _send_and_wait(port, b"")


async def rested(port: int) -> None:
    """Sends one request and no other."""
    await _send_and_wait(port, b"GET /healthz HTTP/1.1\r\n\r\n")


async def stalled_body(port: int) -> None:
    """Sends a body of a megabyte but for its end."""
    await _send_and_wait(port, BODY + b"[" * 999_000)


async def _send_and_wait(port: int, content: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(content)
    await _read_to_the_end(reader)
    writer.close()


async def _read_to_the_end(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(65_536):
            pass


async def unread(port: int) -> None:
    """Asks for megabytes and reads nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    with connection:
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, (HEAD + b"\r\n") * 50)
        await asyncio.sleep(MOST_SECONDS)


async def reset(port: int) -> None:
    """Breaks off in the middle of a body."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(BODY + b"[")
    await writer.drain()
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def busy(port: int) -> None:
    """Asks for ten seconds without a pause."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    deadline = time.monotonic() + 10
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while time.monotonic() < deadline:
            writer.write(b"GET /similar/item-1 HTTP/1.1\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
    writer.close()


ATTACKS = [
    Attack("heads at a byte a second", 1_000, slow_head, LIMITS.read_seconds),
    Attack("connections without a request", 1_000, idle, LIMITS.read_seconds),
    Attack("connections after a request", 1_000, rested, LIMITS.idle_seconds),
    Attack("bodies of 1 MB without an end", 300, stalled_body, LIMITS.read_seconds),
    # The kernel takes megabytes for each of them before anything lies unread.
    Attack("answers that nobody reads", 50, unread, 2 * LIMITS.write_seconds),
    Attack("resets within a request", 1_000, reset, 0),
    Attack("connections under load", 500, busy, 10),
]


def main() -> None:
    """Measures, prints a table, writes bench/out/connections.md and connections.json."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as directory:
        publish_model(Path(directory), ITEMS)
        with serving(Path(directory)) as service:
            outcomes = [asyncio.run(_outcome(service, attack)) for attack in ATTACKS]
    publish("connections", [_part(outcomes)])
    _judge(outcomes)


async def _outcome(service: Service, attack: Attack) -> Outcome:
    """Lets the clients loose and probes the service until all are gone."""
    start, sockets, errors = service.memory().pss, service.connections(), service.errors()
    began = time.monotonic()
    clients = [asyncio.create_task(attack.client(service.port)) for _ in range(attack.clients)]
    latencies: list[float] = []
    most, unanswered, closed = start, 0, float("inf")
    while closed > MOST_SECONDS and time.monotonic() - began < MOST_SECONDS:
        asked = time.monotonic()
        unanswered += not await _is_alive(service.port)
        latencies.append(1000 * (time.monotonic() - asked))
        most = max(most, service.memory().pss)
        if service.connections() <= sockets:
            closed = time.monotonic() - began
        await asyncio.sleep(PROBE_EVERY)
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    await asyncio.sleep(SETTLING)
    end, errors = service.memory().pss, service.errors() - errors
    print(f"{attack.name}: {attack.clients} in {closed:.1f} s", flush=True)
    return Outcome(closed, len(latencies), unanswered, max(latencies), start, most, end, errors)


async def _is_alive(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PROBE)
        answer = await reader.read()
        writer.close()
    except ConnectionError:
        return False
    return answer.startswith(b"HTTP/1.1 200 ")


def _part(outcomes: list[Outcome]) -> Part:
    header = (
        *("", "clients", "limit (s)", "closed after (s)", "probes", "unanswered"),
        *("worst probe (ms)", "PSS at most (MB)", "PSS after (MB)", "errors logged"),
    )
    rows = [
        (
            *(attack.name, f"{attack.clients:,}", f"{attack.limit:g}", f"{outcome.closed:.1f}"),
            *(str(outcome.probes), str(outcome.unanswered), f"{outcome.worst:.0f}"),
            *(f"{megabytes - outcome.start:+.1f}" for megabytes in (outcome.most, outcome.end)),
            str(outcome.errors),
        )
        for attack, outcome in zip(ATTACKS, outcomes, strict=True)
    ]
    return Part(
        name="connections",
        title="Slow and broken clients of one worker",
        notes=[
            "each probe is a new connection that asks for /healthz; memory is given over that "
            "before the attack; clients and service share the cores"
        ],
        tables=[markdown_table(header, rows)],
        figures={
            attack.name: outcome._asdict()
            for attack, outcome in zip(ATTACKS, outcomes, strict=True)
        },
    )


def _judge(outcomes: list[Outcome]) -> None:
    """Ends with what was missed, if anything was."""
    missed = []
    for attack, outcome in zip(ATTACKS, outcomes, strict=True):
        if outcome.closed > attack.limit + SLACK:
            missed.append(f"{attack.name}: closed after {outcome.closed:.1f} s")
        if outcome.unanswered:
            missed.append(f"{attack.name}: {outcome.unanswered} probes failed")
    if missed:
        sys.exit("bench.slow_clients: " + "; ".join(missed))


if __name__ == "__main__":
    main()
