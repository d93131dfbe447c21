"""Many drawn specs through netspec's commands, in forks, each file's time and memory measured.

A fork takes many files one after another, since to fork for each takes longer than most checks;
each file has bounds of its own all the same: a clock of the processor's time that ends the fork,
512 MB of addresses, and the most memory held since the file began. As a program,
`python checked_often.py FIRST COUNT FOLDER [SECONDS]` prints lines of JSON, one for each thing that
should not be, and at the end what was dearest.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from commands_on_specs import Bad, command, judged, lines_of, resolved, run
from forked_check import MEMORY, PROCESSOR_SECONDS, WARM
from mutated_specs import Drawn, Draws
from spec_pool import files
from watched import Watch

OWN_MISTAKE = 99
PIECE = 2_000
"""Files that one fork takes."""
MOST_KEPT = 3
"""Files of one kind of mistake that are kept."""
_QUOTED = re.compile(r"`[^`]*`|\d+")


class Cost(NamedTuple):
    """What a file took: the processor's seconds, the megabytes held at most; and which it was."""

    seconds: float
    megabytes: int
    seed: int
    command: str


class Fork:
    """The work of one fork: files of consecutive seeds, until they are done or it is killed."""

    def __init__(self, folder: Path, seconds: float, draws: Draws, send: Any) -> None:
        self.folder, self.seconds, self.draws, self.send = folder, seconds, draws, send
        self.watch = Watch(folder)
        self.findings: list[Any] = []
        self.kinds: Counter[str] = Counter()
        self.beside: list[Path] = []
        self._capture()

    def _capture(self) -> None:
        """Take note of the findings of every check."""
        from netspec.report import check as checker

        original = checker.check

        def check(*args: Any, **kwargs: Any) -> Any:
            done = original(*args, **kwargs)
            self.findings += done.findings
            return done

        checker.check = check

    def files(self, first: int, last: int) -> None:
        """Take the files of these seeds, and send what there is to say of each."""
        draws = self.draws
        for seed in range(first, last):
            drawn = draws.drawn(seed)
            arguments, kind = command(random.Random(f"command {seed}"))
            self._lay_out(drawn)
            self.send({"at": seed, "command": arguments, "kind": drawn.kind})
            said = self._one(seed, drawn, arguments, kind)
            draws.met(said, len(drawn.data))
        self.send({"said": sorted(draws.said)})

    def _lay_out(self, drawn: Drawn) -> None:
        for path in self.beside:
            path.unlink()
        self.beside = [self.folder / name for name in drawn.beside]
        for path in self.beside:
            path.write_bytes(drawn.beside[path.name])
        (self.folder / "spec.yaml").write_bytes(drawn.data)

    def _one(self, seed: int, drawn: Drawn, arguments: list[str], kind: str) -> set[str]:
        self.findings.clear()
        self.watch.seen.clear()
        gc.collect()
        gc.freeze()  # what stays is not looked at again
        _forget_peak()
        signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
        signal.alarm(300)
        began = time.process_time()
        problem: BaseException | None = None
        code: object = "raised"
        self.watch.on = True
        try:
            ran = resolved() if kind == "resolved" else run(arguments, drawn.data)
            code = ran.code
        except BaseException as raised:
            problem = raised
        self.watch.on = False
        seconds = time.process_time() - began
        megabytes = _peak()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        gc.enable()
        try:
            if problem is not None:
                raise problem
            judged(ran, kind, arguments, self.findings,
                   lambda name: lines_of(name, drawn.data))  # fmt: skip
            if self.watch.seen:
                raise Bad(f"{kind} {self.watch.seen[0].split(' ')[0]}", str(self.watch.seen[:3]))
            if seconds > self.seconds:
                raise Bad(f"{kind} took {seconds:.0f} s", f"{seconds:.2f} s")
            if megabytes > MEMORY >> 20:
                raise Bad(f"{kind} held more than may be", f"{megabytes} MB")
        except BaseException as found:
            self.kinds[_kind_of(found)] += 1
            if self.kinds[_kind_of(found)] <= MOST_KEPT:
                _keep(self.folder, seed)
            self.send({"seed": seed, "bad": _kind_of(found), "what": _said(found)})
        self.send(
            {"cost": Cost(round(seconds, 3), megabytes, seed, f"{drawn.kind} {kind}"), "code": code}
        )
        return {f"{f.code} {_QUOTED.sub('', f.message)}" for f in self.findings} or {
            f"{kind} {code}"
        }


def _kind_of(found: BaseException) -> str:
    """What two of a kind have in common."""
    if isinstance(found, Bad):
        return str(found.args[0])
    frames = traceback.extract_tb(found.__traceback__)
    inner = next((f for f in reversed(frames) if "netspec/" in f.filename), frames[-1])
    return f"{type(found).__name__} in {Path(inner.filename).name}:{inner.lineno} {inner.name}"


