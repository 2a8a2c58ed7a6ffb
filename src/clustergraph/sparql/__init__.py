"""SPARQL text: tokens, the policy for untrusted queries, error messages, results."""
