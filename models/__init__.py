"""What is learnt: scikit-learn estimators, one module per use case."""

import os

# OpenMP reads these once, when scikit-learn is imported, so they are set before it. Its
# threads spin while they wait: beside one busy process that makes boosting up to ten
# times slower, and one steady thread is never far behind.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
