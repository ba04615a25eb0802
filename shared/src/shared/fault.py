"""Named points at which the reliability tests kill the process, as a power cut would."""

import os


def fault(point: str) -> None:
    """Ends the process here if CALLBOARD_FAULT_POINT names this point; else it does nothing."""
    if os.environ.get("CALLBOARD_FAULT_POINT") == point:
        os._exit(137)
