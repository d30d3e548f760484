"""The results page, and the page that compares two experiments."""
