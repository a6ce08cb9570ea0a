"""Medical bills: the treating place's catalogue, the insured place's policy, one explained split."""
