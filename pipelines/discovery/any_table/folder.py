"""The folder of a run: what was asked for, and what each stage left to the next."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.discovery.any_table.clock import Clock
from pipelines.discovery.any_table.model import Predictions
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.any_table.sample import Sample, draw
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings

REQUEST, SAMPLE, COLUMNS_FILE = "request.json", "sample.parquet", "columns.parquet"
MODEL, TEST, TUNE = "model.json", "candidates.parquet", "out_of_fold.parquet"


class Folder:
    """A run on a table of the modeller's own, of which some stages are done.

    A stage draws the sample again, and checks that it is the same, rather than to keep
    another copy of the table.

    Parameters
    ----------
    settings : Settings
        Says how much memory and how many threads to use.
    path : Path
        Where the run is.

    Raises
    ------
    UsageError
        No run is there.
    """

    def __init__(self, settings: Settings, path: Path) -> None:
        if not (path / REQUEST).is_file():
            msg = (
                f"{path} is no folder of a run, so there is nothing to go on with. "
                "`crm sample TABLE --target COLUMN` begins one, and prints where it is."
            )
            raise UsageError(msg)
        known = json.loads((path / REQUEST).read_text(encoding="utf-8"))
        asked = known["request"]
        asked |= {
            "drop": tuple(asked["drop"]),
            "test": Path(asked["test"]) if asked["test"] else None,
        }
        self.settings, self.path = settings, path
        self.request = Request(**asked)
        self.run_id: str = known["run_id"]
        self.data_version: str = known["data_version"]
        self.clock = Clock(self.request.budget, settings.threads)

    @classmethod
    def begin(cls, settings: Settings, request: Request) -> "Folder":
        """Draw the sample, and begin a run with it."""
        drawn = draw(settings, request)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        name = f"{request.target} {today}"
        run_id = tracking.start_run(settings, request.name, name)
        path = settings.reports / request.name
        path = path / f"{today}-{run_id}"
        make_folder(path)
        asked = asdict(request) | {
            "source": str(Path(request.source).resolve())
            if Path(request.source).is_file()
            else request.source,
            "test": str(request.test.resolve()) if request.test else None,
            "positive": drawn.positive,
        }
        known = {
            "run_id": run_id,
            "data_version": drawn.hash(),
            "query": drawn.query,
            "request": asked,
        }
        text = json.dumps(known, indent=2)
        (path / REQUEST).write_text(text, encoding="utf-8")
        folder = cls(settings, path)
        folder.drawn = drawn
        return folder

    @cached_property
    def drawn(self) -> Sample:
        """The sample, drawn again.

        Raises
        ------
        DataQualityError
            It is not what the run began with.
        """
        drawn = draw(self.settings, self.request)
        if drawn.hash() != self.data_version:
            msg = (
                f"{self.request.source} is no longer what was sampled, so this stage "
                "did nothing. Begin again with `crm sample`."
            )
            raise DataQualityError(msg)
        return drawn

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Leave a table to the stages that follow."""
        table.to_parquet(self.path / name, index=False)

    def read_columns(self, *, after: str) -> pd.DataFrame:
        """Read what is known of each column after ``explore`` or ``modify``."""
        self._require(COLUMNS_FILE, "explore")
        columns = pd.read_parquet(self.path / COLUMNS_FILE)
        if after == "modify" and "treatment" not in columns:
            self._refuse("modify")
        return columns

    def write_predictions(self, predictions: Predictions) -> None:
        """Leave what the candidates say."""
        self.write(TEST, pd.DataFrame(predictions.test))
        parts = [
            pd.DataFrame(tuned).assign(part=number)
            for number, tuned in enumerate(predictions.tune)
        ]
        self.write(TUNE, pd.concat(parts, ignore_index=True))
        rest = {
            "pairs": predictions.pairs,
            "left_out": predictions.left_out,
            "runs": predictions.runs,
        }
        (self.path / MODEL).write_text(json.dumps(rest), encoding="utf-8")

    def read_predictions(self) -> Predictions:
        """Read what the candidates say."""
        self._require(MODEL, "model")
        rest = json.loads((self.path / MODEL).read_text(encoding="utf-8"))
        test = _read_arrays(pd.read_parquet(self.path / TEST))
        tune = pd.read_parquet(self.path / TUNE)
        return Predictions(
            test=test,
            tune=[
                _read_arrays(part.drop(columns="part"))
                for _, part in tune.groupby("part")
            ],
            pairs=[[tuple(pair) for pair in part] for part in rest["pairs"]],
            left_out=rest["left_out"],
            runs=rest["runs"],
        )

    def _require(self, name: str, stage: str) -> None:
        if not (self.path / name).is_file():
            self._refuse(stage)

    def _refuse(self, stage: str) -> None:
        msg = (
            f"The stage {stage} of this run has not ended well yet, so there is "
            f"nothing to go on with. Run `crm {stage} {self.path}` first."
        )
        raise UsageError(msg)


def _read_arrays(table: pd.DataFrame) -> dict[str, np.ndarray]:
    return {name: table[name].to_numpy() for name in table}
