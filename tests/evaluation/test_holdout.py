from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.errors import ConfigError, EventLogError
from tests.naive_sessions import naive_sessions
from tests.worlds import NOON, decode
from trainer.config.data import DataConfig
from trainer.config.jobs import EvaluationConfig
from trainer.evaluation.holdout import Holdout, first_tested, hold_out, hold_out_before
from trainer.events.encoding import Encoded, encode
from trainer.events.log.reader import Events

LENIENT = DataConfig(session="session", time="time", min_count=1, min_session_length=1)


def log_of(*sessions: tuple[float, str], config: DataConfig = LENIENT, times: bool = True):
    """Sessions as (minutes after noon of its first event, items of a letter each)."""
    rows = [
        (f"s{number}", item, NOON + timedelta(minutes=start, seconds=place))
        for number, (start, items) in enumerate(sessions)
        for place, item in enumerate(items)
    ]
    schema = {"session": pl.String, "item": pl.String, "time": pl.Datetime("us")}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return encode([Events(table if times else table.drop("time"), len(rows))], config)


def split(log: Encoded, config: DataConfig = LENIENT, **evaluation) -> Holdout:
    return hold_out(log, config, EvaluationConfig(**evaluation))


def trained(holdout: Holdout) -> list[str]:
    return ["".join(items) for items in decode(holdout.sessions, holdout.vocabulary)]


def asked(holdout: Holdout) -> list[tuple[str, str]]:
    """The known items of each prefix, and the answer; ? is unknown to training."""
    ids = [*holdout.vocabulary.item_ids, "?"]
    prefixes = holdout.cases.prefixes()
    return [
        ("".join(ids[row] for row in prefixes.items[start:stop]), ids[answer])
        for start, stop, answer in zip(
            prefixes.offsets[:-1], prefixes.offsets[1:], holdout.cases.answers, strict=True
        )
    ]


# Held out by time


def test_the_newest_sessions_are_asked_prefix_by_prefix():
    holdout = split(log_of((9, "cab"), (1, "ab"), (2, "bc")), test_share=0.3)
    assert trained(holdout) == ["ab", "bc"]
    assert asked(holdout) == [("c", "a"), ("ca", "b")]
    assert holdout.description == (
        "1 of 3 sessions are held out: those that began at 2026-01-31 12:09:00 or later"
    )


def test_what_training_has_not_seen_often_enough_is_unknown():
    config = LENIENT.model_copy(update={"min_count": 2})
    holdout = split(
        log_of((1, "abx"), (2, "ab"), (3, "axb"), config=config), config, test_share=0.3
    )
    assert trained(holdout) == ["ab", "ab"]
    assert asked(holdout) == [("a", "?"), ("a", "b")]
    assert holdout.report.rare_items == 1


def test_items_that_only_the_held_out_sessions_have_are_not_called_rare():
    holdout = split(log_of((1, "ab"), (2, "ab"), (3, "nm")), test_share=0.3)
    assert holdout.report.rare_items == 0
    assert holdout.report.items == 2
    assert asked(holdout) == [("", "?")]


def test_every_event_is_in_the_report_once():
    config = LENIENT.model_copy(
        update={"min_count": 2, "min_session_length": 2, "collapse_repeats": True}
    )
    log = log_of((1, "aab"), (2, "abx"), (3, "b"), (4, "abc"), config=config)
    report = split(log, config, test_share=0.25).report
    assert (report.events_held_out, report.events_kept) == (3, 4)
    assert report.events_collapsed == report.events_of_rare_items == 1
    assert report.events_in_short_sessions == 1
    assert report.events_read == 10
    assert report.last_event == "2026-01-31 12:02:02"


def test_sessions_that_began_together_are_on_the_same_side():
    log = log_of((1, "ab"), (1, "ba"), (2, "ab"), (2, "ba"), (2, "ab"))
    assert len(split(log, test_share=0.2).sessions) == 2
    assert len(split(log, test_share=0.6).sessions) == 2


@pytest.mark.parametrize(
    "time", ["2026-01-31T12:02:00", "2026-01-31 12:02", "2026-01-31T14:02:00+02:00"]
)
def test_a_time_can_be_named_instead_of_a_share(time: str):
    log = log_of((1, "ab"), (1.9, "ba"), (2, "aa"), (3, "ab"))
    assert len(split(log, test_from=time).sessions) == 2


def test_without_times_the_order_of_the_sessions_counts():
    holdout = split(log_of((9, "ab"), (1, "ba"), (2, "ba"), times=False), test_share=0.3)
    assert trained(holdout) == ["ab", "ba"]
    assert asked(holdout) == [("b", "a")]
    assert holdout.description == (
        "the log has no times: the last 1 of 3 sessions in its order are held out"
    )


def test_a_time_is_refused_where_the_log_has_none():
    with pytest.raises(ConfigError, match="the log has no times; name the `time` column"):
        split(log_of((1, "ab"), (2, "ab"), times=False), test_from="2026-01-31")


@pytest.mark.parametrize(
    ("evaluation", "reason"),
    [
        ({"test_from": "2026-01-01"}, "0 sessions with 0 items are left of 6 events"),
        ({"test_from": "2027-01-01"}, "no test case is left .0 of 3 sessions are held out"),
        ({"split": "last-item"}, "1 item is left, too few to learn from"),
    ],
)
def test_a_part_without_anything_in_it_is_refused(evaluation: dict, reason: str):
    with pytest.raises(EventLogError, match=reason):
        split(log_of((1, "ab"), (2, "ab"), (3, "ab")), **evaluation)


