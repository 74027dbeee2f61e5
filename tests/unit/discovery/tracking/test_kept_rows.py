"""F43: an estimator made of customers is refused before anything of it is kept."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, StackingClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from pipelines.discovery.tracking.kept_rows import refuse_kept_rows
from pipelines.foundation.errors import GateRefusedError

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)
NEIGHBOURS = KNeighborsClassifier()
KEEPERS = {
    "neighbours": NEIGHBOURS,
    "in_a_pipeline": make_pipeline(StandardScaler(), NEIGHBOURS),
    "while_it_fills_gaps": make_pipeline(KNNImputer(), LogisticRegression()),
    "calibrated": CalibratedClassifierCV(NEIGHBOURS, cv=2),
    "stacked": StackingClassifier([("near", NEIGHBOURS)], cv=2),
    "support_vectors": SVC(),
    "gaussian_process": GaussianProcessClassifier(),
}
OTHERS = {
    "logistic_regression": make_pipeline(StandardScaler(), LogisticRegression()),
    "calibrated_boosting": CalibratedClassifierCV(
        HistGradientBoostingClassifier(max_iter=3), cv=2
    ),
    "centres": NearestCentroid(),
}


@pytest.mark.parametrize("estimator", KEEPERS.values(), ids=KEEPERS)
def test_f43_an_estimator_that_keeps_rows_is_refused(estimator):
    estimator.fit(X, Y)

    with pytest.raises(GateRefusedError, match="keeps rows it has learnt from"):
        refuse_kept_rows("churn", estimator)


@pytest.mark.parametrize("estimator", OTHERS.values(), ids=OTHERS)
def test_one_that_keeps_what_it_has_learnt_only_is_not(estimator):
    refuse_kept_rows("churn", estimator.fit(X, Y))


def test_f43_it_is_refused_before_anything_is_logged(settings):
    from pipelines.discovery.tracking import mlflow_runs as tracking  # noqa: PLC0415 - MLflow takes 3 s to import

    with pytest.raises(GateRefusedError, match="KNeighborsClassifier"):
        tracking.log_estimator(
            settings, "churn", NEIGHBOURS.fit(X, Y), categorical=[], numeric=[]
        )
    assert not settings.home.exists()
