"""Demo: banks to try it on, synthetic or public.

Belongs here: writing deliveries as a bank's systems would (``simulate``,
``import_berka``), and the truth that only tests may read. Does not belong here:
anything that a real night needs; no layer imports this folder.
"""
