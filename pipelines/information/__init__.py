"""Information system 信息系统: from landing to rows that can be trusted.

Duty: collect what channels and systems deliver, tidy it, keep it safe and up to date.
Belongs here: loading deliveries (``ingest``), accepting or holding them (``accept``),
saying which registrations are one person (``identity``), and what people do about
deliveries and rows afterwards (``quarantine``, ``replay``, ``rulings``).

Does not belong here: what a customer is. That is SQL, and the layer above builds it.
"""
