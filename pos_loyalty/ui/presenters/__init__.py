"""What the screens say and when: plain Python, no Qt."""
