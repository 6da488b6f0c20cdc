"""Chooses what a session is, how far its items reach, and which items are too rare."""

import numpy as np

from trainer.config.data import DataConfig
from trainer.config.jobs import Config
from trainer.events.log.reader import SESSION, TIME, USER
from trainer.suggestion.look import FIRST_ROWS, Look
from trainer.suggestion.measured import DAY, ENOUGH, MOST_ROWS, SELDOM, USUAL_GAP, Measured, pause
from trainer.suggestion.roles import Roles
from trainer.suggestion.suggestion import Suggestion

MOST_LOST = 0.05  # of the events, by `min_count`
MANY = 0.1  # share of the items that are rare
SORTED = 0.9


def choose_sessions(look: Look, roles: Roles, suggestion: Suggestion) -> None:
    """Chooses what ends a session, what is rare, and the window, by the events of a log."""
    columns = roles.columns
    owner = SESSION if SESSION in columns else USER
    trial = suggested_data(suggestion, **{SESSION: columns[owner]})
    measured = Measured.of(trial)
    say_what_was_read(look, measured, suggestion)
    if owner == SESSION:
        per_session = measured.events.height / measured.events[SESSION].n_unique()
        suggestion.add(
            "data.session", columns[SESSION], f"sessions, of {per_session:.1f} events on average"
        )
        if USER in columns:
            suggestion.add("data.user", columns[USER], "whose session it is")
        is_set = TIME not in columns or measured.is_one_time(SESSION)
    else:
        is_set = _cut_user(measured, roles, suggestion)
    choose_min_count(measured, suggestion)
    order = "what was near in a session counts more"
    if is_set:
        weighted = TIME not in columns and owner == USER
        if weighted or measured.sorted_share(SESSION) > SORTED or "rating" in columns:
            suggestion.add(
                "training.window",
                "session",
                "a session is a set without an order: all of its items are context of one another",
            )
            if TIME not in columns:
                suggestion.add(
                    "next.backwards", 1.0, "what stands before an item counts as what stands after"
                )
            return
        order = (
            "equal times leave the order to the rows, which are not sorted by item: it may mean "
            "something. If it does not, set 'session'"
        )
    choose_window(measured, SESSION, order, suggestion)


def _cut_user(measured: Measured, roles: Roles, suggestion: Suggestion) -> bool:
    """Chooses how the events of a user become sessions; returns whether these are sets."""
    columns = roles.columns
    user = columns[USER]
    if TIME not in columns:
        suggestion.add("data.session", user, "without times, everything of a user is one session")
        return True
    if "rating" in columns:
        suggestion.add(
            "data.session",
            user,
            "people rate what they remember, many at once: when says little, so everything that a "
            "user liked is one session",
        )
        return True
    gap = DAY / 2 if measured.only_days() else pause(measured.gaps(SESSION))
    company = measured.company(SESSION, gap)
    if company < ENOUGH:
        suggestion.add(
            "data.session",
            user,
            f"only {company:.0%} of the events have another of their user within {gap:g} minutes: "
            "everything of a user is one session",
        )
        return measured.only_days()
    suggestion.add("data.user", user, "whose events they are")
    why = "the usual pause: the gaps between events show no other"
    if measured.only_days():
        why = "the times are days: the events of a day are a session"
    elif gap != USUAL_GAP:
        why = "fewest gaps between the events of a user are about this long"
    suggestion.add(
        "data.session_gap",
        gap,
        f"minutes of silence that end a session; {why}. {company:.0%} of "
        "the events have company then",
    )
    return measured.only_days()


def choose_min_count(measured: Measured, suggestion: Suggestion) -> None:
    """Drops rare items where these are many and their events few."""
    rare, items, share = measured.seldom()
    told = (
        f"{rare:,} of {items:,} items ({rare / items:.0%}) are seen fewer than {SELDOM} times, in "
        f"{share:.1%} of the events"
    )
    if rare < MANY * items:
        suggestion.add("data.min_count", 1, f"{told}: all are kept")
        return
    least = next((n for n in (SELDOM, 3, 2) if measured.lost(n) <= MOST_LOST), 1)
    if least == 1:
        suggestion.add("data.min_count", 1, f"{told}: too many to drop")
        return
    suggestion.add(
        "data.min_count",
        least,
        f"{told}. Items seen fewer than {least} times teach little: they are dropped, with "
        f"{measured.lost(least):.1%} of the events",
    )


def choose_window(measured: Measured, owner: str, order: str, suggestion: Suggestion) -> None:
    """Chooses the window of sessions that have an order; `order` says why they have."""
    lengths = measured.events.group_by(owner).len()["len"].to_numpy()
    suggestion.add(
        "training.window",
        10,
        f"the widest distance of two items that are context of each other; {order}. Half of the "
        f"sessions have {np.median(lengths):.0f} events or fewer",
    )


def say_what_was_read(look: Look, measured: Measured, suggestion: Suggestion) -> None:
    """Notes how much of the log was looked at."""
    looked = min(look.rows.height, FIRST_ROWS)
    counted = f"all {measured.read:,}" if measured.whole else f"the first {MOST_ROWS:,}"
    suggestion.facts.append(
        f"Suggested by `item2vec suggest` for {look.path}: columns told by its first {looked:,} "
        f"events, figures counted in {counted} events."
    )


def suggested_data(suggestion: Suggestion, **more: str) -> DataConfig:
    """The data section as suggested so far, with what it cannot be checked without."""
    return Config.model_validate({"data": {**suggestion.settings()["data"], **more}}).data
