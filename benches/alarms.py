"""skeleton: false alarms and days to detect, measured on seasons."""
