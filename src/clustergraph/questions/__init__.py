"""Ready questions: catalogue, parameters, expected results."""
