"""The theorems of Section 4 and Appendix C: their statements, checked on instances."""
