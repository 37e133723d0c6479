"""What the model expects of a probe: its packets taken from namespace to namespace, and those that come back."""

from netlab_magic.forwarding.packets import SOME_PORT
from netlab_magic.forwarding.probe import predict

__all__ = ["SOME_PORT", "predict"]