def test_held_out_sessions_of_one_item_ask_nothing():
    with pytest.raises(EventLogError, match="a case needs a session of at least two items"):
        split(log_of((1, "ab"), (2, "ab"), (3, "a")), test_share=0.3)


some_sessions = st.lists(
    st.tuples(st.integers(0, 5), st.text("abcd", min_size=1, max_size=5)), min_size=2, max_size=10
)


@given(
    sessions=some_sessions, share=st.floats(0.05, 0.95),
    min_count=st.integers(1, 3), min_session_length=st.integers(1, 3), collapse=st.booleans(),
)  # fmt: skip
def test_the_parts_are_those_of_the_obvious_twin(
    sessions, share, min_count, min_session_length, collapse
):
    config = LENIENT.model_copy(
        update={
            "min_count": min_count,
            "min_session_length": min_session_length,
            "collapse_repeats": collapse,
        }
    )
    log = log_of(*sessions, config=config)
    in_order = sorted(sessions, key=lambda session: session[0])
    cut = in_order[len(sessions) - max(1, round(share * len(sessions)))][0]
    early = [
        {"session": number, "item": item, "time": NOON + timedelta(minutes=start, seconds=place)}
        for number, (start, items) in enumerate(sessions)
        for place, item in enumerate(items)
        if start < cut
    ]
    expected, _ = naive_sessions(early, config)
    known = {item for basket in expected for item in basket}
    cases = []
    for items in (items for start, items in in_order if start >= cut):
        path = [
            item
            for place, item in enumerate(items)
            if not (collapse and items[:place][-1:] == item)
        ]
        cases += [
            ("".join(i for i in path[:n] if i in known), path[n] if path[n] in known else "?")
            for n in range(1, len(path))
        ]
    try:
        holdout = split(log, config, test_share=share)
    except EventLogError:
        assert len(expected) < 2 or len(known) < 2 or not cases
        return
    assert trained(holdout) == ["".join(basket) for basket in expected]
    assert asked(holdout) == cases


# The last item of every session


def test_the_last_item_of_every_session_is_asked():
    holdout = split(log_of((1, "abc"), (2, "bc"), (3, "b")), split="last-item")
    assert trained(holdout) == ["ab", "b", "b"]
    assert asked(holdout) == [("ab", "?"), ("b", "?")]
    assert holdout.vocabulary.item_ids == ["b", "a"]
    assert holdout.vocabulary.counts.tolist() == [3, 1]
    assert holdout.report.events_held_out == 2
    assert holdout.report.events_kept == len(holdout.sessions.items) == 4
    assert holdout.report.items == 2
    assert holdout.description == "the last item of 2 of 3 sessions is held out"


def test_what_is_split_is_not_written_to():
    log = log_of((1, "abc"), (2, "bac"), (3, "cb"))
    before = log.sessions.items.copy()
    for kind in ("temporal", "last-item"):
        split(log, split=kind)
    assert np.array_equal(log.sessions.items, before)
    assert first_tested(log.sessions, EvaluationConfig(test_share=0.5))[0] == 1


# Held out before the test


def split_before(log: Encoded, share: float = 1.0, **evaluation) -> Holdout:
    return hold_out_before(log, LENIENT, EvaluationConfig(**evaluation), share)


TEN = [(minute, f"{letter}z") for minute, letter in enumerate("abcdefghij")]


def test_settings_are_chosen_by_the_sessions_before_the_test():
    holdout = split_before(log_of(*TEN), test_share=0.2)
    assert trained(holdout) == ["az", "bz", "cz", "dz", "ez", "fz"]
    assert asked(holdout) == [("", "z"), ("", "z")]
    assert holdout.report.events_held_out == 2 * 2 + 2 * 2
    assert holdout.description.startswith("2 of 8 sessions are held out")


def test_what_is_before_the_test_is_split_as_if_it_were_the_whole_log():
    log, before = log_of(*TEN), log_of(*TEN[:8])
    holdout, alone = split_before(log, test_share=0.2), split(before, test_share=0.2)
    assert trained(holdout) == trained(alone)
    assert asked(holdout) == asked(alone)
    assert holdout.description == alone.description


def test_a_test_part_since_a_time_leaves_a_share_of_the_rest_to_choose_by():
    holdout = split_before(log_of(*TEN), test_share=0.25, test_from=NOON + timedelta(minutes=4))
    assert trained(holdout) == ["az", "bz", "cz"]
    assert holdout.report.events_held_out == 2 * (6 + 1)


def test_a_share_of_the_training_sessions_is_the_newest_of_them():
    holdout = split_before(log_of(*TEN), share=0.5, test_share=0.2)
    assert trained(holdout) == ["dz", "ez", "fz"]
    assert len(holdout.cases) == 2
    assert holdout.report.events_held_out == 2 * (2 + 2 + 3)
    assert holdout.report.events_kept == 6


def test_without_times_the_order_counts_before_the_test_as_well():
    holdout = split_before(log_of(*TEN, times=False), test_share=0.2)
    assert trained(holdout) == ["az", "bz", "cz", "dz", "ez", "fz"]


def test_a_test_part_with_nothing_to_ask_is_found_out_before_the_search():
    log = log_of(*TEN[:8], (9, "a"), (10, "b"))
    with pytest.raises(EventLogError, match=r"no test case is left \(2 of 10 sessions"):
        split_before(log, test_share=0.2)


def test_settings_are_chosen_by_time_only():
    with pytest.raises(ConfigError, match="set split = temporal"):
        split_before(log_of(*TEN), split="last-item")
