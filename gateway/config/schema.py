"""The JSON Schema of the configuration file, for editors, made from the models that check it."""

from typing import Any

from gateway.config.document import Document


def json_schema() -> dict[str, Any]:
    """Draft 2020-12."""
    schema = Document.model_json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the gateway",
        **{key: value for key, value in schema.items() if key != "title"},
    }
