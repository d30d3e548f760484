"""The theorems of Section 4 and Appendix C: their statements, and where they are tried."""
