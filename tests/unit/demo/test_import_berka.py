"""Does the Czech bank come in whole, and each row where it belongs?"""

import csv
import hashlib
import json
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from pipelines.demo.import_berka import run as import_berka
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.settings import Settings

CHANNELS = ("branch", "card", "online", "core_postings")

TRANS = (
    '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";'
    '"bank";"account"'
)
# A woman and a man share an account with a loan and a card. Another woman's account is
# opened after the last transaction.
MINIATURE = {
    "account": """
        "account_id";"district_id";"frequency";"date"
        1;10;"POPLATEK MESICNE";930101
        2;20;"POPLATEK MESICNE";930410
    """,
    "client": """
        "client_id";"birth_number";"district_id"
        1;"706213";18
        2;"450204";1
        3;"406009";1
    """,
    "disp": """
        "disp_id";"client_id";"account_id";"type"
        101;1;1;"OWNER"
        102;2;1;"DISPONENT"
        103;3;2;"OWNER"
    """,
    "order": """
        "order_id";"account_id";"bank_to";"account_to";"amount";"k_symbol"
        5;1;"AB";"111";50.00;"LEASING"
    """,
    "loan": """
        "loan_id";"account_id";"date";"amount";"duration";"payments";"status"
        9;1;930215;1200;12;100.00;"A"
    """,
    "card": """
        "card_id";"disp_id";"type";"issued"
        7;101;"classic";930220 00:00:00
    """,
    "trans": f"""
        {TRANS}
        11;1;930101;"PRIJEM";"VKLAD";1000.00;1000.00;"";;
        13;1;930331;"PRIJEM";"";10.00;945.40;"UROK";;
        14;1;930331;"VYDAJ";"VYBER";14.60;935.40;"SLUZBY";;
        12;1;930115;"VYDAJ";"PREVOD NA UCET";50.00;950.00;" ";"AB";"111"
    """,
}
KINDS = """
type;operation;amount;k_symbol;bank;account -> source event_type amount
PRIJEM;VKLAD;5;;;                           -> branch deposit 5.00
VYDAJ;VYBER;5;;;                            -> branch withdrawal -5.00
VYDAJ;VYBER;5; ;;0                          -> branch withdrawal -5.00
VYDAJ;VYBER;5;SIPO;;0                       -> branch withdrawal -5.00
VYBER;VYBER;5;;;                            -> branch withdrawal -5.00
VYDAJ;VYBER KARTOU;5;;;0                    -> card cash_withdrawal -5.00
VYDAJ;PREVOD NA UCET;5; ;AB;111             -> online transfer -5.00
VYDAJ;PREVOD NA UCET;50; ;AB;111            -> core_postings standing_order -50.00
VYDAJ;PREVOD NA UCET;50;;AB;111             -> core_postings standing_order -50.00
VYDAJ;PREVOD NA UCET;5;SIPO;AB;111          -> core_postings standing_order -5.00
VYDAJ;PREVOD NA UCET;5;POJISTNE;AB;111      -> core_postings insurance_premium -5.00
VYDAJ;PREVOD NA UCET;5;UVER;AB;111          -> core_postings loan_instalment -5.00
PRIJEM;PREVOD Z UCTU;5;;AB;111              -> online incoming_transfer 5.00
PRIJEM;PREVOD Z UCTU;5;DUCHOD;AB;111        -> core_postings pension 5.00
PRIJEM;;5;UROK;;                            -> core_postings interest 5.00
VYDAJ;VYBER;5;SLUZBY;;                      -> core_postings fee -5.00
VYDAJ;VYBER;5;SANKC. UROK;;                 -> core_postings penalty_interest -5.00
""".strip().splitlines()[1:]


def write_bank(folder, **changed):
    """Write the miniature; keywords replace a file's text, and None leaves it out."""
    folder.mkdir(exist_ok=True)
    for name, text in (MINIATURE | changed).items():
        if text is not None:
            lines = [line.strip() for line in text.strip().splitlines()]
            (folder / f"{name}.asc").write_text("\n".join([*lines, ""]), newline="\r\n")
    return folder


