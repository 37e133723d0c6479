"""The statements that ask what becomes of packets: `why`, `predict`, `matrix --predict` and `diff --flows`."""

from netlab_magic.docker import Daemon
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import Observed
from netlab_magic.language import statements as s
from netlab_magic.session.flow_diff import diff_flows
from netlab_magic.session.history import History
from netlab_magic.session.lab_model import model_of, predicted_matrix
from netlab_magic.session.predict_only import matrix_looked_at
from netlab_magic.session.results.base import Result
from netlab_magic.session.why import reasoned

__all__ = ["Question", "answer"]

Question = s.Why | s.Predict | s.Matrix | s.Diff


def answer(engine: Engine, history: History, statement: Question, observed: Observed, language: str, dockerd: Daemon | None) -> Result:
    """What a question gives, of the lab as it was observed with `foreign`. Raises as the engine does, and StatementError."""
    if isinstance(statement, s.Why | s.Predict):
        return reasoned(engine, statement, observed, language, dockerd)
    if isinstance(statement, s.Matrix) and not engine.ready.sends:
        return matrix_looked_at(engine, observed, statement.names, language)
    if isinstance(statement, s.Matrix):
        return predicted_matrix(model_of(observed), statement.names, language)
    return diff_flows(engine, history, observed, statement)
