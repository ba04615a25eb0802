"""What a request's body may hold: what its document says, and nothing that merely resembles it.

Left alone, pydantic takes 0 for false, true for 1 and a number for a time, counted from 1970.
"""

from datetime import date, datetime
from typing import Annotated, Any, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

# Kinds of pydantic's own schemas. The first are made strict. Strict times would refuse text as well.
_EXACT = ("bool", "int", "float")
_WRITTEN = ("date", "time", "datetime", "timedelta")


def _written(value: Any) -> Any:
    if isinstance(value, (int, float)) or (isinstance(value, str) and _is_number(value)):
        raise ValueError("a number is no time: write it like 2026-03-01T08:00:00-06:00 or 2026-03-01")
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


Time: TypeAlias = Annotated[datetime, BeforeValidator(_written)]
"""For query parameters; a Body's own times are read like this anyway."""
Day: TypeAlias = Annotated[date, BeforeValidator(_written)]


def _exactly(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_exactly(part) for part in schema]
    if isinstance(schema, tuple):
        return tuple(_exactly(part) for part in schema)
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if kind in _EXACT:
        return {**schema, "strict": True}
    if kind in _WRITTEN:
        return core_schema.no_info_before_validator_function(_written, cast(CoreSchema, schema))
    kept = ("metadata", "serialization", "ref") if isinstance(kind, str) else ()
    return {name: part if name in kept else _exactly(part) for name, part in schema.items()}


class Out(BaseModel):
    """What an answer holds, made of rows. Like all models here it is built at its first use: at import, those
    of all services cost a start a whole second."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class Body(BaseModel):
    """Unknown members are refused; truth values, numbers and times are taken in their own form only."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _exactly(handler(source))
