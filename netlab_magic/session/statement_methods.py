"""The statements of the language as Python methods, one to one; `Lab` runs them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from netlab_magic.iptables.words import STATEMENT, split
from netlab_magic.language.statements import Load, Statement
from netlab_magic.session.results.base import Changed, Result
from netlab_magic.session.results.diff import Compared
from netlab_magic.session.results.flow_diff import FlowsCompared
from netlab_magic.session.results.predict import Predicted
from netlab_magic.session.results.probe import MatrixResult, Measured
from netlab_magic.session.results.status import Status
from netlab_magic.session.results.trace import Tracked
from netlab_magic.session.results.watched import Watched
from netlab_magic.session.results.why import Why

if TYPE_CHECKING:
    from netlab_magic.draw import Picture

__all__ = ["Statements"]

R = TypeVar("R", bound=Result)

_SIX: dict[bool, tuple[str, ...]] = {True: ("-6",), False: ()}
_FAMILY: dict[str, tuple[str, ...]] = {"": (), "ipv4": ("-4",), "ipv6": ("-6",)}


class Statements(ABC):
    """Every method raises what a cell with that statement raises, and returns its result."""

    @abstractmethod
    def ask(self, *words: str) -> "Result | Picture":
        """Runs one statement made of words."""

    @abstractmethod
    def _of(self, statements: "Sequence[Statement]") -> "Result | Picture":
        """Runs statements; returns the result of the last one."""

    def _result(self, kind: type[R], *words: str) -> R:
        """Runs one statement, whose result is of this kind."""
        result = self.ask(*words)
        assert isinstance(result, kind)
        return result

    def bridge(self, name: str, *cidrs: str) -> Changed:
        """`bridge NAME [CIDR…]`"""
        return self._result(Changed, "bridge", name, *cidrs)

    def ns(self, name: str, *cidrs: str, on: str | None = None, via: str | None = None) -> Changed:
        """`ns NAME [CIDR…] [on BRIDGE] [via GATEWAY]`"""
        return self._result(Changed, "ns", name, *cidrs, *(("on", on) if on else ()), *(("via", via) if via else ()))

    def link(self, left: str, right: str, left_cidr: str | Sequence[str] = (), right_cidr: str | Sequence[str] = ()) -> Changed:
        """`link NS[:DEV] [CIDR…] -- NS[:DEV] [CIDR…]`"""
        near, far = ([cidrs] if isinstance(cidrs, str) else cidrs for cidrs in (left_cidr, right_cidr))
        return self._result(Changed, "link", left, *near, "--", right, *far)

    def internet(self, *addresses: str) -> Changed:
        """`internet [ADDRESS…]`"""
        return self._result(Changed, "internet", *addresses)

    def route(self, namespace: str, destination: str, via: str) -> Changed:
        """`route NS DEST via GATEWAY`"""
        return self._result(Changed, "route", namespace, destination, "via", via)

    def masquerade(self, cidr: str, except_: str | None = None) -> Changed:
        """`masquerade CIDR [except BRIDGE]`"""
        return self._result(Changed, "masquerade", cidr, *(("except", except_) if except_ else ()))

    def serve(self, namespace: str, port: int | str, kind: str | None = None) -> Changed:
        """`serve NS PORT[/udp] [http|echo]`"""
        return self._result(Changed, "serve", namespace, str(port), *((kind,) if kind else ()))

    def sysctl(self, key: str, value: int | str, namespace: str | None = None) -> Changed:
        """`sysctl KEY=VALUE [in NS]`"""
        return self._result(Changed, "sysctl", f"{key}={value}", *(("in", namespace) if namespace else ()))

    def delete(self, *names: str) -> Changed:
        """`delete NAME…`"""
        return self._result(Changed, "delete", *names)

    def policy(self, chain: str, verdict: str, table: str | None = None, *, six: bool = False) -> Changed:
        """`policy [-6] [-t TABLE] CHAIN ACCEPT|DROP`"""
        return self._result(Changed, "policy", *_SIX[six], *(("-t", table) if table else ()), chain, verdict)

    def forward(self, spec: str, action: str | None = None, *, six: bool = False) -> Changed:
        """`forward [-6] [insert|delete] RULE-SPEC`"""
        return self._result(Changed, "forward", *_SIX[six], *((action,) if action else ()), *split(spec, STATEMENT))

    def rule(self, chain: str, spec: str, table: str = "filter", action: str | None = None, *, six: bool = False) -> Changed:
        """`rule [-6] [-t TABLE] CHAIN [insert|delete] RULE-SPEC`"""
        words = *_SIX[six], "-t", table, chain, *((action,) if action else ())
        return self._result(Changed, "rule", *words, *split(spec, STATEMENT))

    def docker(self, line: str) -> "Result | Picture":
        """`docker LINE`, such as `run web -p 8080:80`"""
        return self.ask("docker", *split(line, STATEMENT))

    def ping(self, source: str, destination: str, *, six: bool = False) -> Measured:
        """`ping SRC DST [-6]`"""
        return self._result(Measured, "ping", source, destination, *_SIX[six])

    def tcp(self, source: str, destination: str, *, six: bool = False) -> Measured:
        """`tcp SRC DST:PORT [-6]`"""
        return self._result(Measured, "tcp", source, destination, *_SIX[six])

    def udp(self, source: str, destination: str, *, six: bool = False) -> Measured:
        """`udp SRC DST:PORT [-6]`"""
        return self._result(Measured, "udp", source, destination, *_SIX[six])

    def expect(self, source: str, destination: str, outcome: str, *, six: bool = False) -> Measured:
        """`expect SRC DST[:PORT] [-6] ok|blocked`. Raises ExpectationFailed."""
        return self._result(Measured, "expect", source, destination, *_SIX[six], outcome)

    def why(self, source: str, destination: str, *, six: bool = False, send: bool = False) -> Why:
        """`why SRC DST[:PORT] [-6] [--send]`: on an attached machine a packet is sent only if `send` asks for it."""
        return self._result(Why, "why", source, destination, *_SIX[six], *(("--send",) if send else ()))

    def predict(self, source: str, destination: str, outcome: str, *, six: bool = False) -> Predicted:
        """`predict SRC DST[:PORT] [-6] ok|blocked`; true when it comes true."""
        return self._result(Predicted, "predict", source, destination, *_SIX[six], outcome)

    def watch(self, words: str = "", *, namespace: str = "host", seconds: int = 10, six: bool = False) -> Watched:
        """`watch [-6] [FILTER] [in NS] [for SECONDS]`; `words` are the filter's."""
        return self._result(Watched, "watch", *_SIX[six], *words.split(), "in", namespace, "for", str(seconds))

    def trace(self, source: str, destination: str, *, six: bool = False) -> Tracked:
        """`trace SRC DST[:PORT][/udp] [-6]`"""
        return self._result(Tracked, "trace", source, destination, *_SIX[six])

    def matrix(self, *names: str, predict: bool = False, family: str = "") -> MatrixResult:
        """`matrix [-4|-6] [--predict] [NS…]`; `family` is ipv4 or ipv6, or "" for both."""
        words = *_FAMILY[family], *(("--predict",) if predict else ())
        return self._result(MatrixResult, "matrix", *words, *names)

    def diff(self, before: str | None = None, after: str | None = None) -> Compared:
        """`diff [SNAPSHOT [SNAPSHOT]]`"""
        return self._result(Compared, "diff", *filter(None, (before, after)))

    def diff_flows(self, *snapshots: str) -> FlowsCompared:
        """`diff --flows [SNAPSHOT [SNAPSHOT]]`"""
        return self._result(FlowsCompared, "diff", "--flows", *snapshots)

    def show(self, what: str, name: str | None = None, table: str | None = None, *, six: bool = False) -> "Result | Picture":
        """`show topology|chains|way|rules|save|nft|routes|conntrack|script`, with `-6`, `-t TABLE` and a name where it takes them"""
        return self.ask("show", what, *_SIX[six], *(("-t", table) if table else ()), *((name,) if name else ()))

    def explain(self, chain: str, number: int | None = None, table: str | None = None, *, six: bool = False) -> Result:
        """`explain [-6] [-t TABLE] CHAIN [N]`"""
        words = *_SIX[six], *(("-t", table) if table else ()), chain
        return self._result(Result, "explain", *words, *((str(number),) if number else ()))

    def up(self) -> Result:
        """`up`"""
        return self._result(Result, "up")

    def down(self) -> Result:
        """`down`"""
        return self._result(Result, "down")

    def reset(self) -> Result:
        """`reset`"""
        return self._result(Result, "reset")

    def undo(self) -> Result:
        """`undo`"""
        return self._result(Result, "undo")

    def status(self) -> Status:
        """`status`"""
        return self._result(Status, "status")

    def doctor(self) -> Result:
        """`doctor`"""
        return self._result(Result, "doctor")

    def collect(self) -> Result:
        """`collect`"""
        return self._result(Result, "collect")

    def snapshot(self, name: str) -> Result:
        """`snapshot NAME`"""
        return self._result(Result, "snapshot", name)

    def restore(self, name: str) -> Result:
        """`restore NAME`"""
        return self._result(Result, "restore", name)

    def enter(self, namespace: str | None = None) -> Result:
        """`enter [NS]`"""
        return self._result(Result, "enter", *((namespace,) if namespace else ()))

    def attach(self, *target: str) -> Status:
        """`attach host|PID|container NAME`"""
        return self._result(Status, "attach", *target)

    def detach(self) -> Result:
        """`detach`"""
        return self._result(Result, "detach")

    def help(self, word: str | None = None) -> Result:
        """`help [WORD]`"""
        return self._result(Result, "help", *((word,) if word else ()))

    def load(self, *files: str, text: str | None = None) -> Status:
        """`load FILE…`, or the `text` of a dump. Raises StatementError, with the file and the line, for what cannot be read."""
        result = self._of([Load(files, text)])
        assert isinstance(result, Status)
        return result
