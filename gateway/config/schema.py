"""The JSON Schema of the configuration file, for editors, made from the models that check it.

It decides how the schema is laid out. It says less than the models do: what spans keys, only they check.
"""

from typing import Any

from gateway.config.document import Document
from gateway.config.fields import REFERENCE

Schema = dict[str, Any]


def json_schema() -> Schema:
    """Draft 2020-12."""
    schema = _tidy(Document.model_json_schema(by_alias=True, mode="validation"))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Configuration of the gateway"}
    return {**head, **schema}


def _tidy(schema: Schema) -> Schema:
    """Without the titles that only repeat names, and with names that do not fit their pattern refused."""
    tidy = {key: _tidy_value(key, value) for key, value in schema.items() if key != "title"}
    patterns = tidy.pop("patternProperties", None)
    if patterns:
        ((pattern, below),) = patterns.items()
        tidy["propertyNames"] = {"pattern": pattern.replace(f"|{REFERENCE}", "")}
        tidy["additionalProperties"] = below
    return tidy


def _tidy_value(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_tidy(each) if isinstance(each, dict) else each for each in value]
    if key in ("properties", "$defs", "patternProperties"):
        return {name: _tidy(below) for name, below in value.items()}
    return _tidy(value) if isinstance(value, dict) and key != "default" else value
