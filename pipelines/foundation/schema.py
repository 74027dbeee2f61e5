"""The tables that Python writes, and what is in them."""

from pipelines.foundation.use_case import UseCase, find_use_case, list_names

# What scores may be identified by.
KEY_TYPES = {
    "customer_id": "varchar",
    "as_of_date": "date",
    "product_family": "varchar",
}
# What ingestion adds to each row: where it came from and since when it was known.
RAW_COLUMNS = {
    "delivery_id": "varchar",
    "known_at": "timestamp",
    "row_hash": "ubigint using compression uncompressed",
}
WAREHOUSE_TABLES = """
create schema if not exists raw;
create schema if not exists ops;
create schema if not exists ml;

create table if not exists ops.deliveries (
    delivery_id varchar, source varchar, business_date date, sequence integer,
    extracted_at timestamp, status varchar, note varchar,
    rows_delivered bigint, rows_loaded bigint, rows_duplicate bigint,
    rows_quarantined bigint, rows_hash varchar, content_sha256 varchar,
    loaded_at timestamp
);
create table if not exists ops.quarantine (
    delivery_id varchar, file_number integer, line_number bigint,
    column_name varchar, reason varchar, state varchar
);
-- What a delivery says of a key that deliveries of other dates said, too, unless it is
-- in raw as it was said; and all that is taken out to be judged again, which is stale.
create table if not exists ops.contested_rows (
    delivery_id varchar, key_hash ubigint, row_hash ubigint, said_at timestamp,
    outcome varchar
);
create table if not exists ops.delivery_facts (
    delivery_id varchar, source varchar, business_date date, sequence integer,
    rhythm varchar, rows_delivered bigint, rows_loaded bigint, rows_duplicate bigint,
    rows_quarantined bigint, rows_unaccounted bigint, rows_missing bigint,
    quarantined_share double, missing_required_share double,
    impossible_time_share double, unknown_reference_share double,
    filled_share double, filled_share_change double, volume_ratio double,
    newest_row_age_days integer, knowledge_lag_hours double, delay_days integer,
    missing_sequence_count integer, missing_date_count integer,
    early_event_share double, unlike_register_share double, slipped_share double,
    seen_account_share double, unmoved_share double, typical_amount double,
    typical_amount_ratio double
);
create table if not exists ops.delivery_principles (
    delivery_id varchar, source varchar, business_date date, principle varchar,
    check_count integer, failed_count integer
);
-- What was refused or said twice was put through one check, and failed it.
create or replace view ops.delivery_checks as
select
    principles.delivery_id, principles.source, principles.business_date,
    principles.principle, principles.check_count, principles.failed_count
from ops.delivery_principles as principles
inner join ops.deliveries using (delivery_id)
where deliveries.status in ('accepted', 'held')
union all
select delivery_id, source, business_date, 'authenticity', 1, 1
from ops.deliveries
where status in ('refused', 'duplicate') and business_date is not null;
create table if not exists ops.decisions (
    decision varchar, target varchar, row_count bigint, reason varchar,
    decided_by varchar, decided_at timestamp
);
create table if not exists ops.gates (
    gate varchar, target varchar, checked_at timestamp, is_passed boolean,
    expectation_count integer, failed_count integer, details json
);
create or replace view ops.accepted_deliveries as
select
    delivery_id, source, business_date, sequence, extracted_at as known_at,
    min(extracted_at) over (
        partition by source, business_date order by sequence
        rows between 1 following and unbounded following
    ) as superseded_at
from ops.deliveries
where status = 'accepted';

create table if not exists ops.identity_changes (
    source varchar, number varchar, customer_id varchar, action varchar,
    rule varchar, score double, known_at timestamp, registered_date date
);
create or replace view ops.customer_identities as
with stated as (
    select number, customer_id, registered_date, known_at
    from ops.identity_changes
    where source = 'core_customers'
    union all
    select distinct number, number, cast(null as date), timestamp '0001-01-01'
    from ops.identity_changes
    where source = 'core_customers'
)
select
    number as customer_number, customer_id, registered_date, known_at,
    lead(known_at) over (partition by number order by known_at) as superseded_at
from stated;
create or replace view ops.prospect_identities as
select
    number as person_number, customer_id, known_at,
    lead(known_at) over (partition by number order by known_at) as superseded_at
from ops.identity_changes
where source = 'partner';
create table if not exists ops.erasures (
    erasure_id varchar, erased_at timestamp, certificate json
);
create table if not exists ops.erased_contents (
    delivery_id varchar, content_sha256 varchar
);
create table if not exists ops.retraining (
    erasure_id varchar, use_case varchar, estimator_version integer,
    flagged_at timestamp
);
create table if not exists ops.promotions (
    use_case varchar, estimator_version integer, run_id varchar,
    promoted_at timestamp, reason varchar, digests json
);
alter table ops.promotions add column if not exists approved_by varchar;
-- Every challenger and what was decided of it, refusals too. Nothing here makes a
-- champion: whoever looks for one reads ops.promotions.
create table if not exists ops.challenges (
    use_case varchar, estimator_version integer, mining_run_id varchar,
    candidate varchar, run_id varchar, model_id varchar, digests json,
    learnt_until date, champion_version integer, decision varchar, reason varchar,
    decided_by varchar, decided_at timestamp, figures json
);
-- A later promotion makes the comparison stale, an erasure what was learnt.
create or replace view ops.waiting_challengers as
with latest as (
    from ops.challenges
    qualify row_number() over (
        partition by use_case, estimator_version order by decided_at desc
    ) = 1
)
from latest
where latest.decision = 'waiting'
    and not exists (
        from ops.promotions
        where promotions.use_case = latest.use_case
            and promotions.promoted_at > latest.decided_at
    )
    and not exists (
        from ops.retraining
        where retraining.use_case = latest.use_case
            and retraining.flagged_at > latest.decided_at
    );
create table if not exists ml.mining_runs (
    use_case varchar, mining_run_id varchar, started_at timestamp,
    seed integer, data_version varchar, status varchar, note varchar
);
create table if not exists ml.candidates (
    use_case varchar, mining_run_id varchar, candidate varchar, complexity integer,
    run_id varchar, model_id varchar, digests json
);
create table if not exists ml.assessments (
    use_case varchar, mining_run_id varchar, candidate varchar, part varchar,
    as_of_date date, metric varchar, value double
);
alter table ml.assessments add column if not exists low double;
alter table ml.assessments add column if not exists high double;
alter table ml.assessments add column if not exists segment varchar;
create table if not exists ml.score_reasons (
    use_case varchar, customer_id varchar, as_of_date date, product_family varchar,
    reason_rank integer, concept varchar, level varchar, attribution double,
    run_id varchar
);
create table if not exists ml.estimator_health (
    use_case varchar, as_of_date date, estimator_version integer, run_id varchar,
    metric varchar, feature varchar, value double, threshold double, is_alert boolean
);
"""
# What warehouses of the first version lack.
LATER_FACTS = {
    "missing_sequence_count": "integer",
    "missing_date_count": "integer",
    "early_event_share": "double",
    "unlike_register_share": "double",
    "slipped_share": "double",
    "unmoved_share": "double",
    "seen_account_share": "double",
    "typical_amount": "double",
    "typical_amount_ratio": "double",
}

# Schema, table, and a column's name before and now.
LATER_NAMES = [("ml", "score_reasons", "contribution", "attribution")]


def write_score_tables() -> str:
    """Write the SQL of what is scored: a table for each use case, all in one view."""
    use_cases = [find_use_case(name) for name in list_names()]
    tables = [_write_score_table(use_case) for use_case in use_cases]
    united = " union all ".join(_select_scores(use_case) for use_case in use_cases)
    return ";\n".join([*tables, f"create or replace view ml.scores as {united}"])


def _write_score_table(use_case: UseCase) -> str:
    keys = ", ".join(f"{name} {KEY_TYPES[name]}" for name in use_case.keys)
    return f"""
        create table if not exists {use_case.score_table} (
            {keys}, {use_case.probability} double, estimator_version integer,
            run_id varchar, scored_at timestamp
        )
    """


def _select_scores(use_case: UseCase) -> str:
    family = "product_family"
    if family not in use_case.keys:
        family = f"cast(null as varchar) as {family}"
    return f"""
        select
            '{use_case.name}' as use_case, customer_id, as_of_date, {family},
            {use_case.probability} as probability, estimator_version, run_id, scored_at
        from {use_case.score_table}
    """
