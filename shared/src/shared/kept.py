"""A secret that is kept goes only where it was entered for."""

from collections.abc import Collection, Mapping

from shared.problems import Problem


def stay_with_destination(
    *,
    before: Mapping[str, object],
    after: Mapping[str, object],
    destination: Collection[str],
    missing: Collection[str],
) -> None:
    """For an edit that leaves a kept secret as it is. `destination` are the settings that say where it goes,
    by whom and how well encrypted; `missing` are JSON pointers to the kept secrets that the edit did not
    enter again. Raises the 422 problem where one of them would go elsewhere: whoever may change an address
    could read the secret there."""
    moved = sorted(name for name in destination if before.get(name) != after.get(name))
    if moved and missing:
        raise Problem(
            422,
            "Enter the password again",
            f"It is kept for the place that it was entered for, and this changes: {', '.join(moved)}.",
            errors=[{"pointer": pointer, "detail": "Enter it again."} for pointer in sorted(missing)],
        )
