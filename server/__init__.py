"""The settlement service and the operators' console."""
