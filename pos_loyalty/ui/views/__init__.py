"""What is on screen: each view shows the value it is given and says what was pressed."""
