"""What everything stands on: errors, settings, nested structures."""
