"""What is measured of finished files, on which pictures, and what the figures do not say."""
