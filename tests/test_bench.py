import gzip
from itertools import pairwise

import numpy as np
import pytest

from bench import clickstream
from bench.cases import hold_out_last
from bench.combinations import COMBINATIONS
from bench.corpus import build_corpus
from bench.kept_tree import KeptTree, training_on
from bench.longer import Longer
from bench.plain import train_plain
from bench.spread import difference, not_below
from tests.worlds import answers, cases_of
from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.evaluation.baselines import ItemItem
from trainer.evaluation.baselines.counting import transitions
from trainer.evaluation.ranking import rank_unseen
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
