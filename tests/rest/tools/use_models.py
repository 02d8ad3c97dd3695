# mypy: ignore-errors
"""Reads records with the models that datamodel-code-generator has made: JSON on standard input, by model name."""

import json
import sys

import models

for name, records in json.load(sys.stdin).items():
    model = getattr(models, name)
    for record in records:
        read = model.model_validate(record)
        assert json.loads(read.model_dump_json(exclude_unset=True)).keys() <= record.keys()
    print(name, len(records))
