"""Killable worker processes: pool, frames, confinement; no HTTP, no SPARQL."""
