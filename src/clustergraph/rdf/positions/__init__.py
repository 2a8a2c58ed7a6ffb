"""Line and column of every term in an RDF document."""
