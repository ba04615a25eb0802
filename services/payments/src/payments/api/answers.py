"""Answers made of rows."""

from typing import Any

import pydantic_core
from fastapi import Response


def as_json(value: Any) -> Response:
    """The route's `response_model` describes it and does not check it: a model a row takes longer than the
    rest of a page."""
    return Response(pydantic_core.to_json(value), media_type="application/json")
