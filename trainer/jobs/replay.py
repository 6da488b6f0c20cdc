"""The replay job: asks two versions what was asked once, and compares their answers."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from service.model.errors import InputError
from trainer.replay.asking import App, ask
from trainer.replay.findings import Comparison, Findings
from trainer.replay.requests import REASONS, Requests
from trainer.view.display import Silent


async def replay(
    path: Path, versions: tuple[str, str], apps: Sequence[App], examples: int, display: Silent
) -> Findings:
    """Asks both versions every request of a file, one at a time.

    Each request goes to both before the next one, the first time to the one first, the second time
    to the other, so that neither gains by what the other has warmed. The first request is asked
    once more before, untimed.

    Args:
        path: of the requests.
        versions: the names of the two.
        apps: the service over each of them.
        examples: how many of the largest differences to report.
        display: shows the progress.

    Raises:
        InputError: a line is no request, or none is.
        UnavailableError: the file cannot be read.
    """
    requests = Requests(path)
    comparison = Comparison(versions, examples)
    recorded = iter(requests)
    first = next(recorded, None)
    if first is None:
        raise InputError(f"{path} holds nothing to replay{_reasons(requests)}")
    for app in apps:
        await ask(app, first)
    with display.replaying(path.stat().st_size) as on_request:
        for request in chain([first], recorded):
            order = (0, 1) if comparison.requests % 2 == 0 else (1, 0)
            responses = {which: await ask(apps[which], request) for which in order}
            comparison.add(request, [responses[0], responses[1]])
            on_request(comparison.requests, request.position)
    return comparison.findings(requests.left_out)


def _reasons(requests: Requests) -> str:
    reasons = [f"{count:,} ({REASONS[reason]})" for reason, count in requests.left_out.items()]
    return f"; left out: {', '.join(reasons)}" if reasons else ": it is empty"
