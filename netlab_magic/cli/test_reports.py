"""The reports of `netlab-magic test` for programs: TAP (testanything.org, version 14) and JUnit's XML."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from xml.etree import ElementTree

from netlab_magic.cli.json_fields import rule_text
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import PathStep
from netlab_magic.session.expectations import Judged, Judgement

__all__ = ["junit", "tap", "told"]

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def told(one: Judged) -> Iterator[str]:
    """What happens to a packet: where the expectation stands, the packet and the rule that decided, in words, and what was assumed."""
    yield f"{one.expectation.file}, line {one.expectation.place.line}"
    if one.decided_by is not None:
        yield _decided(one.decided_by, one.rulesets)
    yield from one.sentences
    yield from one.assumptions


def _decided(step: PathStep, rulesets: Mapping[str, Ruleset]) -> str:
    """The packet, where it was decided about, and the rule or the policy that did."""
    if not step.inside:
        return f"{step.packet}: {step.namespace}"
    return f"{step.packet}: {step.namespace}, {step.site}: {rule_text(step, rulesets) or step.outcome}"


def tap(found: Sequence[Judged]) -> str:
    """A TAP document; what is not met has its reasons in a YAML block."""
    lines = ["TAP version 14", f"1..{len(found)}"]
    for number, one in enumerate(found, 1):
        met = one.result == Judgement.MET
        lines.append(f"{'ok' if met else 'not ok'} {number} - {one.expectation}")
        if not met:
            why = (f"    - {json.dumps(line, ensure_ascii=False)}" for line in told(one))
            lines += ["  ---", f"  result: {one.result}", "  why:", *why, "  ..."]
    return "\n".join(lines)


def junit(found: Sequence[Judged]) -> str:
    """A JUnit document: a suite a file; what cannot be told is an error, what is not met a failure."""
    root = ElementTree.Element("testsuites", _totals(found))
    for file, group in groupby(found, lambda one: one.expectation.file):
        held = list(group)
        suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(file), **_totals(held)})
        for one in held:
            at = {"name": _clean(str(one.expectation)), "classname": _clean(file), "line": str(one.expectation.place.line)}
            case = ElementTree.SubElement(suite, "testcase", at)
            if one.result != Judgement.MET:
                reasons = [_clean(line) for line in told(one)]
                kind = "error" if one.result == Judgement.UNKNOWN else "failure"
                ElementTree.SubElement(case, kind, {"message": _clean(one.sentences[0]), "type": str(one.result)}).text = "\n".join(reasons)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _totals(found: Sequence[Judged]) -> dict[str, str]:
    results = [one.result for one in found]
    return {
        "tests": str(len(results)),
        "failures": str(results.count(Judgement.FAILED)),
        "errors": str(results.count(Judgement.UNKNOWN)),
    }


def _clean(text: str) -> str:
    """Without what XML cannot hold (Char in the XML 1.0 specification)."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
