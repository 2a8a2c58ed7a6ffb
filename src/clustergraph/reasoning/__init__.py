"""What follows from the model: inferred by rules, kept up to date, and explained."""
