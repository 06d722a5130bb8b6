"""What the product costs, as ratios against peers and limits of the same run; a file a figure."""
