"""What the model expects of a probe: its packets taken from namespace to namespace, and those that come back."""

from netlab_magic.predict.exchange import predict

__all__ = ["predict"]
