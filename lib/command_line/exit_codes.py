"""The exit codes of `python handler.py`. argparse itself exits with 2, too."""

import os

# The options are wrong, or the list that they name is.
WRONG_USAGE = 2
# A supervisor can tell what a later start may solve from what it cannot (sysexits.h).
MISTAKE_IN_SETTINGS, CANNOT_LISTEN = os.EX_CONFIG, os.EX_UNAVAILABLE
# By the class of the status that a function has answered.
BY_STATUS_CLASS = {2: 0, 4: 4, 5: 5}
# A cloud at which requests will be answered 4xx, or 5xx again and again.
NOT_READY = 4