def _said(found: BaseException) -> str:
    if isinstance(found, Bad):
        return str(found.args[1])
    return "".join(traceback.format_exception(found))[-3_000:]


def _kept(folder: Path, seed: int) -> Path:
    return folder.parent / f"bad-{seed}"


def _keep(folder: Path, seed: int) -> None:
    """Copy the file of a seed, and those beside it, to where the next one does not replace it."""
    _kept(folder, seed).mkdir(exist_ok=True)
    for path in [folder / "spec.yaml", *folder.glob("base*.yaml")]:
        if path.exists():
            shutil.copy(path, _kept(folder, seed))


def _forget_peak() -> None:
    """Let the most memory held begin anew, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """The most megabytes held since."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return int(status.split("VmHWM:")[1].split()[0]) >> 10


class Campaign:
    """Forks one after another, until every seed was taken."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds
        self.draws = Draws()
        self.counts: Counter[str] = Counter()
        self.costs: list[Cost] = []
        self.bad: Counter[str] = Counter()
        self.said: set[str] = set()
        self.taken = 0

    def take(self, first: int, count: int) -> None:
        """Take so many seeds from the first on."""
        seed, last = first, first + count
        while seed < last:
            end = min(seed - seed % PIECE + PIECE, last)
            seed = self._fork(seed, end)

    def _fork(self, first: int, last: int) -> int:
        """Take these seeds in a fork; the next seed to take."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _be_a_fork(self.folder, self.seconds, self.draws, write, first, last)
        os.close(write)
        at: dict[str, Any] = {"at": first - 1}
        with os.fdopen(read, encoding="utf-8") as stream:
            for line in stream:
                told = json.loads(line)
                if "at" in told:
                    at = told
                    self.taken += 1
                elif "cost" in told:
                    cost = Cost(*told["cost"])
                    self._cost(cost)
                    self.counts[f"{cost.command} {told['code']}"] += 1
                elif "bad" in told:
                    self._bad(told, at)
                else:
                    self.said.update(told["said"])
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            return last
        if code == OWN_MISTAKE:
            raise RuntimeError("a mistake of the campaign's own")
        _keep(self.folder, at["at"])
        self._bad({"seed": at["at"], "bad": f"the fork ended with {code}", "what": ""}, at)
        return int(at["at"]) + 1

    def _cost(self, cost: Cost) -> None:
        self.costs.append(cost)
        if len(self.costs) > 2_000:
            self.costs = self.dearest(30)

    def dearest(self, count: int) -> list[Cost]:
        """Those that took longest and those that held most."""
        longest = sorted(self.costs, reverse=True)[:count]
        return list({*longest, *sorted(self.costs, key=lambda c: -c.megabytes)[:count]})

    def _bad(self, told: dict[str, Any], at: dict[str, Any]) -> None:
        """Print a thing of a kind not seen often before."""
        self.bad[told["bad"]] += 1
        if self.bad[told["bad"]] > MOST_KEPT:
            return
        kept = _kept(self.folder, told["seed"])
        print(json.dumps({**told, "command": at.get("command"), "kind": at.get("kind"),
                          "kept": str(kept)}), flush=True)  # fmt: skip


def _be_a_fork(
    folder: Path, seconds: float, draws: Draws, write: int, first: int, last: int
) -> None:
    """Never comes back."""
    code = OWN_MISTAKE
    try:
        stream = os.fdopen(write, "w", encoding="utf-8")

        def send(told: dict[str, Any]) -> None:
            stream.write(json.dumps(told) + "\n")
            stream.flush()

        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        warnings.simplefilter("always", SyntaxWarning)
        os.chdir(folder)
        Fork(folder, seconds, draws, send).files(first, last)
        code = 0
    except BrokenPipeError:  # the campaign was stopped
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main(first: int, count: int, folder: Path, seconds: float) -> None:
    """Take the seeds, and print what was bad and what was dear."""
    work = folder / "work"
    work.mkdir()
    for path in files():
        if path.parent.name in ("specs", "torchvision", "examples"):
            shutil.copy(path, work)
    os.environ["NETSPEC_TRACEBACK"] = "1"  # what netspec would say in a sentence is raised
    (work / "spec.yaml").write_bytes(WARM)
    os.chdir(work)
    for arguments in (["check", "spec.yaml"], ["summary", "spec.yaml"], ["schema", "spec.yaml"]):
        assert run(arguments).code == 0  # loads what the forks need
    resolved()
    campaign = Campaign(work, seconds)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with contextlib.suppress(SystemExit):  # stopped: what was taken until then is told
        campaign.take(first, count)
    print(json.dumps({"taken": campaign.taken, "bad": campaign.bad, "counts": campaign.counts,
                      "said": len(campaign.said),
                      "dearest": sorted(campaign.dearest(10), reverse=True)}))  # fmt: skip
    shutil.rmtree(work)


if __name__ == "__main__":
    main(
        int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]).resolve(), float((*sys.argv, "2")[4])
    )
