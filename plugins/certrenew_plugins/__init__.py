"""First-party plugins: one file for each certificate purpose and each certificate authority."""
