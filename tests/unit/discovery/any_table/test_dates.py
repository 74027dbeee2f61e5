"""Is a date read in the one way that its column proves, and in no other?"""

from datetime import datetime, timedelta

import duckdb
import pytest

from pipelines.discovery.any_table.dates import prove_dates

DAYS = [datetime(2024, 1, 1) + timedelta(days=n) for n in range(366)]  # noqa: DTZ001


def read(texts):
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; create table t (day varchar)")
        connection.executemany("insert into t values (?)", [[text] for text in texts])
        proved, unsure = prove_dates(connection, "t", ["day"])
        if "day" not in proved:
            return unsure.get("day", "text")
        form = proved["day"].format("day")
        rows = connection.execute(
            f"select cast({form} as timestamp) from t where day is not null"
        ).fetchall()
    return [moment for (moment,) in rows]


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d.%m.%Y",
        "%d-%b-%Y",
        "%d %B %Y",
        "%b %d, %Y",
        "%Y年%m月%d日",
        "%d/%m/%Y %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S.%f",
        "%m/%d/%Y %I:%M %p",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S+00:00",
    ],
)
def test_a_year_of_days_is_read_as_it_was_written(form):
    assert read([f"{day:{form}}" for day in DAYS]) == DAYS


def test_an_offset_is_taken_off():
    assert read(["2024-01-01T08:00:00+08:00"]) == DAYS[:1]


@pytest.mark.parametrize("form", ["%d/%m/%y", "%d-%m-%y", "%d/%m/%y 10:00", "%d-%b-%y"])
def test_two_digit_years_that_may_be_days_are_read_in_no_way(form):
    assert set(read([f"{day:{form}}" for day in DAYS])) == {
        "day-month-year",
        "year-month-day",
    }


def test_two_digit_years_that_can_be_no_day_are_proved():
    day = datetime(1999, 12, 31)  # noqa: DTZ001
    assert read(["31/12/99", "01/02/98"])[0] == day


def test_days_up_to_the_twelfth_prove_no_order():
    texts = [f"{day:%d/%m/%Y}" for day in DAYS if day.day <= 12]

    assert set(read(texts)) == {"day-month-year", "month-day-year"}


def test_one_day_in_the_last_row_proves_the_order():
    texts = [f"{day:%d/%m/%Y}" for day in DAYS if day.day <= 12] * 20

    assert read([*texts, "13/01/2024"])[-1] == DAYS[12]


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-01-08 10:00 CST"],
        ["2024-01-08T10:00:00Z", "2024-01-08T10:00:00"],
        ["2024-02-30"],
        ["20240108"],
        ["12.50"],
        ["1-2"],
        ["A-01-2024"],
    ],
)
def test_what_is_no_date_stays_text(texts):
    assert read(texts) == "text"


def test_a_gap_is_no_hindrance():
    assert read(["31/12/2024", None, ""]) != "text"