def run(tmp_path, folder):
    settings = Settings(home=tmp_path / "home")
    return import_berka.run(settings, folder), settings.landing


def read_rows(landing, source, month="*"):
    return [
        row
        for path in sorted(landing.glob(f"{source}/{month}/*.csv"))
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    ]


def read_manifests(landing):
    return [
        (path.parent, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(landing.glob("*/*/manifest.json"))
    ]


@pytest.fixture(scope="module")
def real(berka, tmp_path_factory):
    return run(tmp_path_factory.mktemp("berka"), berka)


def read_source(source, name):
    (path,) = source.glob(f"{name}*.asc")
    with path.open(encoding="latin-1", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def signed(transaction):
    amount = Decimal(transaction["amount"])
    return amount if transaction["type"] == "PRIJEM" else -amount


def test_every_transaction_of_the_bank_lands_in_exactly_one_delivery(berka, real):
    summary, landing = real
    key = {channel: load_contracts()[channel].keys[0] for channel in CHANNELS}

    landed = Counter(
        row[key[channel]] for channel in CHANNELS for row in read_rows(landing, channel)
    )

    assert len(landed) == sum(summary.rows[channel] for channel in CHANNELS) == 46_997
    assert landed == Counter(row["trans_id"] for row in read_source(berka, "trans"))


def test_sums_per_account_match_the_bank(berka, real):
    expected, landed = defaultdict(Decimal), defaultdict(Decimal)
    for row in read_source(berka, "trans"):
        expected[row["account_id"]] += signed(row)

    for channel in CHANNELS:
        for row in read_rows(real[1], channel):
            landed[row["account_number"]] += Decimal(row["amount"])

    assert len(landed) == 1_229
    assert landed == expected


def test_every_row_of_the_registers_lands_in_exactly_one_delivery(berka, real):
    accounts = read_rows(real[1], "core_accounts")
    clients = Counter(
        row["customer_number"] for row in read_rows(real[1], "core_customers")
    )

    assert clients == Counter(row["client_id"] for row in read_source(berka, "client"))
    assert Counter(
        (row["product_code"], bool(row["card_number"])) for row in accounts
    ) == {("CUR01", False): 5_369, ("CUR01", True): 892, ("LN01", False): 682}
    holders = {
        (row["account_number"], row["customer_number"], row["role"])
        for row in accounts
        if row["product_code"] == "CUR01"
    }
    roles = {"OWNER": "owner", "DISPONENT": "joint"}
    assert holders == {
        (row["account_id"], row["client_id"], roles[row["type"]])
        for row in read_source(berka, "disp")
    }


def test_month_end_balances_are_what_the_transactions_add_up_to(berka, real):
    transactions = defaultdict(list)
    for row in read_source(berka, "trans"):
        transactions[row["account_id"]].append(row)

    balances = read_rows(real[1], "core_balances")

    assert (
        len({(row["account_number"], row["balance_date"]) for row in balances})
        == 10_958
    )
    for row in balances:
        happened = [
            transaction
            for transaction in transactions[row["account_number"]]
            if transaction["date"] <= row["balance_date"].replace("-", "")[2:]
        ]
        assert row["balance"] in {transaction["balance"] for transaction in happened}
        # The bank rounds each balance, and it adds up.
        assert abs(Decimal(row["balance"]) - sum(map(signed, happened))) < 1


def test_no_row_is_delivered_before_it_happened_or_after_its_month(real):
    for folder, manifest in read_manifests(real[1]):
        happened = load_contracts()[manifest["source"]].happened.name
        days = {
            row[happened][:10]
            for row in read_rows(folder.parents[1], manifest["source"], folder.name)
        }

        assert {day[:7] for day in days} <= {manifest["business_date"][:7]}
        assert all(day < manifest["extracted_at"] for day in days)


def test_manifests_promise_what_is_there(real):
    summary, landing = real
    manifests = read_manifests(landing)

    for folder, manifest in manifests:
        (file,) = manifest["files"]
        content = (folder / file["name"]).read_bytes()
        rows = read_rows(landing, manifest["source"], folder.name)
        assert (file["bytes"], file["rows"]) == (len(content), len(rows))
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        for column, total in manifest["control_totals"].items():
            assert Decimal(total) == sum(Decimal(row[column]) for row in rows)
    assert len(manifests) == summary.delivery_count == 5 * 15 + 2 * 72
    assert str(summary.last_date) == "1994-03-31"


def test_all_transfers_out_follow_an_instruction_of_the_bank(real):
    events = Counter(row["event_type"] for row in read_rows(real[1], "online"))

    assert events == {"incoming_transfer": 2_002}


@pytest.fixture(scope="module")
def miniature(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("miniature")
    _, landing = run(tmp_path, write_bank(tmp_path / "bank"))
    return landing


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("kinds")
    rows = [TRANS]
    for number, line in enumerate(KINDS):
        kind, operation, amount, *purpose = line.split("->")[0].strip().split(";")
        known = [str(number), "1", "930101", kind, operation, amount, "5"]
        rows.append(";".join(known + purpose))
    _, landing = run(tmp_path, write_bank(tmp_path / "bank", trans="\n".join(rows)))
    return landing


@pytest.mark.parametrize("line", KINDS)
def test_a_transaction_goes_where_its_kind_belongs(kinds, line):
    number = str(KINDS.index(line))

    assert [
        f"{channel} {row['event_type']} {row['amount']}"
        for channel in CHANNELS
        for row in read_rows(kinds, channel)
        if number
        in (row.get("event_number"), row.get("visit_number"), row.get("posting_number"))
    ] == [line.split("->")[1].strip()]


def test_a_day_becomes_its_midnight(miniature):
    (deposit,) = read_rows(miniature, "branch")
    assert deposit["occurred_at"] == "1993-01-01T00:00:00Z"


def test_birth_numbers_tell_birth_date_and_gender(miniature):
    assert {
        row["customer_number"]: (row["birth_date"], row["gender"])
        for row in read_rows(miniature, "core_customers")
    } == {
        "1": ("1970-12-13", "female"),
        "2": ("1945-02-04", "male"),
        "3": ("1940-10-09", "female"),
    }


def test_a_client_is_registered_with_the_first_account_and_its_branch(miniature):
    assert [
        (row["customer_number"], row["registered_date"], row["branch_code"])
        for row in read_rows(miniature, "core_customers")
    ] == [
        ("1", "1993-01-01", "10"),
        ("2", "1993-01-01", "10"),
        ("3", "1993-04-10", "20"),
    ]


def test_cards_and_loans_are_known_from_the_day_they_are_issued(miniature):
    assert [
        (row["changed_date"], row["account_number"], row["role"], row["card_number"])
        for row in read_rows(miniature, "core_accounts")
    ] == [
        ("1993-01-01", "1", "owner", ""),
        ("1993-01-01", "1", "joint", ""),
        ("1993-02-15", "loan-9", "owner", ""),
        ("1993-02-20", "1", "owner", "card-7"),
        ("1993-04-10", "2", "owner", ""),
    ]


def test_the_balance_of_a_month_is_its_last_one_and_outlives_a_month_at_rest(miniature):
    # The last day's fee stands below its interest in the file, and came before it.
    assert [
        (row["balance_date"], row["balance"])
        for row in read_rows(miniature, "core_balances")
    ] == [("1993-01-31", "950.00"), ("1993-02-28", "950.00"), ("1993-03-31", "945.40")]


def test_each_source_delivers_every_month_it_could_have_rows_in(miniature):
    months = {
        folder.name: [path.name for path in sorted(folder.iterdir())]
        for folder in miniature.iterdir()
    }
    events = ["1993-01-31", "1993-02-28", "1993-03-31"]
    registers = [*events, "1993-04-30"]
    assert months == dict.fromkeys(
        (*CHANNELS, "core_balances"), events
    ) | dict.fromkeys(("core_customers", "core_accounts"), registers)
    (card,) = miniature.glob("card/1993-02-28/*.csv")
    assert card.read_text(encoding="utf-8").strip() == ",".join(
        load_contracts()["card"].names
    )


def test_importing_twice_leaves_what_importing_once_leaves(tmp_path):
    folder = write_bank(tmp_path / "bank")

    _, landing = run(tmp_path, folder)
    once = {path: path.read_bytes() for path in landing.glob("*/*/*")}
    run(tmp_path, folder)

    assert {path: path.read_bytes() for path in landing.glob("*/*/*")} == once


def test_a_missing_folder_is_answered_in_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"^There is no folder .*/nowhere, so nothing"):
        run(tmp_path, tmp_path / "nowhere")


@pytest.mark.parametrize("name", MINIATURE)
def test_a_missing_file_is_named(tmp_path, name):
    folder = write_bank(tmp_path / "bank", **{name: None})

    with pytest.raises(UsageError, match=rf"holds 0 files {name}\.asc instead of one"):
        run(tmp_path, folder)


def test_two_files_of_transactions_are_one_too_many(tmp_path):
    folder = write_bank(tmp_path / "bank", trans_1993=MINIATURE["trans"])

    with pytest.raises(UsageError, match=r"holds 2 files trans\.asc instead of one"):
        run(tmp_path, folder)


@pytest.mark.parametrize("name", MINIATURE)
def test_another_header_is_refused_by_name(tmp_path, name):
    other = MINIATURE[name].replace("_id", "_number", 1)

    with pytest.raises(
        UsageError, match=rf"^{name}\.asc does not begin with {name}_id"
    ):
        run(tmp_path, write_bank(tmp_path / "bank", **{name: other}))


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("client", ("706213", "703199"), "birth number that is no date"),
        ("client", ("706213", "secret"), "birth number that is no date"),
        ("trans", ("930115", "secret"), "trans.asc, line 5, does not fit"),
        ("trans", ('950.00;" ";"AB"', "950.00"), "trans.asc, line 5, does not fit"),
        ("loan", ("1200", "secret"), "loan.asc, line 2, does not fit"),
    ],
)
def test_an_unreadable_row_stops_the_import(tmp_path, name, change, told):
    damaged = {name: MINIATURE[name].replace(*change, 1)}

    with pytest.raises(UsageError) as caught:
        run(tmp_path, write_bank(tmp_path / "bank", **damaged))

    assert told in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "home/landing").exists()


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("trans", ("VKLAD", "DAR"), "(PRIJEM/DAR/: 1 rows)"),
        ("trans", ("UROK", "DAR"), "(PRIJEM//DAR: 1 rows)"),
        ("trans", ("VYDAJ", "DAR"), "(DAR/VYBER/SLUZBY: 1 rows)"),
        ("trans", ("930115", ""), "trans: 3 of 4 rows"),
        ("disp", ("101;1;1;", "101;1;8;"), "client: 2 of 3 rows"),
        ("card", ("7;101;", "7;108;"), "disp, card, loan: 4 of 5 rows"),
        ("loan", ("9;1;", "9;8;"), "disp, card, loan: 4 of 5 rows"),
    ],
)
def test_a_row_that_no_delivery_would_hold_stops_the_import(
    tmp_path, name, change, told
):
    changed = {name: MINIATURE[name].replace(*change, 1)}

    with pytest.raises(DataQualityError) as caught:
        run(tmp_path, write_bank(tmp_path / "bank", **changed))

    assert told in str(caught.value)
    assert not (tmp_path / "home/landing").exists()
