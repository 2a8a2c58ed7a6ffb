"""The ontology's own soundness: consistency, profile, terms, style.

The reasoners of the extra ``reason`` judge whether axioms contradict each other; everything else
needs nothing but the installation.
"""
