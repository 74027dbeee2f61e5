"""Accept: which deliveries the marts may read, by the four principles.

Authenticity 真实性, accuracy 准确性, timeliness 及时性 and completeness 全面性.
Belongs here: facts measured on a delivery, agreement between sources, the verdict.

Does not belong here: what is expected of the facts (``expectations``), and
rules about single rows (``ingest``, by each source's contract).
"""
