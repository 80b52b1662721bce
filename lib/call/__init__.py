"""What belongs to the call being served: its request id, deadline, secrets, threads and lines in the log."""

from lib.call.context import Call, current, ending_early, outside, serving

__all__ = ["Call", "current", "ending_early", "outside", "serving"]
