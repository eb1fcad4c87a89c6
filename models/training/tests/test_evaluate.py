"""Error rates and costs on values known by hand."""

import numpy as np
import pytest

from voice_prints_training.speaker.evaluate import (
    cllr,
    equal_error_rate,
    isotonic,
    middle,
    min_cllr,
    min_detection_cost,
    spread,
)


def test_separate_scores_have_no_errors():
    same, different = np.array([0.8, 0.9, 0.7]), np.array([0.1, 0.2, 0.3])
    assert equal_error_rate(same, different) == 0
    assert min_detection_cost(same, different) == 0
    assert min_cllr(same, different) == pytest.approx(0, abs=1e-6)


def test_one_in_four_swapped():
    same = np.array([0.9, 0.8, 0.7, 0.2])
    different = np.array([0.6, 0.1, 0.05, 0.0])
    assert equal_error_rate(same, different) == pytest.approx(0.25)
    assert min_detection_cost(same, different) == pytest.approx(0.25)


def test_gaussian_scores_meet_the_known_rate():
    rng = np.random.default_rng(0)
    same, different = rng.normal(2, 1, 200000), rng.normal(0, 1, 200000)
    assert equal_error_rate(same, different) == pytest.approx(0.1587, abs=2e-3)


def test_scores_that_say_nothing_cost_one_bit():
    assert cllr(np.zeros(5), np.zeros(7)) == pytest.approx(1)
    assert min_cllr(np.zeros(5), np.zeros(7)) == pytest.approx(1)


def test_true_ratios_cannot_be_improved():
    rng = np.random.default_rng(1)
    same, different = rng.normal(2, 1, 50000), rng.normal(0, 1, 50000)

    def ratio(scores):
        return 2 * scores - 2

    assert min_cllr(same, different) <= cllr(ratio(same), ratio(different))
    assert min_cllr(same, different) == pytest.approx(cllr(ratio(same), ratio(different)), abs=0.01)


def test_isotonic_pools_neighbours_that_fall():
    assert isotonic([1.0, 3.0, 2.0, 4.0], [1, 1, 1, 1]).tolist() == [1, 2.5, 2.5, 4]
    assert isotonic([3.0, 0.0], [1, 2]).tolist() == [1, 1]


def test_middle():
    samples = np.arange(100000)
    assert middle(samples, 2)[0] == (100000 - 32000) // 2
    assert len(middle(samples[:5], 2)) == 5


def test_few_speakers_spread_more_than_many():
    rng = np.random.default_rng(3)

    def made(count):
        centres = rng.standard_normal((count, 8))
        rows = np.repeat(centres, 4, axis=0) + 1.2 * rng.standard_normal((4 * count, 8))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True), np.repeat(np.arange(count), 4)

    few, many = spread(*made(10), 50), spread(*made(160), 50)
    assert 0 < many < few / 2
    assert spread(*made(10), 50) != few  # other speakers
