"""Values that must come from a reference: tokens, signing secrets, a store's password.

It decides when a literal stands where a reference is due. No message here holds the value.
"""

import re
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from gateway.config.fields import REFERENCE, Names, shaped
from gateway.config.references import Substituted, mask
from gateway.config.secret import Secret

REFERENCE_DUE = "a secret is due, by reference: ${env:NAME} or ${file:PATH}; a literal may not stand here"
_STORE_DUE = "sqlite:///FILE or postgresql://USER@HOST/DATABASE is due"
_SQLITE = "sqlite:///"


def _secret(value: object) -> Secret:
    if not isinstance(value, Substituted):
        raise ValueError(REFERENCE_DUE)
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValueError("what the reference stands for is empty, or has blanks or characters beyond ASCII")
    return Secret(str(value))


def _store(value: object, info: ValidationInfo[Names]) -> Secret:
    if not isinstance(value, str):
        raise ValueError(_STORE_DUE)
    if _literal_password(getattr(value, "written", value)):
        raise ValueError("the password is due by reference: postgresql://USER:${env:NAME}@HOST/DATABASE")
    if value.startswith(_SQLITE) and len(value) > len(_SQLITE):
        return Secret(_SQLITE + str(info.context.folder / value.removeprefix(_SQLITE)))
    if re.fullmatch(r"postgresql://[^/\s]+/[^/\s]+", value):
        return Secret(str(value))
    raise ValueError(_STORE_DUE)


def _literal_password(written: str) -> bool:
    masked = mask(written, "\0")
    found = re.match(r"[a-z+]+://[^/@:]*:(.+)@", masked, re.DOTALL)
    in_query = re.search(r"[?&]password=([^&]+)", masked)
    return any(each is not None and "\0" not in each[1] for each in (found, in_query))


SecretText = Annotated[Secret, PlainValidator(_secret), WithJsonSchema({"type": "string", "pattern": f"^{REFERENCE}$"})]
StoreUrl = Annotated[Secret, PlainValidator(_store), shaped("(sqlite:///|postgresql://).+")]
