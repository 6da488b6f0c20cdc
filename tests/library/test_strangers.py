"""Strangers' data in a notebook: read with a library of frames, joined there, trained."""

import pandas as pd
import polars as pl
import pytest

import item2vec
from tests.strangers import Written, write_clicks, write_plays, write_ratings


def films(world: Written) -> item2vec.Model:
    ratings = pd.read_csv(world.log).merge(pd.read_csv(world.items), on="movieId")
    liked = ratings[ratings["rating"] >= 3]
    return item2vec.train(
        liked, user="userId", time="timestamp", item="movieId", title="title", metadata="genres"
    )


def music(world: Written) -> item2vec.Model:
    plays = pl.read_csv(world.log, separator="\t").filter(pl.col("weight") >= 20)
    artists = pl.read_csv(world.items, separator="\t")
    log = plays.join(artists, left_on="artistID", right_on="id")
    return item2vec.train(log, session="userID", item="artistID", title="name", window="session")


def clicks(world: Written) -> item2vec.Model:
    log = pl.scan_csv(world.log, try_parse_dates=True)
    return item2vec.train(
        log,
        session="visit_id",
        item="product_id",
        time="timestamp",
        title="product_name",
        metadata="price",
    )


@pytest.mark.parametrize(
    ("write", "train"), [(write_ratings, films), (write_plays, music), (write_clicks, clicks)]
)
def test_neighbours_are_of_the_group_of_the_item(write, train, tmp_path):
    world = write(tmp_path)
    model = train(world)
    frequent = model.ids[:60]
    pairs = [(item, neighbor) for item in frequent for neighbor in model.similar(item, k=5).ids]
    same = [world.group(item) == world.group(neighbor) for item, neighbor in pairs]
    assert sum(same) / len(same) > 0.8
    titles = dict(zip(map(str, world.catalogue.ids), world.catalogue.titles, strict=True))
    assert all(
        title.startswith(titles[item_id]) for item_id, title, _ in model.similar(frequent[0])
    )
