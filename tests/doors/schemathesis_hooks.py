"""Bodies that are not JSON go out as the bytes they are."""

from typing import Any

import schemathesis


@schemathesis.serializer("message/rfc822", "image/png", "image/jpeg", "image/webp")
def plain(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
