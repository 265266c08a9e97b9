"""What is found out of a network's answers: how sure a figure is, what no figure shows, and the plots."""
