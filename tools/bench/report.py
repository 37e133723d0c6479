"""What was measured, as a table for people and as JSON."""

import os
import platform
from pathlib import Path
from typing import Any

from measure import Measured, Row, Target, Values

__all__ = ["HEAD", "as_json", "lines", "machine"]

_FORMAT = "{:<42} {:>10} {:>10} {:>7}  {}"
HEAD = _FORMAT.format("", "median", "min", "spread", "beside it, and what the first one shall reach")


def lines(measured: Measured) -> list[str]:
    """The lines of a row in the table."""
    row = measured.row
    found = [f"{row.what}  [{row.name}]"]
    if measured.error:
        return [*found, f"  ✕ {measured.error}"]
    targets = list(row.targets)
    for values in measured.contestants:
        mine = [target for target in targets if (target.of or target.who or measured.contestants[0].name) == values.name]
        words = "; ".join(_verdict(measured, target) for target in mine)
        if not values.values:
            found.append(_FORMAT.format(f"  {values.name}", "–", "–", "–", f"({values.note})"))
            continue
        note = f"({values.note})" if values.note else ""
        numbers = (_number(values.median, row), _number(min(values.values), row), f"{values.spread:.0%}")
        told = "  ".join(filter(None, [_beside(measured, values), words, note]))
        found.append(_FORMAT.format(f"  {values.name}", *numbers, told).rstrip())
    if measured.busy > 0.15:
        found.append(f"  (the machine was {measured.busy:.0%} busy with something else)")
    return found


def _number(value: float, row: Row) -> str:
    if row.unit == "ms" and abs(value) >= 10_000:
        return f"{value / 1000:,.0f} s"
    digits = 0 if abs(value) >= 100 or row.unit == "left" else 1
    return f"{value:,.{digits}f} {row.unit}"


def _beside(measured: Measured, values: Values) -> str:
    """How the first contestant compares with this one."""
    first = measured.contestants[0]
    if values is first or not any(target.of == values.name for target in measured.row.targets):
        return ""
    if any(target.plus for target in measured.row.targets):
        return f"+{_number(first.median - values.median, measured.row)}"
    ratio = first.median / values.median
    return f"× {ratio:.2f}" if ratio >= 0.1 else f"× 1/{1 / ratio:,.0f}"


def _verdict(measured: Measured, target: Target) -> str:
    return f"{'✓' if measured.reached(target) else '✕'} {_words(target, measured.row)}"


def _words(target: Target, row: Row) -> str:
    if not target.of:
        return f"≤ {target.limit:g} {row.unit}"
    if target.plus:
        return f"≤ +{target.limit:g} {row.unit}"
    return f"≤ {target.limit:g} ×" if target.limit >= 1 else f"≤ 1/{1 / target.limit:g}"


def as_json(measured: Measured) -> dict[str, Any]:
    """A row as JSON values."""
    row = measured.row
    return {
        "name": row.name,
        "what": row.what,
        "unit": row.unit,
        "error": measured.error,
        "busy": round(measured.busy, 3),
        "contestants": [
            {"name": values.name, "note": values.note, "values": values.values}
            | ({"median": values.median, "min": min(values.values), "spread": values.spread} if values.values else {})
            for values in measured.contestants
        ],
        "targets": [
            {
                "who": target.who or (measured.contestants[0].name if measured.contestants else ""),
                "beside": target.of,
                "target": _words(target, row),
                "limit": measured.limit(target),
                "reached": measured.reached(target),
            }
            for target in row.targets
        ],
    }


def machine() -> dict[str, Any]:
    """Where it was measured."""
    return {
        "kernel": platform.release(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "root": os.geteuid() == 0,
        "load": Path("/proc/loadavg").read_text().split()[:3],
    }
