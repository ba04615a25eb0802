"""What several bodies are made of. There is no field for a card number or a security code anywhere."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field
from shared.bodies import Body as Body
from shared.bodies import Out as Out

CLEAN = r"^[^\x00]*$"  # PostgreSQL stores no zero byte
MOST = 10**11
Text = Annotated[str, Field(max_length=300, pattern=CLEAN)]
Name = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Remark = Annotated[str, Field(max_length=5000, pattern=CLEAN)]
Amount = Annotated[int, Field(gt=0, le=MOST, description="In minor units.")]
AmountOrNone = Annotated[int, Field(ge=0, le=MOST, description="In minor units.")]
UnitPrice = Annotated[
    Decimal,
    Field(
        ge=-MOST,
        le=MOST,
        max_digits=13,
        decimal_places=1,
        description="In minor units, to a tenth of one: 12.5 is 12.5 cents. Negative for what is taken off.",
    ),
]
Quantity = Annotated[Decimal, Field(gt=0, le=100_000, max_digits=9, decimal_places=3)]
Rate = Annotated[
    str, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?$", description="Percent, as a decimal text.")
]
