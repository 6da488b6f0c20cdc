import gzip
from itertools import pairwise

import numpy as np
import pytest

from bench import clickstream, voices
from bench.cases import hold_out_last
from bench.combinations import COMBINATIONS
from bench.corpus import build_corpus
from bench.kept_tree import KeptTree, training_on
from bench.longer import Longer
from bench.made import STEP, count_of, make_continuations, make_vectors
from bench.next import seen_allowed
from bench.plain import train_plain
from bench.spread import difference, not_below
from service.model.following import Following
from service.model.similarity import unit
from service.model.voices import AFTER_APART, AFTER_LAST, AFTER_TWO, FREQUENCY, IS_LAST, VOICES
from tests.worlds import answers, cases_of
from trainer.config.sections import TrainingConfig
from trainer.continuations.likelihood import Alternatives
from trainer.continuations.observation import OTHERS, Observed
from trainer.corpus import Sessions, Vocabulary
from trainer.evaluation.baselines import ItemItem
from trainer.evaluation.baselines.counting import transitions
from trainer.evaluation.ranking import rank_unseen
from trainer.evaluation.served import Served
from trainer.word2vec.training import train


def test_the_last_item_of_a_session_is_the_answer_and_the_one_before_it_the_query():
    sessions = Sessions(np.array([0, 1, 2, 1, 0], np.int32), np.array([0, 3, 5]))
    cases = hold_out_last(sessions, Vocabulary(["a", "b", "c"], np.array([2, 2, 1])))
    ids = cases.vocabulary.item_ids
    assert [ids[item] for item in cases.sessions.items] == ["a", "b", "b"]
    assert [ids[item] for item in cases.queries] == ["b", "b"]
    assert cases.answers.tolist() == [-1, ids.index("a")]


def test_a_made_corpus_has_the_catalogue_that_was_asked_for():
    sessions, vocabulary = build_corpus(items=300, catalogue=1_000, clusters=10)
    assert len(vocabulary) == 1_000
    assert len(np.unique(sessions.items)) < 1_000


@pytest.mark.parametrize(("architecture", "objective"), COMBINATIONS)
def test_the_plain_twin_tells_two_islands_apart(architecture, objective):
    islands = np.random.default_rng(1).integers(0, 3, (60, 6)) + 3 * (np.arange(60) % 2)[:, None]
    sessions = Sessions(islands.astype(np.int32).ravel(), np.arange(0, 361, 6))
    config = TrainingConfig(
        architecture=architecture,
        objective=objective,
        vector_size=8,
        window=2,
        sample=0,
        epochs=15,
        alpha=0.2,
    )
    vocabulary = Vocabulary(list("abcdef"), np.bincount(sessions.items))
    vectors = train_plain(sessions, vocabulary, config)
    cosine = vectors @ vectors.T
    cosine /= np.sqrt(np.outer(cosine.diagonal(), cosine.diagonal()))
    assert cosine[:3, :3].min() > cosine[:3, 3:].max()
    assert cosine[3:, 3:].min() > cosine[:3, 3:].max()


def test_a_kept_tree_changes_only_where_items_come_and_go(islands):
    def paths(tree, vocabulary):
        """For every item its code: the labels from the root."""
        targets = tree.targets(vocabulary.item_ids)
        codes = {}
        for node, item_id in enumerate(vocabulary.item_ids):
            code = ""
            while node != len(targets.links) - 1:
                node, label = divmod(int(targets.links[node]), 2)
                code = f"{label}{code}"
            codes[item_id] = code
        assert max(map(len, codes.values())) == targets.max_targets
        return codes

    before = Vocabulary(list("abcdef"), np.array([9, 8, 5, 4, 2, 1]))
    tree = KeptTree(before)
    old = paths(tree, before)
    after = Vocabulary(list("bacgdf"), np.array([9, 9, 5, 5, 4, 1]))
    tree.follow(after)
    new = paths(tree, after)
    assert {name: new[name] for name in "abcd"} == {name: old[name] for name in "abcd"}
    codes = sorted(new.values())
    assert not [one for one, other in pairwise(codes) if other.startswith(one)]
    assert sum(2.0 ** -len(code) for code in codes) == 1

    sessions, vocabulary = islands
    config = TrainingConfig(vector_size=8, workers=1, epochs=2)
    with training_on(KeptTree(vocabulary), vocabulary):
        kept = train(sessions, vocabulary, config)
    assert kept.input == pytest.approx(train(sessions, vocabulary, config).input, abs=1e-6)


def test_a_mean_is_not_below_while_the_seeds_differ_by_more():
    assert not_below([0.20, 0.24], [0.23, 0.24])
    assert not not_below([0.20, 0.21], [0.23, 0.24])
    assert not_below([0.30, 0.31], [0.23, 0.24])


def test_a_difference_of_means_has_their_standard_errors_added():
    less, error = difference([1.0, 3.0], [4.0, 6.0])
    assert less == -3.0
    assert error == pytest.approx(np.sqrt(2.0))


def test_prefixes_that_shorten_one_another_are_one_session(tmp_path):
    path = tmp_path / "test.tsv.gz"
    path.write_bytes(gzip.compress(b"a b c\ta\na b\tc\na\tb\na\tz\nc\ta\n"))
    cases = clickstream.read_cases(path, Vocabulary(list("abc"), np.array([3, 2, 1])))
    asked = [
        (cases.items[start:stop].tolist(), answer, session)
        for start, stop, answer, session in zip(
            cases.starts, cases.stops, cases.answers, cases.session, strict=True
        )
    ]
    a, b, c = range(3)
    assert asked == [
        ([a], b, 0),
        ([a, b], c, 0),
        ([a, b, c], a, 0),
        ([a], -1, 1),
        ([c], a, 2),
    ]


