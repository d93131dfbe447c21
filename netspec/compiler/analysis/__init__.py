"""What can be said without torch: state, least sizes, the memory of a step."""
