"""Accept: which deliveries the marts may read, by the four principles 真实 准确 及时 全面.

Belongs here: facts measured on a delivery, agreement between sources, the verdict.
Does not belong here: what is expected of the facts (``expectations/delivery_facts.py``),
and rules about single rows (``ingest``, by each source's contract).
"""
