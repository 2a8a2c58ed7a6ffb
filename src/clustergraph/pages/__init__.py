"""Pages for people, made in worker processes: Jinja2 templates over one generation of the graph."""
