"""`gateway schema`: the configuration file's JSON Schema, for editors."""

import click

from gateway.cli import terminal
from gateway.config.schema import json_schema

EXAMPLES = """\b
Examples:
  gateway schema > gateway.schema.json
  sed -i '1i # yaml-language-server: $schema=gateway.schema.json' gateway.yaml
"""


@click.command(epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Accepted for scripts that always pass it; the schema is JSON.")
def command(as_json: bool) -> None:
    """Print the JSON Schema of the configuration file.

    Editors with a YAML language server complete and check the file with it. `gateway check` sees more: names that
    are not defined, routes that match the same requests, missing secrets.
    """
    terminal.document(json_schema())