def test_a_missing_prefix_of_a_session_is_told(tmp_path):
    path = tmp_path / "test.tsv.gz"
    path.write_bytes(gzip.compress(b"a b c\ta\na\tb\n"))
    with pytest.raises(ValueError, match="2 lines, but 4 prefixes of 2 sessions"):
        clickstream.read_cases(path, Vocabulary(list("abc"), np.array([3, 2, 1])))


def test_a_ranker_may_know_more_of_a_session_than_is_left_out_of_its_answers():
    table = transitions(Sessions(np.array([0, 2, 1, 2, 0, 1], np.int32), np.array([0, 2, 4, 6])), 3)
    whole = cases_of([1, 0], [2, 0])
    longer = Longer(ItemItem(table, decay=0.5), whole.starts)
    # 0 is followed by 1 and 2, and 1 by 2; 0 is left out, 1 of the first case is not.
    assert answers(rank_unseen(longer, whole.last(1), 2)) == [{2: 1.5, 1: 1.0}, {1: 1.0, 2: 1.0}]


def test_the_click_streams_of_a_folder_are_its_training_files_with_their_tests(tmp_path):
    for name in ("b_train.txt.gz", "a_c_train.txt.gz", "a_c_test.tsv.gz", "else.txt.gz"):
        (tmp_path / name).touch()
    paths = clickstream.training_files(tmp_path)
    assert [clickstream.name_of(path) for path in paths] == ["a_c", "b"]
    assert clickstream.test_file(paths[0]) == tmp_path / "a_c_test.tsv.gz"


def test_a_folder_without_a_click_stream_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"no click-stream, a file named \*_train.txt.gz"):
        clickstream.training_files(tmp_path)


def test_a_hit_beyond_the_cutoff_is_worth_nothing_and_one_within_by_its_rank():
    ranks = np.array([1, 4, 21, 0])
    hits, gains = voices.Figures(20, "MRR").of(ranks)
    assert hits.tolist() == [100, 100, 0, 0]
    assert gains.tolist() == [100, 25, 0, 0]
    assert voices.Figures(20, "NDCG").of(ranks)[1] == pytest.approx([100, 100 / np.log2(5), 0, 0])


def test_cases_of_one_session_are_one_observation_of_a_difference():
    def judged(values):
        return voices.Judged(np.array([values, values], np.float64), 0.0)

    one, other = judged([3, 3, 1, 1]), judged([1, 1, 1, 1])
    alone, together = np.arange(4), np.array([0, 0, 1, 1])
    gain, error = voices.difference(one, other, alone)[0]
    assert (gain, error) == (1, 0.5)
    assert voices.difference(one, other, together)[0] == pytest.approx([1, np.sqrt(0.5)])


def two_alternatives(cases=400):
    """What came next is a repeat in three cases of four; nothing else tells it from the other."""
    features = np.zeros((3 * cases, len(VOICES) + OTHERS), np.float32)
    features[::3, -OTHERS] = 1
    features[1::3, IS_LAST] = 1
    is_repeat = np.arange(cases) % 4 > 0
    starts = 3 * np.arange(cases)
    return Observed(
        alternatives=Alternatives(
            features, starts, starts + 2 - is_repeat, np.zeros(len(features), np.bool_)
        ),
        scales=np.ones(features.shape[1], np.float32),
        is_own=features[:, IS_LAST] > 0,
        lengths=np.ones(cases, np.int64),
        sessions=np.arange(cases),
    )


def test_what_a_voice_is_worth_is_lost_without_it_and_no_other_is_missed():
    cases = two_alternatives()
    ablation = voices.Ablation(cases, cases, voices.Figures(1, "MRR"))
    everything, blind = ablation.without(()), ablation.without((IS_LAST,))
    assert everything.values[0].mean() == 75
    assert blind.values[0].mean() == 0  # both are as probable, and ties count against the model
    assert ablation.without((FREQUENCY,)).values == pytest.approx(everything.values)
    assert ablation.of_one_class().values == pytest.approx(everything.values)
    assert everything.calibration < 0.02


def test_every_voice_is_left_out_once_and_groups_hold_several():
    alone = [left_out for left_out in voices.LEFT_OUT.values() if len(left_out) == 1]
    assert alone == [(voice,) for voice in range(len(VOICES))]
    assert all(len(set(group)) > 1 for group in voices.GROUPS.values())


def test_a_made_model_knows_what_came_after_the_sessions_that_are_asked_about():
    following = made_following(items=2_000)
    session = (3 + np.arange(1, 6) * STEP) % 2_000
    candidates = following.candidates(session, np.ones(5, np.float32))
    assert candidates is not None
    for voice in (AFTER_LAST, AFTER_TWO, AFTER_APART):
        assert candidates.voices[voice].any()
    items, probabilities = following.ranked(session, np.ones(5, np.float32), 10)
    assert len(items) == 10
    assert not set(items) & set(session.tolist())
    assert (np.diff(probabilities) <= 0).all()


def test_a_made_model_may_have_the_table_alone():
    continuations = make_continuations(500, "table", np.random.default_rng(0))
    assert continuations.settings.logit is None
    assert not len(continuations.sequences.keys)


def made_following(items):
    random = np.random.default_rng(0)
    counts = np.array([count_of(row) for row in range(items)])
    return Following(
        make_continuations(items, "logit", random), unit(make_vectors(items, random)), counts
    )


def test_only_where_seen_items_may_come_next_is_next_weighed_for_them():
    ours, other = Served("recommender", "next"), object()
    allowed = seen_allowed({"next": ours, "other": other})
    assert allowed["next"].allow_seen
    assert allowed["other"] is other
    assert not ours.allow_seen
