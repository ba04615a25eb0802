"""Documents that a customer may open."""

from datetime import datetime

from pydantic import BaseModel


class DocumentOut(BaseModel):
    """`ticket` opens one document, until `expires_at`."""

    ticket: str
    expires_at: datetime
