"""A month between four provinces, invented whole from a seed: journeys, bills, and every kind of fault, known in advance."""
