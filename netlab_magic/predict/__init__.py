"""What the model expects of a probe: its packets taken from namespace to namespace, and those that come back."""

from netlab_magic.predict.exchange import predict
from netlab_magic.predict.packets import SOME_PORT

__all__ = ["SOME_PORT", "predict"]
