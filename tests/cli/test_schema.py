"""`gateway schema`: what editors are given."""

import json

import jsonschema
import yaml

from tests.support.command import EXAMPLE, run


def test_the_schema_is_one_and_takes_the_example() -> None:
    done = run("schema")
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(EXAMPLE))


def test_the_flag_for_scripts_changes_nothing() -> None:
    assert run("schema", "--json").stdout == run("schema").stdout
