"""Measures what bounds the rate of sign-ups: Keystone's settings and processes, replicas, the people who are there."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from tests.support.service import ROOT, Service, service
from tools.bench.clock import Name, processor_seconds, seconds_of, turned
from tools.bench.keystones import DEFAULT, SETTINGS, Site, why_no_processes, with_people, with_processes, with_settings
from tools.bench.measures import AT_ONCE
from tools.bench.ways import Ours, log_in, new_login

Measured = dict[str, Any]


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    rounds: int = 5
    """How often each of what is compared has its turn."""
    bulk: int = 10
    """How many sign up in each turn, five at a time."""
    alone: int = 2
    """How many sign up and log in one at a time, in each turn."""
    settings: Sequence[str] = tuple(SETTINGS)
    """The rows of SETTINGS that are compared."""
    processes: Sequence[int] = (1, 2, 4)
    """How many processes Keystone has. The middle one is also tried with two replicas of the service."""
    people: Sequence[int] = (0, 100_000)
    """How many have signed up already in each of the Keystones that are compared."""


TINY = Scale(rounds=1, bulk=2, alone=1, settings=(DEFAULT,), processes=(), people=(20,))


@dataclass
class Bulk:
    """Steps that were done in several rounds, five at a time unless something else is said."""

    rates: list[float] = field(default_factory=list)
    """The steps in a second, for each round."""
    each: list[float] = field(default_factory=list)
    """The seconds of each step."""
    processor: float = 0.0
    """The seconds of Keystone's processor time for all of them."""

    def run(self, site: Site, steps: Sequence[Callable[[], object]], at_once: int = AT_ONCE) -> None:
        """Runs one more round of such steps."""
        before, begun = site.processor_seconds(), time.monotonic()
        with ThreadPoolExecutor(at_once) as threads:
            self.each += threads.map(seconds_of, steps)
        self.rates.append(len(steps) / (time.monotonic() - begun))
        self.processor += site.processor_seconds() - before


def measure(extent: Scale, say: Callable[[str], None]) -> Measured:
    """Returns all of it. `say` is told what comes next."""
    with TemporaryDirectory() as name:
        config = Path(name) / "config.yaml"
        # A list of so many people takes longer than one request usually may.
        config.write_text(f"user_handler:\n  deadline: 600\n  log_file: {name}/user-handler.log\n")
        options = ("--config", str(config))
        measured: Measured = {"extent": asdict(extent), "load": os.getloadavg()[0]}
        with service(*options) as one, service(*options) as other:
            say("Keystone's settings")
            measured["settings"], measured["own"] = settings(extent, one)
            if why_not := why_no_processes() if extent.processes else "not asked for":
                measured["processes"], measured["no_processes"] = {}, why_not
            else:
                say("Keystone's processes, and the service's replicas")
                measured["processes"] = processes(extent, [str(one.url), str(other.url)])
            say(f"Keystones that have {' and '.join(f'{count:,}' for count in extent.people)} people")
            measured["people"] = people(extent, str(one.url), options)
    return measured


def settings(extent: Scale, running: Service) -> tuple[Measured, float]:
    """Returns the sign-ups five at a time and alone, and the log-ins, by Keystone's settings.

    The second value is the seconds of processor time that the service takes for one of these sign-ups.
    """
    with with_settings(extent.settings) as sites:
        ours = {name: Ours(str(running.url), site.cloud_env) for name, site in sites.items()}
        taken = {name: {"bulk": Bulk(), "alone": Bulk(), "log_in": Bulk()} for name in sites}
        for one in ours.values():
            one.sign_up(new_login())
        process = psutil.Process(running.process.pid)
        before = processor_seconds(process)
        for name in _turns(extent, list(sites)):
            logins = [new_login() for _ in range(extent.alone)]
            taken[name]["bulk"].run(sites[name], _new_people(extent, [ours[name]]))
            taken[name]["alone"].run(sites[name], [partial(ours[name].sign_up, login) for login in logins], 1)
            taken[name]["log_in"].run(sites[name], [partial(log_in, sites[name].cloud_env, one) for one in logins], 1)
        sign_ups = extent.rounds * len(sites) * (extent.bulk + extent.alone)
        return _plain(taken), (processor_seconds(process) - before) / sign_ups


def processes(extent: Scale, urls: Sequence[str]) -> Measured:
    """Returns the sign-ups by Keystone's processes and the service's replicas, as in "2/1"."""
    middle = extent.processes[len(extent.processes) // 2]
    with with_processes(extent.processes) as sites:
        tried = [*((count, 1) for count in extent.processes), (middle, len(urls))]
        taken = {count_and_replicas: Bulk() for count_and_replicas in tried}
        for count, replicas in _turns(extent, list(taken)):
            ours = [Ours(url, sites[count].cloud_env) for url in urls[:replicas]]
            for one in ours:
                one.sign_up(new_login())
            taken[count, replicas].run(sites[count], _new_people(extent, ours))
    return _plain({f"{count}/{replicas}": {"bulk": bulk} for (count, replicas), bulk in taken.items()})


def people(extent: Scale, url: str, options: Sequence[str]) -> Measured:
    """Returns the sign-ups of new people, the repeats by name and by ids, and a list, by the people who are there."""
    with with_people(extent.people) as sites:
        taken = {name: {"new": Bulk(), "by_name": Bulk(), "by_ids": Bulk()} for name in sites}
        for name in _turns(extent, list(sites)):
            site, ours = sites[name], Ours(url, sites[name].cloud_env)
            logins = [new_login() for _ in range(extent.bulk)]
            answers: dict[str, Mapping[str, str]] = {}
            ours.sign_up(new_login())
            taken[name]["new"].run(site, [partial(_note, ours, login, answers) for login in logins])
            taken[name]["by_name"].run(site, [partial(ours.repeat, answers[login]) for login in logins])
            taken[name]["by_ids"].run(site, [partial(ours.repeat, answers[login], ids=True) for login in logins])
        measured = _plain(taken)
        for name, site in sites.items():
            measured[name]["list"] = seconds_of(partial(_list, site, options))
    return measured


def _new_people(extent: Scale, ours: Sequence[Ours]) -> list[Callable[[], object]]:
    """Returns the sign-ups of one turn, which the replicas of the service share equally."""
    return [partial(one.sign_up, new_login()) for one, _ in zip(cycle(ours), range(extent.bulk), strict=False)]


def _note(ours: Ours, login: str, answers: dict[str, Mapping[str, str]]) -> None:
    answers[login] = ours.signed_up(login)


def _list(site: Site, options: Sequence[str]) -> None:
    variables = {f"OS_{name.upper()}": value for name, value in site.cloud_env.items()}
    command = [sys.executable, "handler.py", "list", *options, "--format", "json"]
    null = subprocess.DEVNULL
    subprocess.run(command, cwd=ROOT, env=os.environ | variables, stdout=null, stderr=null, check=True)


def _turns(extent: Scale, names: list[Name]) -> Iterator[Name]:
    """Gives each name once in each round, and begins with another each time."""
    for round_ in range(extent.rounds):
        yield from turned(names, round_)


def _plain(taken: Mapping[str, Mapping[str, Bulk]]) -> Measured:
    return {name: {what: asdict(bulk) for what, bulk in one.items()} for name, one in taken.items()}
