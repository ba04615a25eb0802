"""What runs beside requests and events."""
