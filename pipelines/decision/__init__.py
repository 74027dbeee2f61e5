"""Decision support 决策支持: who is contacted, why, by whom, and was it right.

Duty: turn what was learnt into lists, reasons and published marts for people at every
level. Belongs here: scores, reasons, monitoring, work lists, publishing.

Does not belong here: acting on a customer. The pipeline recommends; people decide.
"""
