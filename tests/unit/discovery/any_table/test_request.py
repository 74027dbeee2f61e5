from pathlib import Path

import pytest

from pipelines.discovery.any_table.request import Request
from pipelines.foundation.errors import UsageError


def test_an_unknown_metric_is_a_usage_error():
    with pytest.raises(UsageError, match="auc, average_precision, brier"):
        Request("members.csv", "leaves", metric="accuracy")


def test_a_file_has_one_name_from_anywhere_and_another_file_another(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("base.csv").touch()
    path = str(tmp_path / "base.csv")
    others = ["客户.csv", "账户.csv", "a-b.csv", "a_b.csv", "a.b", "./base.parquet"]

    names = [Request(source, "leaves").name for source in ["base.csv", *others]]

    assert names[:2] == [Request(path, "leaves").name, "table_客户"]
    assert len(set(names)) == len(names)
