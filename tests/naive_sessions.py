"""The obvious twin of trainer.events.sessions: lists and dictionaries, one loop a rule."""

from collections import Counter, defaultdict
from datetime import timedelta

from trainer.config.data import DataConfig


def naive_sessions(events: list[dict], config: DataConfig) -> tuple[list[list[str]], Counter]:
    """Sessions as lists of item ids, and how many events each rule drops.

    Args:
        events: each with an item, a session or a user, and a time; any may be None.
        config: with a session column, or a user and a time column.
    """
    dropped: Counter = Counter()
    complete = _complete(events, config, dropped)
    if config.session:
        groups = defaultdict(list)
        for event in complete:
            groups[event["session"]].append(event)
        sessions = [_in_order(group) for group in groups.values()]
    else:
        sessions = _cut(complete, config.session_gap)
    sessions.sort(key=lambda session: (session[0]["time"], min(_rows(session))))
    baskets = [[event["item"] for event in session] for session in sessions]
    baskets = _collapse(baskets, config, dropped)
    baskets = _drop_rare(baskets, config, dropped)
    baskets = _collapse(baskets, config, dropped)
    return _drop_short(baskets, config, dropped), dropped


def _complete(events: list[dict], config: DataConfig, dropped: Counter) -> list[dict]:
    complete = []
    for row, event in enumerate(events):
        if event["item"] is None:
            dropped["events_without_item"] += 1
        elif event["session" if config.session else "user"] is None:
            dropped["events_without_session"] += 1
        elif event["time"] is None:
            dropped["events_without_time"] += 1
        else:
            complete.append(event | {"row": row})
    return complete


def _in_order(events: list[dict]) -> list[dict]:
    return sorted(events, key=lambda event: (event["time"], event["row"]))


def _rows(session: list[dict]) -> list[int]:
    return [event["row"] for event in session]


def _cut(events: list[dict], gap: float) -> list[list[dict]]:
    sessions: list[list[dict]] = []
    for user in {event["user"] for event in events}:
        last = None
        for event in _in_order([event for event in events if event["user"] == user]):
            if last is None or event["time"] - last > timedelta(minutes=gap):
                sessions.append([])
            sessions[-1].append(event)
            last = event["time"]
    return sessions


def _collapse(baskets: list[list[str]], config: DataConfig, dropped: Counter) -> list[list[str]]:
    if not config.collapse_repeats:
        return baskets
    collapsed = []
    for basket in baskets:
        kept: list[str] = []
        for item in basket:
            if kept and kept[-1] == item:
                dropped["events_collapsed"] += 1
            else:
                kept.append(item)
        collapsed.append(kept)
    return collapsed


def _drop_rare(baskets: list[list[str]], config: DataConfig, dropped: Counter) -> list[list[str]]:
    counts = Counter(item for basket in baskets for item in basket)
    rare = {item for item, count in counts.items() if count < config.min_count}
    dropped["rare_items"] = len(rare)
    dropped["events_of_rare_items"] = sum(counts[item] for item in rare)
    baskets = [[item for item in basket if item not in rare] for basket in baskets]
    return [basket for basket in baskets if basket]


def _drop_short(baskets: list[list[str]], config: DataConfig, dropped: Counter) -> list[list[str]]:
    long = [basket for basket in baskets if len(basket) >= config.min_session_length]
    dropped["short_sessions"] = len(baskets) - len(long)
    dropped["events_in_short_sessions"] = sum(map(len, baskets)) - sum(map(len, long))
    return long
