"""Settings of this process. What belongs to a mailbox is set over REST."""

from typing import Annotated

from pydantic import Field
from shared.settings import Settings

LARGEST_MAIL = 200_000_000
"""Bytes; what `max_mail_bytes` can be set to, since a posted mail is held in memory."""


class IngestSettings(Settings):
    poll_batch: Annotated[int, Field(ge=1, le=1000)] = 250
    """Most mails read before they are committed."""
    session_mails: Annotated[int, Field(ge=1)] = 10_000
    """Most mails in one mailbox session; deletions count only when a session ends."""
    max_mail_bytes: Annotated[int, Field(ge=100_000, le=LARGEST_MAIL)] = 50_000_000
    """A larger mail stays in the mailbox and raises an alarm."""
    max_parse_bytes: Annotated[int, Field(ge=100_000)] = 25_000_000
    """A larger mail is stored and forwarded as unable, but not looked into."""
    parse_seconds: Annotated[float, Field(gt=0)] = 2.0
    """Most time that one mail may take to be read."""
    parse_megabytes: Annotated[int, Field(ge=100)] = 300
    """Most memory that reading one mail may take."""
    parse_attempts: Annotated[int, Field(ge=1)] = 3
    """A mail that ended the reading process this often is unable, unread."""
    forward_batch: Annotated[int, Field(ge=1, le=500)] = 250
    """Most forwards taken at once."""
    forward_give_up_hours: Annotated[float, Field(gt=0)] = 72.0
    """A forward refused for this long waits for a person."""
    strange_forwards_an_hour: Annotated[int, Field(ge=1)] = 10
    """Most forwards an hour of one sender's mails that are neither trusted nor hold a document. Those above
    wait for a person: it may be a machine that answers our forwards."""
