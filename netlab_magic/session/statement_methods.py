"""The statements of the language as Python methods, one to one; `Lab` runs them."""

import shlex
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from netlab_magic.language.statements import Load, Statement
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.diff import Compared
from netlab_magic.session.results.flow_diff import FlowsCompared
from netlab_magic.session.results.predict import Predicted
from netlab_magic.session.results.probe import MatrixResult, Measured
from netlab_magic.session.results.trace import Tracked
from netlab_magic.session.results.why import Why

if TYPE_CHECKING:
    from netlab_magic.draw import Picture

__all__ = ["Statements"]


class Statements(ABC):
    """Every method raises what a cell with that statement raises, and gives what it gives."""

    @abstractmethod
    def _one(self, *words: str) -> "Result | Picture":
        """Runs one statement made of words."""

    @abstractmethod
    def _of(self, statements: "Sequence[Statement]") -> "Result | Picture":
        """Runs statements, and gives the result of the last one."""

    def bridge(self, name: str, *cidrs: str) -> "Result | Picture":
        """`bridge NAME [CIDR…]`"""
        return self._one("bridge", name, *cidrs)

    def ns(self, name: str, *cidrs: str, on: str | None = None, via: str | None = None) -> "Result | Picture":
        """`ns NAME [CIDR…] [on BRIDGE] [via GATEWAY]`"""
        return self._one("ns", name, *cidrs, *(("on", on) if on else ()), *(("via", via) if via else ()))

    def link(self, left: str, right: str, left_cidr: str | None = None, right_cidr: str | None = None) -> "Result | Picture":
        """`link NS[:DEV] [CIDR] -- NS[:DEV] [CIDR]`"""
        return self._one("link", left, *((left_cidr,) if left_cidr else ()), "--", right, *((right_cidr,) if right_cidr else ()))

    def internet(self, *addresses: str) -> "Result | Picture":
        """`internet [ADDRESS…]`"""
        return self._one("internet", *addresses)

    def route(self, namespace: str, destination: str, via: str) -> "Result | Picture":
        """`route NS DEST via GATEWAY`"""
        return self._one("route", namespace, destination, "via", via)

    def masquerade(self, cidr: str, except_: str | None = None) -> "Result | Picture":
        """`masquerade CIDR [except BRIDGE]`"""
        return self._one("masquerade", cidr, *(("except", except_) if except_ else ()))

    def serve(self, namespace: str, port: int | str, kind: str | None = None) -> "Result | Picture":
        """`serve NS PORT[/udp] [http|echo]`"""
        return self._one("serve", namespace, str(port), *((kind,) if kind else ()))

    def sysctl(self, key: str, value: int | str, namespace: str | None = None) -> "Result | Picture":
        """`sysctl KEY=VALUE [in NS]`"""
        return self._one("sysctl", f"{key}={value}", *(("in", namespace) if namespace else ()))

    def delete(self, *names: str) -> "Result | Picture":
        """`delete NAME…`"""
        return self._one("delete", *names)

    def policy(self, chain: str, verdict: str) -> "Result | Picture":
        """`policy CHAIN ACCEPT|DROP`"""
        return self._one("policy", chain, verdict)

    def forward(self, spec: str, action: str | None = None) -> "Result | Picture":
        """`forward [insert|delete] RULE-SPEC`"""
        return self._one("forward", *((action,) if action else ()), *shlex.split(spec))

    def rule(self, chain: str, spec: str, table: str = "filter", action: str | None = None) -> "Result | Picture":
        """`rule [-t TABLE] CHAIN [insert|delete] RULE-SPEC`"""
        return self._one("rule", "-t", table, chain, *((action,) if action else ()), *shlex.split(spec))

    def docker(self, line: str) -> "Result | Picture":
        """`docker LINE`, such as `run web -p 8080:80`"""
        return self._one("docker", *shlex.split(line))

    def _measured(self, *words: str) -> Measured:
        result = self._one(*words)
        assert isinstance(result, Measured)
        return result

    def ping(self, source: str, destination: str) -> Measured:
        """`ping SRC DST`"""
        return self._measured("ping", source, destination)

    def tcp(self, source: str, destination: str) -> Measured:
        """`tcp SRC DST:PORT`"""
        return self._measured("tcp", source, destination)

    def udp(self, source: str, destination: str) -> Measured:
        """`udp SRC DST:PORT`"""
        return self._measured("udp", source, destination)

    def expect(self, source: str, destination: str, outcome: str) -> Measured:
        """`expect SRC DST[:PORT] ok|blocked`. Raises ExpectationFailed."""
        return self._measured("expect", source, destination, outcome)

    def why(self, source: str, destination: str) -> Why:
        """`why SRC DST[:PORT]`"""
        result = self._one("why", source, destination)
        assert isinstance(result, Why)
        return result

    def predict(self, source: str, destination: str, outcome: str) -> Predicted:
        """`predict SRC DST[:PORT] ok|blocked`; true when it comes true."""
        result = self._one("predict", source, destination, outcome)
        assert isinstance(result, Predicted)
        return result

    def trace(self, source: str, destination: str) -> Tracked:
        """`trace SRC DST[:PORT][/udp]`"""
        result = self._one("trace", source, destination)
        assert isinstance(result, Tracked)
        return result

    def matrix(self, *names: str, predict: bool = False) -> MatrixResult:
        """`matrix [--predict] [NS…]`"""
        result = self._one("matrix", *(("--predict",) if predict else ()), *names)
        assert isinstance(result, MatrixResult)
        return result

    def diff(self, before: str | None = None, after: str | None = None) -> Compared:
        """`diff [SNAPSHOT [SNAPSHOT]]`"""
        result = self._one("diff", *filter(None, (before, after)))
        assert isinstance(result, Compared)
        return result

    def diff_flows(self, *snapshots: str) -> FlowsCompared:
        """`diff --flows [SNAPSHOT [SNAPSHOT]]`"""
        result = self._one("diff", "--flows", *snapshots)
        assert isinstance(result, FlowsCompared)
        return result

    def show(self, what: str, name: str | None = None, table: str | None = None) -> "Result | Picture":
        """`show topology|chains [-t TABLE] [CHAIN]|way [forward|in|out]|rules [CHAIN]|save|routes|conntrack|script`"""
        return self._one("show", what, *(("-t", table) if table else ()), *((name,) if name else ()))

    def explain(self, chain: str, number: int | None = None, table: str | None = None) -> "Result | Picture":
        """`explain [-t TABLE] CHAIN [N]`"""
        return self._one("explain", *(("-t", table) if table else ()), chain, *((str(number),) if number else ()))

    def _said(self, *words: str) -> Result:
        result = self._one(*words)
        assert isinstance(result, Result)
        return result

    def up(self) -> Result:
        """`up`"""
        return self._said("up")

    def down(self) -> Result:
        """`down`"""
        return self._said("down")

    def reset(self) -> Result:
        """`reset`"""
        return self._said("reset")

    def undo(self) -> Result:
        """`undo`"""
        return self._said("undo")

    def status(self) -> Result:
        """`status`"""
        return self._said("status")

    def doctor(self) -> Result:
        """`doctor`"""
        return self._said("doctor")

    def snapshot(self, name: str) -> Result:
        """`snapshot NAME`"""
        return self._said("snapshot", name)

    def restore(self, name: str) -> Result:
        """`restore NAME`"""
        return self._said("restore", name)

    def enter(self, namespace: str | None = None) -> Result:
        """`enter [NS]`"""
        return self._said("enter", *((namespace,) if namespace else ()))

    def attach(self, target: str) -> Result:
        """`attach host|PID`"""
        return self._said("attach", target)

    def help(self, word: str | None = None) -> Result:
        """`help [WORD]`"""
        return self._said("help", *((word,) if word else ()))

    def load(self, *files: str, text: str | None = None) -> Result:
        """`load FILE…`, or the `text` of a dump. Raises StatementError, with the file and the line, for what cannot be read."""
        result = self._of([Load(files, text)])
        assert isinstance(result, Result)
        return result
