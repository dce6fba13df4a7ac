"""Which keys may stand at a place of the file, read from the models themselves."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from gateway.config.nodes import Path


def known_keys(root: type[BaseModel], path: Path) -> list[str]:
    """The keys of the mapping at the path, in the order of the reference; empty where any name may stand."""
    kind: Any = root
    for part in path:
        kind = _below(_model_or_container(kind), part)
    model = _model_or_container(kind)
    return _names(model) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _below(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field for name, field in kind.model_fields.items()}
        return fields[str(part)].annotation if part in fields else None
    return get_args(kind)[-1] if get_args(kind) else None


def _model_or_container(kind: Any) -> Any:
    """The one alternative that can hold something: unions are of a model or a container and null."""
    if get_origin(kind) is Annotated:
        return _model_or_container(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _model_or_container(next(each for each in get_args(kind) if each is not type(None)))
    return kind
