import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.model.by_group import ClassifierByGroup


def test_a_group_with_a_single_label_learns_from_all_rows():
    X = np.array([[1.0, 0], [2, 0], [3, 0], [4, 0], [1, 1], [2, 1], [3, 1]])
    y = np.array([0, 0, 1, 1, 1, 1, 1])

    estimator = ClassifierByGroup(LogisticRegression()).fit(X, y)

    assert np.allclose(
        estimator.decision_function([[2.5, 1]]),
        LogisticRegression().fit(X[:, :1], y).decision_function([[2.5]]),
    )


def test_a_group_that_training_did_not_show_is_an_error():
    X, y = np.array([[1.0, 0], [2, 0]]), np.array([0, 1])
    estimator = ClassifierByGroup(LogisticRegression()).fit(X, y)

    with pytest.raises(ValueError, match="1 of 2 rows are of a group"):
        estimator.predict_proba([[1, 0], [1, 7]])
