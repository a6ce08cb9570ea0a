"""The local agent: a card for browsers and for hospital systems, under the names that both already call."""
