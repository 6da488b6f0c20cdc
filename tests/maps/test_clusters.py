"""Clusters of the map: the islands, with words that tell them apart, and numbers that stay."""

import numpy as np

from tests.maps.test_layout import ISLANDS, SIZE, islands
from trainer.maps.clusters import cluster_names, clusters_of, means_of


def test_islands_are_clusters():
    members = clusters_of(islands(), ISLANDS).reshape(ISLANDS, SIZE)
    assert (members == members[:, :1]).all()
    assert len(set(members[:, 0].tolist())) == ISLANDS


def test_clusters_that_are_gone_on_from_keep_their_numbers():
    units = islands()
    before = np.repeat([2, 0, 1], SIZE)
    members = clusters_of(islands(1), ISLANDS, means_of(units, before, ISLANDS))
    assert (members == before).all()


def test_there_are_no_means_with_an_empty_cluster():
    assert means_of(islands(), np.zeros(ISLANDS * SIZE, np.int64), ISLANDS) is None


def test_names_are_words_that_tell_a_cluster_from_others():
    names = ["RED HEART", "PINK HEART", "RED CAKE STAND", "PINK CAKE STAND", "7", "8"]
    members = np.array([0, 0, 1, 1, 2, 2])
    assert cluster_names(names, members, 4) == ["heart", "cake, stand", "7", "-"]
