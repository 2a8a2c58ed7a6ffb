"""OWL: inference rules and explanations, consistency, profile, and checks of an ontology."""

from clustergraph.owl.closure import materialise
from clustergraph.owl.incremental import Inference, settle, unsettle
from clustergraph.owl.rules import Rules, compile_rules

__all__ = ["Inference", "Rules", "compile_rules", "materialise", "settle", "unsettle"]
