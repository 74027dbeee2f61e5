"""What must hold: Great Expectations suites as code, one module per table."""

import logging

# In a process that logs at INFO, as Airflow's do, importing GX writes 214 lines.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
