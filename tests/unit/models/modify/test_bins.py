import numpy as np
import pytest

from models.modify.bins import MonotoneBins, QuantileBins

ROWS = 4000


@pytest.fixture
def random():
    return np.random.default_rng(0)


def draw_label(random, probability):
    return (random.random(len(probability)) < probability).astype(int)


def share_by_bin(bins, label):
    bins = bins.astype(int)
    return np.bincount(bins, label) / np.bincount(bins)


@pytest.mark.parametrize("direction", [1, -1])
def test_bins_rise_or_fall_throughout_where_the_label_does(random, direction):
    x = random.normal(size=ROWS)
    label = draw_label(random, 1 / (1 + np.exp(-direction * x)))

    bins = MonotoneBins(20).fit_transform(x[:, None], label).ravel()

    shares = share_by_bin(bins, label)
    assert 4 < len(shares) < 20
    assert (np.diff(shares) * direction > 0).all()


def test_a_valley_stays_a_valley(random):
    x = random.uniform(-1, 1, ROWS)
    label = draw_label(random, np.abs(x))

    bins = MonotoneBins(10).fit_transform(x[:, None], label).ravel()

    assert len(np.unique(bins)) == 10


def test_of_noise_hardly_any_bin_is_left(random):
    x = random.normal(size=(ROWS, 20))
    label = draw_label(random, np.full(ROWS, 0.2))

    fitted = MonotoneBins(20).fit(x, label)

    assert np.mean([len(edges) for edges in fitted.edges_]) < 6


@pytest.mark.parametrize("bins", [QuantileBins(10), MonotoneBins(10)])
def test_gaps_have_a_bin_of_their_own_and_anything_finds_a_place(random, bins):
    x = random.normal(size=(ROWS, 4))
    label = draw_label(random, 1 / (1 + np.exp(-x[:, 0])))
    x[::7, 0] = np.nan
    x[:, 1] = np.nan
    x[:, 2] = 3.5
    x[:, 3] = np.where(random.random(ROWS) < 0.9, 0, x[:, 3])  # mostly one value
    unseen = np.array([[1e300, 7.0, -9.0, np.nan], [-1e300, np.nan, 99.0, 0.0]])

    places = bins.fit(x, label).transform(np.vstack([x, unseen]))

    assert np.isfinite(places).all()
    missing = places[:ROWS:7, 0]
    assert (missing == missing[0]).all()
    assert missing[0] not in np.delete(places[:ROWS, 0], np.s_[::7])
    assert places[-2, 0] == max(np.delete(places[:ROWS, 0], np.s_[::7]))
    assert places[-1, 0] == 0
