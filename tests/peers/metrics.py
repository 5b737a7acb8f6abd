"""Reads a file of metrics with the parsers of prometheus_client: FILE.

The instances and their states are printed.
"""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()


def states(families):
    return sorted(
        (sample.labels["id"], sample.labels["state"])
        for family in families
        for sample in family.samples
        if sample.name == "gamectl_instance_state" and sample.value == 1
    )


families = list(openmetrics(text))
assert len(families) == len({family.name for family in families}), "a family twice"
assert all(family.documentation for family in families), "a family without a word about it"
assert states(families) == states(plain(text))
for id, state in states(families):
    print(id, state)
