"""Lessons: broken labs to repair, checks with points, checkpoints.

A scenario is one file in `scenarios/`, whose form is described in docs/teachers.md: the lab, what is broken, how it has to behave, what is
told about it. A check judges how the lab behaves, by real probes and by the model, and never which commands were used.

Start reading: `scenario`, then `judging` and `lab`.
Imports: engines, errors, forwarding, i18n, language, model, netfilter, session, text.
"""

__all__: list[str] = []
