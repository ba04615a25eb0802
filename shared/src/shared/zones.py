"""The IANA zone of a US address, from its state and the first three digits of its ZIP.

Zones follow county lines (49 CFR 71) and ZIPs do not: for the few counties that differ from their ZIP area,
the zone of a location can be set by hand.
"""

_STATES = {
    "America/New_York": "CT DC DE FL GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Detroit": "MI",
    "America/Indiana/Indianapolis": "IN",
    "America/Kentucky/Louisville": "KY",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO MT NM UT WY",
    "America/Boise": "ID",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR",
    "America/St_Thomas": "VI",
    "Pacific/Guam": "GU MP",
    "Pacific/Pago_Pago": "AS",
}
_SPLIT = {
    "America/Chicago": "324 325 420 421 422 423 424 463 464 476 477",  # FL and IN west, KY west
    "America/New_York": "373 374 376 377 378 379",  # TN east
    "America/Denver": "577 586 693 798 799 885",  # SD and ND west, NE panhandle, El Paso
    "America/Boise": "979",  # Malheur County, OR
    "America/Los_Angeles": "835 838",  # ID north
}
BY_STATE = {state: zone for zone, states in _STATES.items() for state in states.split()}
BY_ZIP3 = {zip3: zone for zone, areas in _SPLIT.items() for zip3 in areas.split()}


def zone_of(state: str | None, zip_code: str | None) -> str | None:
    """The zone, or None for a state that is not known. `state` is the two-letter code."""
    usual = BY_STATE.get((state or "").strip().upper())
    return BY_ZIP3.get((zip_code or "").strip()[:3], usual) if usual else None
