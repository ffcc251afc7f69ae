"""The Web API methods of the subset, one module per family."""
