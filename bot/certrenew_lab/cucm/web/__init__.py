"""The HTTPS interfaces of a node: certificate management, AXL, RIS, PerfMon and Control Center."""
