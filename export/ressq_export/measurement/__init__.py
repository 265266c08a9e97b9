"""What an export measures: scores, accuracy, confidence, paired differences, and the comparison of stages."""
