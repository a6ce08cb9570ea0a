"""What proves a card, a reader or a profile right: recorded flows of real clients, and the reports about them."""
