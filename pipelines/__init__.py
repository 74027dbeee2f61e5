"""What happens to the bank's data: one module per step, named as in the picture."""

import models  # noqa: F401 - sets OpenMP's threads before anything imports scikit-learn
