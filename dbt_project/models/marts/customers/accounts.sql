select * from {{ ref('int_accounts_valued') }}
