"""What happens to the bank's data, in five layers; each builds on those below it.

- ``decision`` 决策支持: who is contacted, why, by whom, and was it right
- ``discovery`` 知识发现: the five stages of SEMMA, and who becomes champion
- ``analysis`` 数据分析: from rows to what a customer is (``dbt_project/``)
- ``information`` 信息系统: from landing to rows that can be trusted
- ``foundation``: the doors and words that every layer shares

Beside them: ``night`` (one night, in that order), ``status``, ``forget``, ``cli`` and
``demo``.
"""

import os

# DuckDB's allocator reads this once, when it is imported. DuckDB writes whole pages to
# disk, with what their unused ends held in memory before: identifiers, for example, of
# the delivery that is read. So it gets blank memory only; up to 8 MiB from a cache,
# which is wiped faster than the kernel hands out new pages.
os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "zero:true,tcache_max:8388608")

import models  # noqa: F401 - sets OpenMP's threads before scikit-learn comes in
