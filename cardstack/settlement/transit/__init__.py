"""Journeys paid from the card's purse: the record is the claim, its TAC the proof, the fare and its discounts are data."""
