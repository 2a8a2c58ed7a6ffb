"""Pages for people, made in worker processes: Jinja2 templates over one generation of the graph."""

from clustergraph.service.pages.frame import Row, Visit, page, refuse, respond, shown

__all__ = ["Row", "Visit", "page", "refuse", "respond", "shown"]
