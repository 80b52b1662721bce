"""The listener at which Prometheus reads the metrics: apart from the service, as Prometheus could show it no token."""

import errno
import os
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from lib.call import log, metrics
from lib.settings.settings import Settings

if TYPE_CHECKING:
    from prometheus_client.registry import CollectorRegistry

# prometheus_client reads this variable. It names a folder that the worker processes of a host share.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# Seconds between two tries to listen where another process does: a worker of the same host, which may end.
BETWEEN_TRIES = 5


def listen(ours: Settings) -> None:
    """Counts from now on, and lets Prometheus read the counts, if the settings say where."""
    if not ours.metrics_listen:
        return
    try:
        counts = metrics.Metrics(ours.deadline, ours.max_concurrent_requests)
    except Exception as error:
        # Nothing that is wrong with counting may keep the service from its work.
        look = f"; look at the folder in {FOLDER_VARIABLE}" if FOLDER_VARIABLE in os.environ else ""
        log.logger.error("there are no metrics: %s%s", error, look)
        return
    metrics.count(counts)
    Thread(target=_listen, args=[ours.metrics_listen, counts], daemon=True).start()


def _listen(address: str, counts: metrics.Metrics) -> None:
    # Imported here, as in lib.call.metrics.
    from prometheus_client import start_http_server

    host, _, port = address.rpartition(":")
    told = False
    while True:
        try:
            server, _ = start_http_server(int(port), host.strip("[]"), _shown(counts))
            # A client that hangs up would leave a traceback each time.
            vars(server)["handle_error"] = lambda *_: None
        except (OSError, ValueError) as error:
            if not told:
                _tell(address, error)
            told = True
            time.sleep(BETWEEN_TRIES)
        else:
            log.logger.info("metrics can be read at %s", address)
            return


def _shown(counts: metrics.Metrics) -> "CollectorRegistry":
    """Returns what to show: what this process counts, or all that share the folder."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return counts.registry
    from prometheus_client import CollectorRegistry

    shared = CollectorRegistry()
    shared.register(_OfTheLiving(Path(folder)))
    return shared


class _OfTheLiving:
    """Collects what all processes count, without the slots of those that have ended, of which not every host tells."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Any:
        """Returns the metrics."""
        from prometheus_client import multiprocess

        ended: Any = multiprocess.mark_process_dead
        for pid in {path.stem.rpartition("_")[2] for path in self._folder.glob("*.db")}:
            if not Path("/proc", pid).exists():
                ended(pid, str(self._folder))
        collector: Any = multiprocess.MultiProcessCollector
        return collector(None, str(self._folder)).collect()


def _tell(address: str, error: Exception) -> None:
    if getattr(error, "errno", None) == errno.EADDRINUSE and FOLDER_VARIABLE in os.environ:
        # Another worker process listens, and shows what this one counts, too.
        return
    log.logger.error("metrics cannot be read at %s: %s; trying again every %d s", address, error, BETWEEN_TRIES)
