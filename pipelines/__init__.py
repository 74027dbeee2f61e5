"""What happens to the bank's data: one module per step, named as in the picture."""

import os

# DuckDB's allocator reads this once, when it is imported. DuckDB writes whole pages to
# disk, with what their unused ends held in memory before: identifiers, for example, of
# the delivery that is read. So it gets blank memory only; up to 8 MiB from a cache,
# which is wiped faster than the kernel hands out new pages.
os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "zero:true,tcache_max:8388608")

import models  # noqa: F401 - sets OpenMP's threads before scikit-learn comes in
