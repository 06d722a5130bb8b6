"""The rules: plain values and functions. No Qt, SQL, HTTP, clock or randomness."""
